"""Rows on their way: spooled in one pass, handed on as segments of what is new.

Every TikTok export is a full copy whose histories were trimmed at the old end and have
grown at the new one, so only rows that a route has not delivered yet may travel. They
are sorted into buckets by collection and time; a bucket whose count and sum of digests
equal the delivered ones holds nothing new and is not even read again.

A bucket of messages is a year, because conversations are many and small; of activity, a
month, because histories are few and large.

All rows lie in one private file and their digests in another, so memory does not grow
with the archive, and neither does the number of open files.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from attrs import define, field, fields, frozen

from decamp.identity import SUM_MASK, row_digester, row_keys
from decamp.model import Blob, Collection, Item

__all__ = ["MAX_SEGMENT_BYTES", "Delivered", "RowSpool", "Segment", "collection_id", "read_rows"]

MAX_SEGMENT_BYTES = 1 << 20
"""A segment is closed by the row with which it reaches this size."""

UNDATED = ""
"""The bucket of rows without a time."""

_YEAR, _MONTH = len("2024"), len("2024-01")


@frozen
class Delivered:
    """What a route has delivered of one bucket; keys as `decamp.identity.row_keys` gives."""

    count: int
    total: int
    keys: Callable[[], array[int]] = field(eq=False, repr=False)


@frozen
class Segment:
    """Some new rows of a collection, ready to travel as one item."""

    item: Item
    count: int
    buckets: dict[str, tuple[array[int], int]] = field(eq=False)
    """Bucket to the keys of its rows and the sum of their digests modulo 2**48."""


def collection_id(collection: Collection) -> str:
    """Name a collection across kinds: ``event:watched``."""
    return f"{collection.kind}:{collection.key}"


def read_rows(blob: Blob) -> Iterator[dict[str, Any]]:
    """Go through the rows of a segment's blob."""
    with blob.open() as lines:
        for line in lines:
            yield msgspec.json.decode(line)


@frozen
class _Extent:
    """Rows that lie together in the spool: one batch's rows of one bucket, in order of time."""

    bucket: int
    """202401 for a month, 2024 for a year, 0 for rows without a time."""
    first: int
    last: int
    """Times as numbers: 20240101100000; 0 for none."""
    offset: int
    length: int
    row: int
    count: int
    path: int


@define
class _Spooled:
    """One collection in the spool."""

    collection: Collection
    paths: list[str] = field(factory=list)
    _extents: array[int] = field(factory=lambda: array("Q"))
    """Eight numbers an extent: there can be hundreds of thousands."""

    def add(self, *numbers: int) -> None:
        """Add an extent, its numbers in order of the fields of `_Extent`."""
        self._extents.extend(numbers)

    def buckets(self) -> dict[int, list[_Extent]]:
        """Give the extents by bucket, oldest first."""
        width = len(fields(_Extent))
        found: dict[int, list[_Extent]] = {}
        for start in range(0, len(self._extents), width):
            extent = _Extent(*self._extents[start : start + width])
            found.setdefault(extent.bucket, []).append(extent)
        return dict(sorted(found.items()))


@define
class _Piece:
    """The new rows of one extent."""

    first: int
    last: int
    lines: list[bytes]
    keys: array[int]
    digests: array[int]


@define
class _Batch:
    """The rows of one bucket that are new."""

    lines: list[bytes]
    keys: array[int]
    digests: array[int]
    found: int


