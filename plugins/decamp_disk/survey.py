"""What is in the folder before decamp writes to it. Changes nothing."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

from decamp import DestinationRefused
from decamp.bundle import MARKER, Folder, Marker, explained
from decamp.bundle.writing import LONGEST, marker_of

__all__ = ["canonical", "identity", "survey", "survey_remote"]

_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}
_LONGEST_KEY = 1024
"""Bytes of the longest name that S3 and Google Cloud Storage take, with the bucket's here."""


def canonical(path: Path) -> Path:
    """Give the absolute path with links resolved, whether it exists or not."""
    given = os.path.expanduser(path)  # noqa: PTH111 (`Path` raises where nobody has that name)
    try:
        return Path(os.path.realpath(given))
    except ValueError:
        return Path(given)  # no path at all, which `survey` says


def identity(path: Path) -> str:
    """Name a canonical path in one way: with slashes, and in one case where case is ignored."""
    name = path.as_posix()
    return name.casefold() if sys.platform == "win32" else name


def survey(root: Path) -> Marker | None:
    """Find out whether decamp may write here, and what it wrote before.

    Returns:
        The bundle's marker; None if the folder is absent or empty.

    Raises:
        DestinationRefused: It is a file, cannot be written to, holds something that is not
            a bundle, or a bundle that this decamp cannot read; or it has no possible name.
    """
    with explained(root):
        _look(root / LONGEST, root)
        existing = root
        while not os.path.lexists(existing):
            existing = existing.parent
        if not stat.S_ISDIR(existing.stat().st_mode):
            raise DestinationRefused(
                f"{existing} is a file, not a folder.", hint="Choose a folder for the bundle."
            )
        if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
            raise DestinationRefused(
                f"{existing} cannot be written to.",
                hint="Choose a folder that is yours, on a disk that is not read-only.",
            )
        if existing != root:
            # The system looks at no name behind the first that is not there.
            for name in root.relative_to(existing).parts:
                _look(existing / name, root)
            return None
        names = {entry.name for entry in root.iterdir()}
        return marker_of(names, (root / MARKER).read_bytes, str(root), str(root / "decamp"))


def survey_remote(folder: Folder) -> Marker | None:
    """Find out what a store holds at its address. Whether it takes writes, only one could tell.

    Returns:
        The bundle's marker; None if nothing is there.

    Raises:
        DestinationRefused: There is no such bucket, there is something that is not a bundle,
            or a bundle that this decamp cannot read; or its names would be too long.
        TransferError: The store cannot be reached, or does not let us in.
    """
    if len(folder.path(LONGEST).encode()) > _LONGEST_KEY:
        raise DestinationRefused(
            f"{folder.root} cannot be a bundle: its names would be too long.",
            hint="Choose a shorter address.",
        )
    example = folder.path("decamp")
    return marker_of(folder.names(), lambda: folder.read(MARKER) or b"", folder.root, example)


def _look(path: Path, root: Path) -> None:
    """Let the system refuse a path that it could never hold."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno not in _IMPOSSIBLE:
            raise
        reason = os.strerror(error.errno)
    except ValueError:
        reason = "it holds a character that no path can have"
    else:
        return
    raise DestinationRefused(
        f"{root} cannot be a bundle: {reason}.", hint="Choose a shorter path, of plain names."
    )
