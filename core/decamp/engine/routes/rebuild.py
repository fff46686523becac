"""Keeps the journal in step with its destination, by reading the destination back.

A journal gets lost, is restored from an old backup, or another machine has written
meanwhile. Then what it says is not what is there, and sending by it would lose things or
double them. So before anything is written, the destination tells how it was left
(`Destination.seal`), and if that is not how this journal left it, everything that is there
is learnt anew (`Knows.known`).
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from attrs import define, evolve, field

from decamp.engine.judging.decide import UNKNOWN_MAPPING
from decamp.engine.judging.ordinals import marks_of, part_id
from decamp.engine.reading import Interrupted
from decamp.engine.work import repairable
from decamp.events import Emit, StageProgress
from decamp.identity import SUM_MASK, record_digest, row_digester, row_keys
from decamp.journal import Frozen, Journal, Learnt, Route
from decamp.model import Collection, Destination, Holding, Missing
from decamp.rows import bucket_of, collection_id, read_rows
from decamp.spec import Knows

__all__ = ["in_step", "relearn", "route_in_step"]

_BATCH = 10_000


def in_step(route: Route, destination: Destination) -> bool:
    """Tell whether a destination is as this journal left it, as far as it can tell."""
    return destination.seal in ("", route.token, route.seal)


def route_in_step(routes: Sequence[Route], destination: Destination) -> Route | None:
    """Find the route by which a destination was last written, if this journal did it."""
    shown = [route for route in routes if destination.seal and in_step(route, destination)]
    return next(iter(shown), None)


def relearn(
    journal: Journal,
    route: Route,
    importer: Knows,
    as_of: str,
    *,
    emit: Emit,
    stop: threading.Event,
) -> int:
    """Learn what the destination holds of a route.

    Args:
        as_of: From when the newest of it is, RFC 3339; empty if unknown.
        emit: Told how far it is.
        stop: Ends it early, with nothing learnt.

    Returns:
        How many items it holds.

    Raises:
        Interrupted: The run was asked to stop.
    """
    learnt = _learnt(_counted(importer.known(), emit, stop), journal.salt, as_of)
    return journal.relearn(route.id, learnt)


def _counted(holdings: Iterable[Holding], emit: Emit, stop: threading.Event) -> Iterator[Holding]:
    for done, holding in enumerate(holdings, 1):
        if stop.is_set():
            raise Interrupted
        yield holding
        emit(StageProgress(done))


def _learnt(holdings: Iterable[Holding], salt: bytes, as_of: str) -> Iterator[Learnt]:
    for collection, group in groupby(holdings, key=_collection):
        if collection is None:
            for holding in group:
                yield _item(holding, salt, as_of)
        else:
            yield from _segments(collection, group, salt, as_of)


def _collection(holding: Holding) -> tuple[str, str] | None:
    """Tell whose rows a segment holds; None for anything else."""
    item = holding.item
    if len(item.blobs) == 1 and item.blobs[0].rows is not None:
        return item.kind, str(item.record["collection"])
    return None


def _item(holding: Holding, salt: bytes, as_of: str) -> Learnt:
    item = holding.item
    missing = [Missing(one["name"], one["code"], "") for one in item.record.get("missing", ())]
    media = [
        {
            "declared": None,
            "name": blob.name,
            "media_type": blob.media_type,
            "size": blob.size,
            "sha256": blob.sha256,
        }
        for blob in item.blobs
    ]
    media += [
        {"declared": one.name, "name": one.name, "code": one.code, "reason": _MISSING}
        for one in missing
    ]
    key, number = part_id(item.id)
    return Learnt(
        item.id,
        item.kind,
        "incomplete" if repairable(missing) else "confirmed",
        record_digest(item.kind, item.record),
        UNKNOWN_MAPPING,
        holding.receipt,
        tuple(media),
        as_of=as_of,
        number=(key, number, marks_of(item, salt)),
    )


_MISSING = "It was missing when the destination was read back."


@define
class _Segment:
    holding: Holding
    digests: dict[str, array[int]] = field(factory=dict)


def _segments(
    collection: tuple[str, str], holdings: Iterable[Holding], salt: bytes, as_of: str
) -> Iterator[Learnt]:
    """Give the segments of one collection with the keys of their rows.

    Equal rows are several events wherever they lie, so their keys follow from all segments
    together; see `decamp.identity.row_keys`.
    """
    kind, key = collection
    digest = row_digester(kind, salt)
    segments = []
    for holding in holdings:
        segment = _Segment(evolve(holding, item=holding.item))
        for bucket, rows in _by_bucket(kind, holding):
            segment.digests.setdefault(bucket, array("Q")).extend(digest(rows))
        segments.append(segment)
    keys: dict[str, array[int]] = {}
    for bucket in sorted({bucket for segment in segments for bucket in segment.digests}):
        together = array("Q")
        for segment in segments:
            together.extend(segment.digests.get(bucket, ()))
        keys[bucket] = row_keys(together)
    used = dict.fromkeys(keys, 0)
    name = collection_id(Collection(kind, key))
    for segment in segments:
        buckets = {}
        for bucket, digests in segment.digests.items():
            start = used[bucket]
            used[bucket] = end = start + len(digests)
            buckets[bucket] = keys[bucket][start:end], sum(digests) & SUM_MASK
        yield Learnt(
            *(segment.holding.item.id, kind, "confirmed", "", 0, segment.holding.receipt),
            frozen=Frozen(name, buckets), as_of=as_of,
        )  # fmt: skip


def _by_bucket(kind: str, holding: Holding) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Give the rows of a segment in batches of one bucket each."""
    batch: list[dict[str, object]] = []
    current = ""
    for row in read_rows(holding.item.blobs[0]):
        bucket = bucket_of(kind, str(row.get("time", "")))
        if batch and (bucket != current or len(batch) >= _BATCH):
            yield current, batch
            batch = []
        current = bucket
        batch.append(row)
    if batch:
        yield current, batch
