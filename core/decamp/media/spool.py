"""Room on disk for fetched files: private, bounded, given back item by item."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from attrs import define, field

from decamp.errors import Unavailable
from decamp.filesystems import make_private

__all__ = ["Owner", "Spool", "SpoolFile", "stopped"]

Owner = tuple[str, str]
"""The item that a file belongs to: kind and id."""

_CHECK_SECONDS = 0.5
"""How often a waiting fetch looks whether the run stops."""


def stopped() -> Unavailable:
    """Make the error of a fetch that ends because the run does."""
    return Unavailable("Stopped before the media were fetched.", hint="Run the same command again.")


@define(eq=False)
class SpoolFile:
    """One file in the spool."""

    path: Path
    owner: Owner
    reserved: int = 0
    """Bytes that it may grow to."""

    def create(self) -> BinaryIO:
        """Open it for writing and reading, created so that only its owner can read it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self.path, flags, 0o600), "w+b")

    def open(self) -> BinaryIO:
        """Open it for reading from the first byte."""
        return self.path.open("rb")


@define
class Spool:
    """Files in one folder that together take no more than a limit.

    Room is asked for before it is used, and items that find none wait. The oldest item in
    the spool never waits, even above the limit: it can always be completed, sent and
    released, and then the next one is the oldest. So a single file may be larger than the
    whole spool, and items with several files cannot block each other.
    """

    _folder: Path
    _limit: int
    _stop: threading.Event
    _changed: threading.Condition = field(factory=threading.Condition, init=False)
    _files: dict[Owner, list[SpoolFile]] = field(factory=dict, init=False)
    _used: int = field(default=0, init=False)
    _serial: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        make_private(self._folder)

    @property
    def used(self) -> int:
        """Bytes that are reserved at present."""
        return self._used

    def add(self, owner: Owner) -> SpoolFile:
        """Name a new file; it exists once it is created, and has no room yet."""
        with self._changed:
            self._serial += 1
            file = SpoolFile(self._folder / f"{self._serial}.part", owner)
            self._files.setdefault(owner, []).append(file)
            return file

    def reserve(self, file: SpoolFile, total: int) -> bool:
        """Let a file grow to so many bytes, if there is room."""
        with self._changed:
            return self._reserve(file, total)

    def wait(self, file: SpoolFile, total: int) -> None:
        """Let a file grow to so many bytes, as soon as there is room.

        Raises:
            Unavailable: The run stops.
        """
        with self._changed:
            while not self._reserve(file, total):
                if self._stop.is_set():
                    raise stopped()
                self._changed.wait(_CHECK_SECONDS)

    def settle(self, file: SpoolFile, size: int) -> None:
        """Give back what a complete file did not need."""
        with self._changed:
            self._used += size - file.reserved
            file.reserved = size
            self._changed.notify_all()

    def discard(self, file: SpoolFile) -> None:
        """Delete one file and give its room back."""
        with self._changed:
            files = self._files[file.owner]
            files.remove(file)
            if not files:
                del self._files[file.owner]
            self._drop(file)

    def release(self, owner: Owner) -> None:
        """Delete all files of an item and give their room back."""
        with self._changed:
            for file in self._files.pop(owner, ()):
                self._drop(file)

    def _reserve(self, file: SpoolFile, total: int) -> bool:
        more = total - file.reserved
        oldest = next(iter(self._files))
        if more > 0 and self._used + more > self._limit and file.owner != oldest:
            return False
        if more > 0:
            file.reserved = total
            self._used += more
        return True

    def _drop(self, file: SpoolFile) -> None:
        with suppress(OSError):  # still open on Windows: goes with the folder
            file.path.unlink(missing_ok=True)
        self._used -= file.reserved
        file.reserved = 0
        self._changed.notify_all()