class RowSpool:
    """Keeps the rows of one export until it is known which of them are new.

    Args:
        folder: A private folder; the two files in it are removed by `close`.
        salt: 16 secret bytes, the journal's own.
    """

    def __init__(self, folder: Path, salt: bytes) -> None:
        self._salt = salt
        self._files = [folder / "rows.spool", folder / "digests.spool"]
        self._rows, self._digests = (_private(path) for path in self._files)
        self._offset = 0
        self._row = 0
        self._spooled: dict[str, _Spooled] = {}
        self._digesters: dict[str, Callable[[Sequence[dict[str, Any]]], array[int]]] = {}
        self._encode = msgspec.json.Encoder().encode_lines

    def close(self) -> None:
        """Remove the files."""
        self._rows.close()
        self._digests.close()
        for path in self._files:
            path.unlink(missing_ok=True)

    # --- in ------------------------------------------------------------------------------

    def add(self, collection: Collection, rows: Sequence[dict[str, Any]], path: str = "") -> None:
        """Take valid rows; their order among rows of the same time is kept.

        Raises:
            UnicodeEncodeError: A text holds half a character; nothing was taken.
        """
        if not rows:
            return
        spooled = self._spooled.setdefault(collection_id(collection), _Spooled(collection))
        if path not in spooled.paths:
            spooled.paths.append(path)
        number = spooled.paths.index(path)
        times = [row.get("time", "") for row in rows]
        if any(map(str.__gt__, times, times[1:])):
            order = sorted(range(len(rows)), key=times.__getitem__)
            rows = [rows[index] for index in order]
            times = [times[index] for index in order]
        digester = self._digesters.get(collection.kind)
        if digester is None:
            digester = row_digester(collection.kind, self._salt)
            self._digesters[collection.kind] = digester
        digests = digester(rows)
        groups: list[tuple[int, int, bytes]] = []
        start = 0
        for end in _bucket_ends(times, _bucket_width(collection)):
            groups.append((start, end, self._encode(rows[start:end])))
            start = end
        digests.tofile(self._digests)
        for start, end, data in groups:
            self._rows.write(data)
            first, last = _number(times[start]), _number(times[end - 1])
            bucket = first // (10**10 if _bucket_width(collection) == _YEAR else 10**8)
            count = end - start
            spooled.add(bucket, first, last, self._offset, len(data), self._row, count, number)
            self._offset += len(data)
            self._row += count

    # --- out -----------------------------------------------------------------------------

    def collections(self) -> list[Collection]:
        """List what was spooled, in order of first appearance."""
        return [spooled.collection for spooled in self._spooled.values()]

    def segments(
        self,
        collection: Collection,
        delivered: Mapping[str, Delivered],
        *,
        max_rows: int,
        found: Callable[[int], None] = lambda count: None,
        refine: Callable[[list[bytes]], list[bytes]] | None = None,
    ) -> Iterator[Segment]:
        """Cut what is new in a collection into segments, oldest rows first.

        A segment ends with the row that fills it, whatever follows; so cutting again after
        some segments were delivered gives the others unchanged.

        Args:
            delivered: What the route has, by bucket.
            found: Told how many rows each bucket of the export has.
            refine: Rewrites the lines of rows, keeping their number, order and digests.
        """
        spooled = self._spooled[collection_id(collection)]
        self._rows.flush()
        self._digests.flush()
        cutter = _Cutter(spooled, max_rows)
        for number, extents in spooled.buckets().items():
            bucket = str(number) if number else UNDATED
            batch = self._new(extents, delivered.get(bucket))
            found(batch.found)
            if refine is not None:
                batch.lines = refine(batch.lines)
            yield from cutter.take(bucket, batch)
            if bucket == UNDATED:
                yield from cutter.rest()
        yield from cutter.rest()

    def _new(self, extents: list[_Extent], delivered: Delivered | None) -> _Batch:
        """Read the rows of one bucket that were not delivered, in order of time."""
        digests = [self._digests_of(extent) for extent in extents]
        one_path = len({extent.path for extent in extents}) == 1
        count = sum(extent.count for extent in extents)
        total = sum(sum(part) for part in digests) & SUM_MASK
        if one_path and delivered and (delivered.count, delivered.total) == (count, total):
            return _joined([], count)
        seen = set(delivered.keys()) if delivered else set()
        union: set[int] = set()
        pieces: list[_Piece] = []
        for path in sorted({extent.path for extent in extents}):
            mine = [index for index, extent in enumerate(extents) if extent.path == path]
            keys = row_keys(array("Q", chain.from_iterable(digests[index] for index in mine)))
            position = 0
            for index in mine:
                extent = extents[index]
                own = keys[position : position + extent.count]
                position += extent.count
                piece = self._fresh(extent, own, digests[index], seen)
                if piece is not None:
                    pieces.append(piece)
            if not one_path:
                union.update(keys)
                seen.update(keys)
        return _joined(pieces, count if one_path else len(union))

    def _fresh(
        self, extent: _Extent, keys: array[int], digests: array[int], seen: set[int]
    ) -> _Piece | None:
        """Read those rows of an extent whose keys were not seen."""
        if not seen:
            return _Piece(extent.first, extent.last, self._lines_of(extent), keys, digests)
        fresh = [index for index, key in enumerate(keys) if key not in seen]
        if not fresh:
            return None
        lines = self._lines_of(extent)
        return _Piece(
            extent.first,
            extent.last,
            [lines[index] for index in fresh],
            array("Q", [keys[index] for index in fresh]),
            array("Q", [digests[index] for index in fresh]),
        )

    def _digests_of(self, extent: _Extent) -> array[int]:
        digests = array("Q")
        self._digests.seek(extent.row * 8)
        digests.frombytes(self._digests.read(extent.count * 8))
        return digests

    def _lines_of(self, extent: _Extent) -> list[bytes]:
        self._rows.seek(extent.offset)
        return self._rows.read(extent.length).splitlines(keepends=True)


