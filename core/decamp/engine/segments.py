"""Takes rows while the source is read, and sends what is new once the route is known."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from attrs import define, field

from decamp.engine.judging.quarantine import split_rows
from decamp.engine.opening import OpenRoute
from decamp.engine.people.names import KEEP, People
from decamp.engine.reading import Interrupted
from decamp.engine.selection import Selection
from decamp.engine.tally import Tally
from decamp.engine.work import Work
from decamp.journal import Frozen, Journal
from decamp.model import RowBatch
from decamp.rows import Delivered, RowSpool, Segment, collection_id
from decamp.validation import rows_check

__all__ = ["RowIntake"]

_Bad = list[tuple[dict[str, Any], str]]


@define
class RowIntake:
    """The rows of one run."""

    _selection: Selection
    _tally: Tally
    spool: RowSpool
    _people: People = KEEP
    _bad: list[tuple[RowBatch, _Bad]] = field(factory=list, init=False)
    total: int = field(default=0, init=False)
    """Rows that were read."""
    asked: int = field(default=0, init=False)
    """How many of these were asked for."""

    @classmethod
    def open(
        cls,
        scratch: Path,
        salt: bytes,
        selection: Selection,
        tally: Tally,
        people: People = KEEP,
        *,
        consolidate: bool = False,
    ) -> RowIntake:
        """Make one with a spool in a private folder."""
        return cls(selection, tally, RowSpool(scratch, salt, keep_cuts=not consolidate), people)

    def close(self) -> None:
        """Remove the spool."""
        self.spool.close()

    def take(self, batch: RowBatch) -> None:
        """Take one batch: what was asked for is judged and spooled."""
        kind = batch.collection.kind
        self.total += len(batch.rows)
        rows = self._selection.rows(batch.rows) if self._selection.takes_kind(kind) else ()
        self.asked += len(rows)
        left_out = len(batch.rows) - len(rows)
        if left_out:
            self._people.notice(batch)
            self._tally.add(kind, "found", left_out)
            self._tally.add(kind, "not_asked", left_out)
        whole = rows is batch.rows
        batch = self._people.batch(batch)
        try:
            if rows_check(kind)(rows):
                kept = self._people.rows(batch.collection, rows)
                segment = batch.segment if whole and len(kept) == len(rows) else None
                self.spool.add(batch.collection, kept, batch.path, segment)
                return
        except UnicodeEncodeError:
            pass  # half a character somewhere: look at each row
        good, bad = split_rows(kind, rows)
        self._bad.append((batch, bad))
        self.spool.add(batch.collection, self._people.rows(batch.collection, good), batch.path)

    def send(self, journal: Journal, opened: OpenRoute, stop: threading.Event) -> None:
        """Send what the route has not delivered; in a dry run, count it.

        Raises:
            Interrupted: The run was asked to stop.
        """
        capabilities = opened.capabilities
        for batch, bad in self._bad:
            kind = batch.collection.kind
            self._tally.add(kind, "found", len(bad))
            opened.items.reject(kind, batch.path, [row for row, _ in bad], bad[0][1])
        for collection in self.spool.collections():
            name = collection_id(collection)
            held = journal.buckets(opened.route.id, name)
            delivered = {
                bucket: Delivered(one.count, one.total, one.keys) for bucket, one in held.items()
            }
            found = new = 0

            def count(rows: int) -> None:
                nonlocal found
                found += rows

            for segment in self.spool.segments(
                collection,
                delivered,
                max_rows=capabilities.max_segment_rows,
                found=count,
                refine=self._people.refine(collection),
            ):
                if stop.is_set():
                    raise Interrupted
                new += segment.count
                kinds = capabilities.kinds
                # Messages and activity are nobody else's business.
                if capabilities.public or (kinds is not None and collection.kind not in kinds):
                    self._tally.add(collection.kind, "skipped", segment.count)
                elif opened.delivery is not None:
                    opened.delivery.submit(_work(name, segment))
            self._tally.add(collection.kind, "found", found)
            self._tally.add(collection.kind, "new", new)
            self._tally.add(collection.kind, "unchanged", found - new)


def _work(collection: str, segment: Segment) -> Work:
    frozen = Frozen(collection, segment.buckets)
    return Work(segment.item, "send", "", 0, frozen=frozen, rows=segment.count)
