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

import os
from array import array
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from attrs import field, frozen

from decamp.identity import SUM_MASK, row_digester, row_keys
from decamp.model import Collection
from decamp.rows.cutter import Batch, Cutter, Piece, joined
from decamp.rows.segments import Segment, collection_id, make_segment
from decamp.rows.spooled import UNDATED, Extent, Spooled, bucket_ends, bucket_width, number_of

__all__ = ["Delivered", "RowSpool"]


@frozen
class Delivered:
    """What a route has delivered of one bucket; keys as `decamp.identity.row_keys` gives."""

    count: int
    total: int
    keys: Callable[[], array[int]] = field(eq=False, repr=False)


@frozen
class _Part:
    """What one bucket has of a segment of the source."""

    bucket: str
    extent: Extent
    keys: array[int] = field(eq=False)
    total: int


class RowSpool:
    """Keeps the rows of one export until it is known which of them are new.

    Args:
        folder: A private folder; the two files in it are removed by `close`.
        salt: 16 secret bytes, the journal's own.
        keep_cuts: Let rows that come in a segment stay in it, if all of them are new.
    """

    def __init__(self, folder: Path, salt: bytes, *, keep_cuts: bool = True) -> None:
        self._salt = salt
        self._keep_cuts = keep_cuts
        self._files = [folder / "rows.spool", folder / "digests.spool"]
        self._rows, self._digests = (_private(path) for path in self._files)
        self._offset = 0
        self._row = 0
        self._spooled: dict[str, Spooled] = {}
        self._digesters: dict[str, Callable[[Sequence[dict[str, Any]]], array[int]]] = {}
        self._encode = msgspec.json.Encoder().encode_lines

    def close(self) -> None:
        """Remove the files."""
        self._rows.close()
        self._digests.close()
        for path in self._files:
            path.unlink(missing_ok=True)

    # --- in ------------------------------------------------------------------------------

    def add(
        self,
        collection: Collection,
        rows: Sequence[dict[str, Any]],
        path: str = "",
        segment: Mapping[str, Any] | None = None,
    ) -> None:
        """Take valid rows; their order among rows of the same time is kept.

        Args:
            collection: What they belong to.
            rows: The rows.
            path: As in `decamp.model.RowBatch`.
            segment: The same.

        Raises:
            UnicodeEncodeError: A text holds half a character; nothing was taken.
        """
        if not rows:
            return
        spooled = self._spooled.setdefault(collection_id(collection), Spooled(collection))
        if path not in spooled.paths:
            spooled.paths.append(path)
        number = spooled.paths.index(path)
        if segment is not None:
            spooled.cuts.append(segment)
        cut = len(spooled.cuts) if segment is not None and self._keep_cuts else 0
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
        for end in bucket_ends(times, bucket_width(collection)):
            groups.append((start, end, self._encode(rows[start:end])))
            start = end
        digests.tofile(self._digests)
        for start, end, data in groups:
            self._rows.write(data)
            first, last = number_of(times[start]), number_of(times[end - 1])
            bucket = first // (10**10 if collection.kind == "message" else 10**8)
            count = end - start
            place = (self._offset, len(data), self._row)
            spooled.add(bucket, first, last, *place, count, number, cut)
            self._offset += len(data)
            self._row += count

    # --- out -----------------------------------------------------------------------------

    def collections(self) -> list[Collection]:
        """List what was spooled, in order of first appearance."""
        return [spooled.collection for spooled in self._spooled.values()]

    def first_bucket(self, name: str) -> str:
        """Name the oldest bucket of a collection; empty if none of its rows has a time."""
        return str(next((number for number in self._spooled[name].buckets() if number), ""))

    def rename(self, collection: Collection, to: Collection) -> None:
        """Give a spooled collection another key and header from here on."""
        spooled = self._spooled.pop(collection_id(collection))
        there = self._spooled.setdefault(collection_id(to), Spooled(to))
        there.collection = to
        there.take(spooled)

    def compare(
        self, name: str, delivered: Mapping[str, Delivered]
    ) -> Iterator[tuple[int, int, int]]:
        """Tell, for each bucket that both have, how many rows each has and both share."""
        self._digests.flush()
        for number, extents in self._spooled[name].buckets().items():
            held = delivered.get(str(number) if number else UNDATED)
            if held is None:
                continue
            mine: set[int] = set()
            for path in sorted({extent.path for extent in extents}):
                digests = array("Q")
                for extent in extents:
                    if extent.path == path:
                        digests += self._digests_of(extent)
                mine.update(row_keys(digests))
            yield len(mine), held.count, len(mine.intersection(held.keys()))

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
        some segments were delivered gives the others unchanged. Rows that came in a segment
        and are all new stay in it.

        Args:
            delivered: What the route has, by bucket.
            found: Told how many rows each bucket of the export has.
            refine: Rewrites the lines of rows, keeping their number, order and digests.
        """
        spooled = self._spooled[collection_id(collection)]
        self._rows.flush()
        self._digests.flush()
        cutter = Cutter(spooled, max_rows)
        kept = self._kept(spooled, delivered) if spooled.cuts else {}
        for cut, parts in kept.items():
            yield self._as_cut(spooled, spooled.cuts[cut - 1], parts, refine)
        for number, extents in spooled.buckets().items():
            bucket = str(number) if number else UNDATED
            batch = self._new(extents, delivered.get(bucket), kept)
            found(batch.found)
            if refine is not None:
                batch.lines = refine(batch.lines)
            yield from cutter.take(bucket, batch)
            if bucket == UNDATED:
                yield from cutter.rest()
        yield from cutter.rest()

    def _kept(self, spooled: Spooled, delivered: Mapping[str, Delivered]) -> dict[int, list[_Part]]:
        """Find the segments of the source of which all rows are new."""
        parts: dict[int, list[_Part]] = {}
        spoiled: set[int] = set()
        for number, extents in spooled.buckets().items():
            bucket = str(number) if number else UNDATED
            held = delivered.get(bucket)
            seen = set(held.keys()) if held else set()
            digests = [self._digests_of(extent) for extent in extents]
            keys = row_keys(array("Q", chain.from_iterable(digests)))
            position = 0
            for extent, own in zip(extents, digests, strict=True):
                mine = keys[position : position + extent.count]
                position += extent.count
                parts.setdefault(extent.cut, []).append(
                    _Part(bucket, extent, mine, sum(own) & SUM_MASK)
                )
                if not seen.isdisjoint(mine):
                    spoiled.add(extent.cut)
        return {cut: parts[cut] for cut in sorted(parts) if cut and cut not in spoiled}

    def _as_cut(
        self,
        spooled: Spooled,
        header: Mapping[str, Any],
        parts: list[_Part],
        refine: Callable[[list[bytes]], list[bytes]] | None,
    ) -> Segment:
        """Give a segment of the source as it was."""
        parts.sort(key=lambda part: part.extent.row)
        lines = [line for part in parts for line in self._lines_of(part.extent)]
        buckets = {part.bucket: (part.keys, part.total) for part in parts}
        lines = refine(lines) if refine is not None else lines
        record = {**header, **spooled.collection.header, "collection": spooled.collection.key}
        return make_segment(spooled.collection, lines, buckets, record)

    def _new(
        self, extents: list[Extent], delivered: Delivered | None, kept: Container[int] = ()
    ) -> Batch:
        """Read the rows of one bucket that were not delivered, in order of time.

        Args:
            kept: Segments whose rows have gone already.
        """
        digests = [self._digests_of(extent) for extent in extents]
        one_path = len({extent.path for extent in extents}) == 1
        count = sum(extent.count for extent in extents)
        if one_path and delivered and delivered.count == count:
            total = sum(sum(part) for part in digests) & SUM_MASK
            if delivered.total == total:
                return joined([], count)
        seen = set(delivered.keys()) if delivered else set()
        union: set[int] = set()
        pieces: list[Piece] = []
        for path in sorted({extent.path for extent in extents}):
            mine = [index for index, extent in enumerate(extents) if extent.path == path]
            keys = row_keys(array("Q", chain.from_iterable(digests[index] for index in mine)))
            position = 0
            for index in mine:
                extent = extents[index]
                own = keys[position : position + extent.count]
                position += extent.count
                if extent.cut in kept:
                    continue
                piece = self._fresh(extent, own, digests[index], seen)
                if piece is not None:
                    pieces.append(piece)
            if not one_path:
                union.update(keys)
                seen.update(keys)
        return joined(pieces, count if one_path else len(union))

    def _fresh(
        self, extent: Extent, keys: array[int], digests: array[int], seen: set[int]
    ) -> Piece | None:
        """Read those rows of an extent whose keys were not seen."""
        if not seen:
            return Piece(extent.first, extent.last, self._lines_of(extent), keys, digests)
        fresh = [index for index, key in enumerate(keys) if key not in seen]
        if not fresh:
            return None
        lines = self._lines_of(extent)
        return Piece(
            extent.first,
            extent.last,
            [lines[index] for index in fresh],
            array("Q", [keys[index] for index in fresh]),
            array("Q", [digests[index] for index in fresh]),
        )

    def _digests_of(self, extent: Extent) -> array[int]:
        digests = array("Q")
        self._digests.seek(extent.row * 8)
        digests.frombytes(self._digests.read(extent.count * 8))
        return digests

    def _lines_of(self, extent: Extent) -> list[bytes]:
        self._rows.seek(extent.offset)
        return self._rows.read(extent.length).splitlines(keepends=True)


def _private(path: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "w+b", buffering=1 << 18)
