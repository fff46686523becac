"""Throws away what decamp keeps, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress

from decamp.errors import DestinationRefused
from decamp.home import Home
from decamp.housekeeping.inventory import Kept

__all__ = ["remove"]


def remove(home: Home, kept: Sequence[Kept]) -> None:
    """Remove these things, and the folders that are empty then. What is gone already is fine.

    The journal goes last, and its write-ahead log after it: a log alone is noticed, a journal
    that lost its log would not be.

    Raises:
        DestinationRefused: One cannot be removed; those before it are gone.
    """
    for one in sorted(kept, key=lambda one: (one.sort == "journal", one.path)):
        try:
            if one.sort == "spool":
                shutil.rmtree(one.path)
            else:
                one.path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise DestinationRefused(
                f"{one.path} cannot be removed: {error.strerror}.",
                hint="Close the programs that use it, or remove it by hand.",
            ) from error
    learnt = {one.path.parent for one in kept if one.sort == "learnt"}
    for folder in (home.copies, home.tmp, home.locks, *learnt, home.plugins, home.folder):
        with suppress(OSError):  # something else is in it, or it was never made
            folder.rmdir()
