"""Cuts new rows into segments."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Any

from attrs import define

from decamp.identity import SUM_MASK, lowest_occurrence
from decamp.rows.segments import Segment, make_segment, time_of
from decamp.rows.spooled import Spooled

__all__ = ["MAX_SEGMENT_BYTES", "Batch", "Cutter", "Piece", "joined"]

MAX_SEGMENT_BYTES = 1 << 20
"""A segment is closed by the row with which it reaches this size."""


@define
class Piece:
    """The new rows of one extent."""

    first: int
    last: int
    lines: list[bytes]
    keys: array[int]
    digests: array[int]


@define
class Batch:
    """The rows of one bucket that are new."""

    lines: list[bytes]
    keys: array[int]
    digests: array[int]
    found: int


class Cutter:
    """Cuts a stream of new rows into segments."""

    def __init__(self, spooled: Spooled, max_rows: int) -> None:
        self._spooled = spooled
        self._max_rows = max_rows
        self._start()

    def _start(self) -> None:
        self._lines: list[bytes] = []
        self._size = 0
        self._again: int | None = None
        self._buckets: dict[str, tuple[array[int], int]] = {}

    def take(self, bucket: str, batch: Batch) -> Iterator[Segment]:
        """Add the new rows of a bucket, and give the segments that they fill."""
        start, end = 0, len(batch.lines)
        ends = list(accumulate(map(len, batch.lines), initial=0))
        while start < end:
            room = MAX_SEGMENT_BYTES - self._size + ends[start]
            fill = bisect_left(ends, room, start + 1)  # the row that reaches the size
            stop = min(fill, start + self._max_rows - len(self._lines), end)
            self._add(bucket, batch, start, stop)
            self._size += ends[stop] - ends[start]
            start = stop
            if self._size >= MAX_SEGMENT_BYTES or len(self._lines) >= self._max_rows:
                yield from self.rest()

    def _add(self, bucket: str, batch: Batch, start: int, end: int) -> None:
        self._lines += batch.lines[start:end]
        total = sum(batch.digests[start:end]) & SUM_MASK
        self._buckets[bucket] = (batch.keys[start:end], total)
        if self._again != 1:
            lowest = lowest_occurrence(batch.keys[start:end], batch.digests[start:end])
            self._again = min(lowest, self._again or lowest)

    def rest(self) -> Iterator[Segment]:
        """Give what is left as a last segment."""
        if self._lines:
            segment = self._segment()
            self._start()
            yield segment

    def _segment(self) -> Segment:
        collection = self._spooled.collection
        record: dict[str, Any] = {"kind": collection.kind, "collection": collection.key}
        record |= collection.header
        record |= {"rows": 0, "since": "", "until": ""}
        if self._again is not None and self._again > 1:
            record["again"] = self._again  # or it would be taken for a segment of equal rows
        record["source"] = {"paths": self._spooled.origins}
        return make_segment(collection, self._lines, self._buckets, record)


def joined(pieces: list[Piece], found: int) -> Batch:
    """Bring pieces into order of time; usually they do not overlap, in one order or the other."""
    pieces.sort(key=lambda piece: (piece.first, piece.last))
    batch = Batch([], array("Q"), array("Q"), found)
    for piece in pieces:
        batch.lines += piece.lines
        batch.keys += piece.keys
        batch.digests += piece.digests
    if any(a.last > b.first for a, b in pairwise(pieces)):
        times = [time_of(line) for line in batch.lines]
        order = sorted(range(len(times)), key=times.__getitem__)
        batch.lines = [batch.lines[index] for index in order]
        batch.keys = array("Q", [batch.keys[index] for index in order])
        batch.digests = array("Q", [batch.digests[index] for index in order])
    return batch
