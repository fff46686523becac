"""What is in the folder before decamp writes to it. Changes nothing."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from decamp import DestinationRefused
from decamp.bundle import MARKER, Marker, read_marker
from decamp_disk.failures import explained
from decamp_disk.folder import TEMPORARY
from decamp_disk.lock import LOCK

__all__ = ["canonical", "identity", "survey"]

# What systems put into folders and onto empty disks by themselves; lower case.
_CLUTTER = {
    ".ds_store",
    ".fseventsd",
    ".spotlight-v100",
    ".trashes",
    "desktop.ini",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


def canonical(path: Path) -> Path:
    """Give the absolute path with links resolved, whether it exists or not."""
    return Path(os.path.realpath(path.expanduser()))


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
            a bundle, or a bundle that this decamp cannot read.
    """
    with explained(root):
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
            return None
        names = {entry.name for entry in root.iterdir()}
        if MARKER in names:
            return read_marker((root / MARKER).read_bytes(), str(root))
        if any(not _is_ours_or_clutter(name) for name in names):
            raise DestinationRefused(
                f"{root} is not empty, and not a bundle that decamp made.",
                hint=f"Choose an empty folder, for example {root / 'decamp'}.",
            )
    return None


def _is_ours_or_clutter(name: str) -> bool:
    return name == LOCK or name.startswith(TEMPORARY) or name.lower() in _CLUTTER
