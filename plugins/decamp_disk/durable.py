"""What was written survives a power cut: fsync, for many files at once where that is had.

Nothing is synced file by file while a transfer runs; that costs up to a millisecond each.
"""

from __future__ import annotations

import os
import platform
import sys
from collections import deque
from contextlib import suppress

from decamp import DestinationRefused
from decamp.bundle import explain

__all__ = ["Unsynced", "sync_file"]

_FEW = 16
"""Up to so many files are synced one by one; for more, the whole file system is."""

_BINARY = getattr(os, "O_BINARY", 0)


class Unsynced:
    """Remembers what was written below a folder since the last `sync`. Thread-safe."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._files: deque[str] = deque()
        self._folders: deque[str] = deque()
        self._failed = False
        self._fs: int | None = None

    def watch(self) -> None:
        """Begin; before the first write, since syncfs(2) reports the errors from here on."""
        if self._fs is None and _has_syncfs():
            self._fs = os.open(self._root, os.O_RDONLY)

    def add(self, *files: str, folder: str) -> None:
        """Remember files and the folder whose entries have changed."""
        self._files.extend(files)
        self._folders.append(folder)

    def sync(self) -> None:
        """Return when all of it is on the disk.

        Raises:
            DestinationRefused: The disk reported an error. Data may be lost by then, and a
                second fsync would not tell, so every later call raises too.
        """
        files, folders = _drained(self._files), _drained(self._folders)
        if self._failed:
            raise _unsure(self._root)
        try:
            if self._fs is not None and len(files) > _FEW:
                _syncfs(self._fs)
                return
            for path, sync in [(file, sync_file) for file in sorted(files)] + [
                (folder, _sync_folder) for folder in sorted(folders)
            ]:
                with suppress(FileNotFoundError):  # a person has removed it since
                    sync(path)
        except OSError as error:
            self._failed = True
            raise _unsure(self._root) from explain(error, self._root)

    def close(self) -> None:
        """Let go of the folder."""
        if self._fs is not None:
            os.close(self._fs)
            self._fs = None


def sync_file(path: str) -> None:
    """Return when the content of a file is on the disk."""
    # Windows flushes only what is open for writing.
    handle = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | _BINARY)
    try:
        if sys.platform == "darwin":
            # fsync(2) of macOS leaves data in the cache of the drive.
            import fcntl

            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
        else:
            os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: str) -> None:
    if os.name == "nt":  # which has no such call, and journals names by itself
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _drained(queue: deque[str]) -> set[str]:
    """Take what is in the queue now; other threads may go on adding."""
    return {queue.popleft() for _ in range(len(queue))}


def _unsure(root: str) -> DestinationRefused:
    return DestinationRefused(
        f"The disk under {root} reported an error while saving; recent files may be damaged.",
        hint="Check that disk. Then run the same command again: it compares what is there.",
    )


def _has_syncfs() -> bool:
    """Linux has it, and since version 5.8 it reports errors."""
    if sys.platform != "linux":
        return False
    numbers = platform.release().split("-")[0].split(".")[:2]
    return all(map(str.isdigit, numbers)) and tuple(map(int, numbers)) >= (5, 8)


def _syncfs(handle: int) -> None:
    import ctypes  # slow to import, and of no use to whoever only reads

    library = ctypes.CDLL(None, use_errno=True)
    if library.syncfs(handle):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