class _Cutter:
    """Cuts a stream of new rows into segments."""

    def __init__(self, spooled: _Spooled, max_rows: int) -> None:
        self._spooled = spooled
        self._max_rows = max_rows
        self._start()

    def _start(self) -> None:
        self._lines: list[bytes] = []
        self._size = 0
        self._buckets: dict[str, tuple[array[int], int]] = {}

    def take(self, bucket: str, batch: _Batch) -> Iterator[Segment]:
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

    def _add(self, bucket: str, batch: _Batch, start: int, end: int) -> None:
        self._lines += batch.lines[start:end]
        total = sum(batch.digests[start:end]) & SUM_MASK
        self._buckets[bucket] = (batch.keys[start:end], total)

    def rest(self) -> Iterator[Segment]:
        if self._lines:
            segment = self._segment()
            self._start()
            yield segment

    def _segment(self) -> Segment:
        collection = self._spooled.collection
        data = b"".join(self._lines)
        digest = hashlib.sha256(data).hexdigest()
        count = len(self._lines)
        record: dict[str, Any] = {"kind": collection.kind, "collection": collection.key}
        record |= collection.header
        record["rows"] = count
        since, until = (_time_of(line) for line in (self._lines[0], self._lines[-1]))
        if since and until:
            record |= {"since": since, "until": until}
        record["source"] = {"paths": [path for path in self._spooled.paths if path]}
        blob = Blob.from_bytes("rows.jsonl", "application/x-ndjson", data)
        item = Item(
            f"{collection_id(collection)}:{digest[:32]}",
            collection.kind,
            record,
            (Blob(blob.name, blob.media_type, blob.open, len(data), digest, rows=collection.kind),),
        )
        return Segment(item, count, self._buckets)


class _Timed(msgspec.Struct):
    time: str = ""


_timed = msgspec.json.Decoder(_Timed)


def _time_of(line: bytes) -> str:
    return _timed.decode(line).time


def _bucket_ends(times: list[str], width: int) -> Iterator[int]:
    """Tell where each run of one bucket ends, in a list that is in order of time."""
    if times[0][:width] == times[-1][:width]:
        yield len(times)
        return
    end = 0
    for _, group in groupby(times, key=itemgetter(slice(0, width))):
        end += sum(1 for _ in group)
        yield end


def _bucket_width(collection: Collection) -> int:
    """Tell how much of a time names its bucket."""
    return _YEAR if collection.kind == "message" else _MONTH


def _number(time: str) -> int:
    """Write a time as a number that sorts alike."""
    if not time:
        return 0
    return int(time[0:4] + time[5:7] + time[8:10] + time[11:13] + time[14:16] + time[17:19])


def _joined(pieces: list[_Piece], found: int) -> _Batch:
    """Bring pieces into order of time; usually they do not overlap, in one order or the other."""
    pieces.sort(key=lambda piece: (piece.first, piece.last))
    batch = _Batch([], array("Q"), array("Q"), found)
    for piece in pieces:
        batch.lines += piece.lines
        batch.keys += piece.keys
        batch.digests += piece.digests
    if any(a.last > b.first for a, b in pairwise(pieces)):
        times = [_time_of(line) for line in batch.lines]
        order = sorted(range(len(times)), key=times.__getitem__)
        batch.lines = [batch.lines[index] for index in order]
        batch.keys = array("Q", [batch.keys[index] for index in order])
        batch.digests = array("Q", [batch.digests[index] for index in order])
    return batch


def _private(path: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "w+b", buffering=1 << 18)
