"""Private folders and files, and what the operating system tells about folders."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from decamp.errors import DestinationFull, DestinationRefused

__all__ = [
    "is_network",
    "make_private",
    "no_room",
    "publish",
    "replace_private",
    "sync_folder",
    "write_new",
]

_TRIES, _PAUSE_SECONDS = 40, 0.05
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
        full = no_room(error, folder)
        if full is not None:
            raise full from error
        raise DestinationRefused(
            f"decamp cannot keep its own files in {folder}: {error.strerror}.",
            hint="Set DECAMP_HOME to a folder that you can write to.",
        ) from error


def no_room(error: BaseException, path: Path | None = None) -> DestinationFull | None:
    """Recognise a full disk under decamp's own files: nobody's fault, and mended by making room.

    Args:
        path: What was written, if the error does not know.
    """
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    place = path or error.filename
    where = f": {place}" if place else ""
    full = DestinationFull(
        f"No room left on the disk that holds decamp's own files{where}.",
        hint="Free some space there. Or move decamp's folder to another disk, and set DECAMP_HOME "
        "to it. Then run the same command again.",
    )
    full.__cause__ = error
    return full


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


def replace_private(path: Path, data: bytes) -> None:
    """Replace a file by another for its owner alone: all or nothing, and durably on return.

    Raises:
        OSError: It cannot be written there; what was there stays.
    """
    staged = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(staged, flags, stat.S_IRUSR | stat.S_IWUSR), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _replace(staged, path)
    finally:
        staged.unlink(missing_ok=True)
    sync_folder(path.parent)


def _replace(made: Path, path: Path) -> None:
    """Put a file in the place of another; Windows refuses that while somebody reads it."""
    for _ in range(_TRIES):
        try:
            made.replace(path)
            return
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(_PAUSE_SECONDS)
    made.replace(path)


def sync_folder(folder: Path) -> None:
    """Let new names in a folder survive a power cut."""
    if os.name != "nt":  # Windows cannot open a folder, and needs not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
