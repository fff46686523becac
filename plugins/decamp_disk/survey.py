"""What is in the folder before decamp writes to it. Changes nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from pathlib import Path

from decamp import DestinationRefused
from decamp.bundle import MARKER, MAX_NAME_BYTES, TAG_MANIFEST, Marker, read_marker
from decamp_disk.failures import explained
from decamp_disk.folder import FORMER, TEMPORARY, LocalFolder
from decamp_disk.lock import LOCK

__all__ = ["canonical", "identity", "is_clutter", "seal", "survey"]

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
_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}
_LONGEST = Path("data", "other", *["x" * MAX_NAME_BYTES] * 3)
"""The longest path below the bundle, as `decamp.bundle` places items."""


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
        _look(root / _LONGEST, root)
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
        if MARKER in names:
            return read_marker((root / MARKER).read_bytes(), str(root))
        if any(not is_clutter(name) for name in names):
            raise DestinationRefused(
                f"{root} is not empty, and not a bundle that decamp made.",
                hint=f"Choose an empty folder, for example {root / 'decamp'}.",
            )
    return None


def seal(folder: LocalFolder, marker: Marker) -> str:
    """Tell in which state a bundle was left; see `decamp.Destination.seal`."""
    if not marker.complete:
        return marker.token
    manifests = folder.read(TAG_MANIFEST) or b""
    return hashlib.sha256(marker.to_bytes() + manifests).hexdigest()


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


def is_clutter(name: str) -> bool:
    """Tell whether a name at the top is nobody's: of our lock and temporaries, or the system's."""
    return name in (LOCK, FORMER) or name.startswith(TEMPORARY) or name.lower() in _CLUTTER
