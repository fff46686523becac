"""How much of an item has been sent, counted while an importer sends it.

An importer need not know of it: what it reads of a large file counts as sent. One that first
copies a file to this machine does that within `aside`, and tells by `sending` how far it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from attrs import evolve

from decamp.model import Item

__all__ = ["Meter", "aside", "sending"]

_here = threading.local()
"""Of each thread that sends: the `meter` of its item, and whether it reads `aside`."""


class Meter:
    """Counts the bytes of one item. Those that are sent again, after a failure, count once.

    Args:
        size: Bytes of the item's files: there are no more.
    """

    def __init__(self, size: int) -> None:
        self.sent = 0
        self.beats = 0
        """Grows with whatever is sent, also with what is sent again."""
        self._size = size
        self._furthest: dict[str, int] = {}

    def counted(self, item: Item) -> Item:
        """Give an item whose files are counted as they are read."""
        blobs = (evolve(one, open=partial(self._open, one.name, one.open)) for one in item.blobs)
        return item.evolve(blobs=tuple(blobs))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count what this thread sends inside; it begins from the first byte of each file."""
        self._furthest = {}
        _here.meter = self
        try:
            yield
        finally:
            _here.meter = None

    def reach(self, name: str, position: int) -> None:
        """Take note that a file has been sent up to a byte."""
        self.beats += 1
        if position > self._furthest.get(name, 0):
            self._furthest[name] = position
            self.sent = min(max(self.sent, sum(self._furthest.values())), self._size)

    def _open(self, name: str, open_: Callable[[], BinaryIO]) -> BinaryIO:
        stream = open_()
        if getattr(_here, "aside", False):
            return stream
        return cast("BinaryIO", _Counted(stream, partial(self.reach, name)))


@contextmanager
def aside() -> Iterator[None]:
    """Read files, inside, only to copy them to this machine: nothing of that is sent yet."""
    before = getattr(_here, "aside", False)
    _here.aside = True
    try:
        yield
    finally:
        _here.aside = before


def sending(name: str) -> Callable[[int], None]:
    """Give what is to be told, in any thread, up to which byte a file that was copied is sent.

    Args:
        name: Tells the files of one item apart.
    """
    meter: Meter | None = getattr(_here, "meter", None)
    return partial(meter.reach, name) if meter else _nobody


def _nobody(position: int) -> None:
    """Nothing is counted here."""


class _Counted:
    """A stream that tells how many bytes were read of it, wherever they lie in the file."""

    def __init__(self, stream: BinaryIO, reach: Callable[[int], None]) -> None:
        self._stream = stream
        self._reach = reach
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does."""
        data = self._stream.read(size)
        self._count(len(data))
        return data

    def readinto(self, buffer: Any) -> int:
        """Read as the stream does."""
        count: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._count(count)
        return count

    def _count(self, count: int) -> None:
        self._read += count
        self._reach(self._read)

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            self._count(len(line))
            yield line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
