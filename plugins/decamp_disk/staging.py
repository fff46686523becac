"""Temporary files in a bundle, so that a move to their place needs no copy.

A killed process leaves nothing but its staging folder behind, which the next one removes.
"""

# Plain strings, as in `folder`.
# ruff: noqa: PTH102, PTH106, PTH108

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from decamp.bundle import TEMPORARY
from decamp_disk.failures import explained

__all__ = ["Staging", "remove_left_behind"]


class Staging:
    """The staging folder of one process. Thread-safe; made when it is first needed."""

    def __init__(self, root: str) -> None:
        self._path = f"{root}{os.sep}{TEMPORARY}{secrets.token_hex(4)}"
        self._made = False
        self._numbers = count(1)

    @contextmanager
    def file(self) -> Iterator[str]:
        """Name a file to write; what is left of it is removed.

        It gets no folder of its own: ext4 is slow to make one if many were removed just before.
        """
        path = self._new_path()
        try:
            yield path
        finally:
            with suppress(OSError):  # nearly always moved to its place by now
                os.unlink(path)

    @contextmanager
    def folder(self) -> Iterator[str]:
        """Make a folder to write in; what is left in it is removed."""
        path = self._new_path()
        with explained(path):
            os.mkdir(path, 0o700)
        try:
            yield path
        finally:
            try:
                os.rmdir(path)  # nearly always empty by now, or moved away as a whole
            except FileNotFoundError:
                pass
            except OSError:
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _new_path(self) -> str:
        if not self._made:
            with explained(self._path), suppress(FileExistsError):
                os.mkdir(self._path, 0o700)
            self._made = True
        return self._path + os.sep + str(next(self._numbers))


def remove_left_behind(root: str) -> None:
    """Remove the staging folders of killed processes.

    Raises:
        OSError: One cannot be removed.
    """
    with os.scandir(root) as entries:
        leftovers = [
            entry.path
            for entry in entries
            if entry.name.startswith(TEMPORARY) and entry.is_dir(follow_symlinks=False)
        ]
    for path in leftovers:
        shutil.rmtree(path)
