"""What the operating system tells about folders: private ones, and network ones."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from decamp.errors import DestinationRefused

__all__ = ["is_network", "make_private", "publish", "write_new"]

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre"),
        *("fuse.sshfs", "fuse.rclone", "fuse.davfs", "davfs", "fuse.s3fs", "fuse.glusterfs"),
    }
)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter, created with that mode.

    Raises:
        DestinationRefused: decamp's own files cannot be kept there.
    """
    try:
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        for place in reversed(missing):
            place.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        raise DestinationRefused(
            f"decamp cannot keep its own files in {folder}: {error.strerror}.",
            hint="Set DECAMP_HOME to a folder that you can write to.",
        ) from error


def publish(made: Path, path: Path) -> None:
    """Give a file that is complete its final name, which nothing else may have.

    Raises:
        FileExistsError: Something has that name.
    """
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links here; on Windows a rename never replaces
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        made.rename(path)
    else:
        made.unlink()


def write_new(path: Path, data: bytes) -> None:
    """Write a new file for its owner alone, whole or not at all.

    Raises:
        FileExistsError: Something has that name; it is left alone.
        OSError: It cannot be written there.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    descriptor, name = tempfile.mkstemp(prefix=".decamp-", dir=path.parent)  # mode 0600
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        publish(made, path)
    finally:
        with suppress(FileNotFoundError):
            made.unlink()


def is_network(folder: Path) -> bool:
    """Tell whether a folder lies on another machine, as far as the system says so.

    Linux is read from /proc/self/mountinfo (proc(5)); on Windows a UNC path is one.
    Elsewhere the answer is no.
    """
    if sys.platform == "win32":
        return str(folder.absolute()).startswith("\\\\")
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    wanted = os.path.realpath(folder)
    best, kind = "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind in _NETWORK
