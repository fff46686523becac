"""Records that have to wait until the pass is over, outside of memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec

__all__ = ["Lines", "Waiting"]

_IN_MEMORY = 1 << 20


class Lines:
    """JSON values, one a line, in a private file that is removed when it is closed."""

    def __init__(self, folder: Path) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))
        self._encode = msgspec.json.Encoder().encode
        self._end = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, value: Any) -> int:
        """Add a value; returns its position, for `read`."""
        start = self._end
        self._count += 1
        self._end += self._file.write(self._encode(value) + b"\n")
        return start

    def read(self, position: int) -> Any:
        """Give the value at a position."""
        self._file.seek(position)
        try:
            return msgspec.json.decode(self._file.readline())
        finally:
            self._file.seek(self._end)

    def __iter__(self) -> Iterator[Any]:
        """Give all values in the order they were added."""
        position = 0
        while position < self._end:
            self._file.seek(position)
            line = self._file.readline()
            position += len(line)
            yield msgspec.json.decode(line)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class Waiting:
    """Values in groups that stay together, given back in order of urgency.

    Takes some 30 bytes of memory for each value, whatever its size.
    """

    def __init__(self, folder: Path) -> None:
        self._lines = Lines(folder)
        self._positions = array("q")
        self._groups = array("q")
        self._urgencies = array("q")

    def __len__(self) -> int:
        return len(self._positions)

    def add(self, value: Any, group: int, urgency: int) -> None:
        """Add a value. The most urgent of a group (the lowest) speaks for all of it."""
        self._positions.append(self._lines.append(value))
        self._groups.append(group)
        self._urgencies.append(urgency)

    def batches(self, size: int) -> Iterator[list[Any]]:
        """Give all values, most urgent group first, then by group number.

        Args:
            size: Values in a batch; more where a group would be torn apart.
        """
        batch: list[Any] = []
        previous: int | None = None
        for place in self._order():
            if len(batch) >= size and self._groups[place] != previous:
                yield batch
                batch = []
            previous = self._groups[place]
            batch.append(self._lines.read(self._positions[place]))
        if batch:
            yield batch

    def _order(self) -> array[int]:
        groups, urgency = self._groups, array("q", self._urgencies)
        together = sorted(range(len(groups)), key=groups.__getitem__)
        for _, run in groupby(together, key=groups.__getitem__):
            places = list(run)
            most = min(urgency[place] for place in places)
            for place in places:
                urgency[place] = most
        together.sort(key=urgency.__getitem__)  # stable: within one urgency by group
        return array("q", together)

    def close(self) -> None:
        """Remove the file."""
        self._lines.close()
