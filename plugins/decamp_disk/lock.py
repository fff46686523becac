"""One run at a time writes to a bundle."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from decamp import DestinationRefused, Locked
from decamp.bundle import LOCK, explained

__all__ = ["BundleLock"]


class BundleLock:
    """A lock that the system lets go of when the process ends, however it ends."""

    def __init__(self, root: Path) -> None:
        self._path = root / LOCK
        # Not per thread: the thread that closes may be another than the one that began.
        self._lock = FileLock(self._path, timeout=0, mode=0o600, thread_local=False)

    def acquire(self) -> None:
        """Make the folder if there is none, and take the lock, at once or not at all.

        Raises:
            Locked: Another process has it.
        """
        folder = self._path.parent
        with explained(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with explained(self._path):
            try:
                self._lock.acquire()
            except Timeout as error:
                raise Locked(
                    f"Another run of decamp is writing to {folder}.",
                    hint="Wait until it has ended, then run the same command again.",
                ) from error
            except NotImplementedError as error:  # what filelock says where flock(2) is unknown
                raise DestinationRefused(
                    f"{folder} lies on a file system without locks.",
                    hint="Choose a folder on a local disk.",
                ) from error

    def confirm(self) -> None:
        """Do nothing: nobody can take it from us."""

    def release(self) -> None:
        """Let go, and leave no file behind if the system allows it."""
        if not self._lock.is_locked:
            return
        if os.name == "nt":
            self._lock.release()
        # Elsewhere it goes while it is still held: whoever opened it meanwhile sees that it
        # has no name any more, and looks again.
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._lock.release()
