"""Segments: some rows of a collection, ready to travel as one item."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Any

import msgspec
from attrs import field, frozen

from decamp.identity import segment_id
from decamp.model import Blob, Collection, Item

__all__ = ["Segment", "collection_id", "make_segment", "read_rows", "time_of"]


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


def make_segment(
    collection: Collection,
    lines: list[bytes],
    buckets: dict[str, tuple[array[int], int]],
    record: dict[str, Any],
) -> Segment:
    """Make a segment of lines, and say in its record how many there are and from when."""
    data = b"".join(lines)
    digest = hashlib.sha256(data).hexdigest()
    since, until = (time_of(line) for line in (lines[0], lines[-1]))
    record |= {"rows": len(lines), "since": since, "until": until}
    if not since or not until:
        record = {name: value for name, value in record.items() if name not in ("since", "until")}
    blob = Blob(
        "rows.jsonl",
        "application/x-ndjson",
        partial(BytesIO, data),
        len(data),
        digest,
        rows=collection.kind,
    )
    item = Item(
        segment_id(collection.kind, collection.key, digest, record.get("again", 1)),
        collection.kind,
        record,
        (blob,),
    )
    return Segment(item, len(lines), buckets)


class _Timed(msgspec.Struct):
    time: str = ""


_timed = msgspec.json.Decoder(_Timed)


def time_of(line: bytes) -> str:
    """Read the time of an encoded row; empty if it has none."""
    return _timed.decode(line).time
