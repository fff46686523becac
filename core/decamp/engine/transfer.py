"""One run on one route: read, compare, deliver, finish.

Data goes one way. Rows are spooled while the source is read, because only then is it
known which of them are new; items go out page by page. A dry run takes the same way with
a private copy of the journal, and stops where something would be sent.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.decide import Decider, Decision
from decamp.engine.delivery import Delivery, Fetch
from decamp.engine.ordinals import Ordinals
from decamp.engine.quarantine import NOT_TEXT, rejected_item, split_rows
from decamp.engine.reading import Interrupted, pages
from decamp.engine.reconcile import reconcile
from decamp.engine.route import find_route
from decamp.engine.selection import Selection
from decamp.engine.tally import Tally
from decamp.engine.work import Work
from decamp.errors import TransferError
from decamp.events import Emit, Notice, ReadProgress, RunEnded, RunStarted, Stage
from decamp.journal import Frozen, Journal, Known, Route, RunRecord
from decamp.model import Account, Destination, Item, Page, RowBatch
from decamp.report import Run, report
from decamp.rows import Delivered, RowSpool, Segment, collection_id
from decamp.spec import (
    Begins,
    Exporter,
    ExporterSpec,
    Finishes,
    Identifies,
    Importer,
    ImporterCapabilities,
    ImporterSpec,
    Updates,
)
from decamp.validation import encodable, has_schema, rows_check, validator

__all__ = ["Engine", "Job", "Settings"]

_log = logging.getLogger(__name__)


@frozen
class Job:
    """What is to be done: ready plugins, and what was asked for."""

    id: str
    command: str
    exporter_spec: ExporterSpec[Any]
    exporter: Exporter
    importer_spec: ImporterSpec[Any]
    importer: Importer
    source: str
    """For people: the path or address that was named."""
    selection: Selection = field(factory=Selection)
    account: str | None = None
    dry_run: bool = False


@frozen
class Settings:
    """The engine's surroundings."""

    journal: Journal
    scratch: Path
    fetch: Fetch
    release: Callable[[Item], None]
    lock: Callable[[str], AbstractContextManager[None]]
    """Holds a destination for this process; raises `Locked`."""
    emit: Emit
    stop: threading.Event
    wait: bool = True
    patience: float = 1800.0


@define
class Engine:
    """Carries out one job."""

    job: Job
    settings: Settings
    tally: Tally = field(factory=Tally)
    _account: Account = field(factory=Account, init=False)
    _as_of: str | None = field(default=None, init=False)
    _destination: Destination | None = field(default=None, init=False)
    _route: Route | None = field(default=None, init=False)
    _decider: Decider | None = field(default=None, init=False)
    _ordinals: Ordinals | None = field(default=None, init=False)
    _delivery: Delivery | None = field(default=None, init=False)
    _bad_rows: list[tuple[RowBatch, list[tuple[dict[str, Any], str]]]] = field(
        factory=list, init=False
    )
    _known: dict[str, Known] = field(factory=dict, init=False)
    _sent: set[str] = field(factory=set, init=False)
    _read_rows: int = field(default=0, init=False)
    _read_items: int = field(default=0, init=False)
    _taken: int = field(default=0, init=False)

    def run(self) -> dict[str, Any]:
        """Do the job and report; errors end the run and stand in the report.

        Returns:
            The receipt of a transfer, or the plan of a dry run, valid by its schema.
        """
        job, settings = self.job, self.settings
        started, fingerprint = stamp(), ""
        error: BaseException | None = None
        settings.emit(RunStarted(job.id, job.source, job.importer_spec.title))
        try:
            with blamed(job.importer_spec.name):
                self._destination = job.importer.check()
            if isinstance(job.exporter, Identifies):
                with blamed(job.exporter_spec.name):
                    copy = job.exporter.fingerprint()
                fingerprint = f"{copy}/{job.exporter_spec.mapping_version}"
            self._record_start(started, fingerprint)
            with settings.lock(f"{job.importer_spec.name}:{self._destination.id}"):
                if not self._nothing_new(fingerprint):
                    self._transfer()
        except (TransferError, Interrupted, KeyboardInterrupt) as caught:
            error = caught
            _log.info("run %s ends: %s %s", job.id, type(caught).__name__, caught)
        document = report(
            Run(
                job=job.id,
                command=job.command,
                source_plugin=job.exporter_spec.name,
                source=job.source,
                destination_plugin=job.importer_spec.name,
                destination=self._destination,
                account=self._account,
                given_account=job.account,
                as_of=self._as_of,
                fingerprint=fingerprint,
                omits=job.exporter_spec.omits,
                selection=job.selection.as_json(),
                started=started,
                ended=stamp(),
                dry_run=job.dry_run,
                error=error,
            ),
            self.tally,
        )
        if not isinstance(error, Interrupted | KeyboardInterrupt) or self._destination:
            self._record_end(document)
        settings.emit(RunEnded(job.id, document["state"], document["exit_code"]))
        return document

    # --- the run in the journal ----------------------------------------------------------

    def _record_start(self, started: str, fingerprint: str) -> None:
        assert self._destination is not None
        self.settings.journal.start_run(
            RunRecord(
                id=self.job.id,
                route=None,
                command=self.job.command,
                state="running",
                started=started,
                ended=None,
                source=self.job.source,
                destination=self._destination.title,
                fingerprint=fingerprint if self.job.selection.everything else "",
                exit_code=None,
                report=None,
                pid=os.getpid(),
            )
        )

    def _record_end(self, document: dict[str, Any]) -> None:
        with suppress(TransferError):  # a full disk: the run ends with its own error
            self.settings.journal.end_run(
                self.job.id,
                document["state"],
                document["ended"],
                document["exit_code"],
                document,
            )

    def _nothing_new(self, fingerprint: str) -> bool:
        """Recognise the very export that was delivered last, without reading it."""
        job, journal = self.job, self.settings.journal
        assert self._destination is not None
        if not fingerprint or not job.selection.everything or self._destination.holds is None:
            return False
        for route in journal.routes(
            job.exporter_spec.name, job.importer_spec.name, self._destination.id
        ):
            ended = [run for run in journal.runs(route=route.id) if run.state != "running"]
            last = ended[0] if ended else None
            if (
                last is None
                or route.finish_due
                or last.report is None
                or (last.state, last.fingerprint) != ("done", fingerprint)
                or (job.account and f"name:{job.account}" not in route.aliases)
            ):
                continue
            journal.bind_run(job.id, route.id)
            source = last.report["source"]
            self._account = Account(names=tuple(source.get("account", ())))
            self._as_of = source.get("as_of")
            for kind, counts in last.report["counts"].items():
                self.tally.add(kind, "found", counts["found"])
                self.tally.add(kind, "unchanged", counts["found"])
            self.settings.emit(
                Notice("info", "This very export was delivered before; nothing is new.")
            )
            return True
        return False

    # --- the way of the data -------------------------------------------------------------

    def _transfer(self) -> None:
        job, settings = self.job, self.settings
        spool = RowSpool(settings.scratch, settings.journal.salt)
        try:
            settings.emit(Stage("reading"))
            for page in pages(
                job.exporter, job.exporter_spec.name, settings.emit, settings.stop,
                wait=settings.wait,
            ):  # fmt: skip
                for batch in page.rows:
                    self._take_rows(spool, batch)
                if page.items:
                    self._open_route(page)
                    self._take_items(page)
                self._progress(page)
            self._open_route()
            self._send_rows(spool)
            if self._delivery is not None:
                self._delivery.drain()
                self._finish()
        finally:
            if self._delivery is not None:
                self._delivery.close()
            spool.close()

    def _progress(self, page: Page) -> None:
        self._read_items += len(page.items)
        self._read_rows += sum(len(batch.rows) for batch in page.rows)
        if page.progress is not None:
            self.settings.emit(ReadProgress(page.progress, self._read_rows, self._read_items))

    def _open_route(self, page: Page | None = None) -> None:
        """Find out whose data it is and where it goes, once; settle what was left open."""
        if self._route is not None:
            return
        if page is not None:
            rest = page.remaining
            total = None if rest is None else len(page.items) + rest
            self.settings.emit(Stage("items", total))
        job, settings = self.job, self.settings
        assert self._destination is not None
        if isinstance(job.exporter, Identifies):
            with blamed(job.exporter_spec.name):
                self._account = job.exporter.account()
                as_of = job.exporter.as_of()
            self._as_of = stamp(as_of) if as_of else None
        route = find_route(
            settings.journal, job.exporter_spec.name, job.importer_spec.name, self._destination,
            self._account, job.account, settings.emit,
        )  # fmt: skip
        settings.journal.bind_run(job.id, route.id)
        capabilities = job.importer_spec.capabilities
        if not job.dry_run:
            account = self._account
            if not account.names and job.account:
                account = evolve(account, names=(job.account,))
            with blamed(job.importer_spec.name):
                if isinstance(job.importer, Begins):
                    capabilities = job.importer.begin(account)
                count = reconcile(settings.journal, route, job.id, job.importer, capabilities)
            if count:
                settings.emit(Notice("info", f"Settled {count} items of an interrupted run."))
            self._delivery = self._window(route, capabilities)
        self._route = route
        self._ordinals = Ordinals(settings.journal, route.id)
        self._decider = Decider(
            journal=settings.journal,
            route=route,
            capabilities=capabilities,
            mapping=job.exporter_spec.mapping_version,
            updates=isinstance(job.importer, Updates),
            older=bool(self._as_of and route.newest and self._as_of < route.newest),
        )

    def _window(self, route: Route, capabilities: ImporterCapabilities) -> Delivery:
        job, settings = self.job, self.settings
        return Delivery(
            importer=job.importer,
            plugin=job.importer_spec.name,
            capabilities=capabilities,
            journal=settings.journal,
            route=route,
            run=job.id,
            fetch=settings.fetch,
            release=settings.release,
            tally=self.tally,
            emit=settings.emit,
            stop=settings.stop,
            patience=settings.patience,
        )

    # --- items ---------------------------------------------------------------------------

    def _take_items(self, page: Page) -> None:
        assert self._ordinals is not None and self._route is not None
        numbered = self._ordinals.resolve(page.items)
        self._known = self.settings.journal.known_many(
            self._route.id, [item.id for item in numbered.items]
        )
        self._sent.clear()
        for item in numbered.items:
            self._take_item(item)
        for item in numbered.ambiguous:
            self.tally.add(item.kind, "found")
            self.tally.add(item.kind, "conflict")
            self.tally.problem(
                item.id,
                item.kind,
                "conflict",
                "ambiguous",
                "it could be one of several items that were delivered before; not sent again",
            )

    def _take_item(self, item: Item) -> None:
        self.tally.add(item.kind, "found")
        selection = self.job.selection
        full = selection.limit is not None and self._taken >= selection.limit
        if full or not selection.takes_item(item):
            self.tally.add(item.kind, "not_asked")
            return
        if has_schema(item.kind):
            judge = validator(item.kind)
            if not judge.is_valid(item.record) or not encodable(item.record):
                problems = judge.problems(item.record) or [NOT_TEXT]
                self._reject(item.kind, item.id, item.record, problems[0])
                return
        assert self._decider is not None
        known = self._known.get(item.id)
        if item.id in self._sent or (known is not None and known.state == "intent"):
            self.tally.add(item.kind, "conflict")
            reason = f"{self.job.exporter_spec.name} gave two items this id; the first was taken"
            self.tally.problem(item.id, item.kind, "conflict", "duplicate-id", reason)
            return
        self._sent.add(item.id)
        self._act(item, self._decider.decide(item, known))

    def _act(self, item: Item, decision: Decision) -> None:
        self.tally.add(item.kind, decision.column)
        if decision.column != "unchanged":
            self._taken += 1
        if decision.listed is not None:
            listed = decision.listed
            withheld = listed.state == "confirmed"
            self.tally.add(item.kind, "withheld" if withheld else listed.state)
            self.tally.problem(item.id, item.kind, listed.state, "not-sent", listed.reason)
            if not withheld:
                assert self._route is not None
                self.settings.journal.list_outcome(self._route.id, self.job.id, listed)
        elif decision.work is not None and self._delivery is not None:
            self._delivery.submit(decision.work)
        elif decision.state in ("incomplete", "unknown"):
            self.tally.add(item.kind, decision.state)
            if decision.state == "unknown":
                reason = "it may or may not be at the destination"
                self.tally.problem(item.id, item.kind, "unknown", "unknown", reason)

    def _reject(self, kind: str, where: str, value: Any, reason: str) -> None:
        """Keep something that its schema refuses: raw, as a section, and listed."""
        self.tally.add(kind, "rejected", len(value) if isinstance(value, list) else 1)
        self.tally.problem(where, kind, "rejected", "invalid", reason)
        assert self._route is not None
        item = rejected_item(where, value, reason)
        self._known |= self.settings.journal.known_many(self._route.id, [item.id])
        self._take_item(item)

    # --- rows ----------------------------------------------------------------------------

    def _take_rows(self, spool: RowSpool, batch: RowBatch) -> None:
        kind = batch.collection.kind
        rows = self.job.selection.rows(batch.rows)
        if not self.job.selection.takes_kind(kind):
            rows = ()
        left_out = len(batch.rows) - len(rows)
        if left_out:
            self.tally.add(kind, "found", left_out)
            self.tally.add(kind, "not_asked", left_out)
        try:
            if rows_check(kind)(rows):
                spool.add(batch.collection, rows, batch.path)
                return
        except UnicodeEncodeError:
            pass
        rows, bad = split_rows(kind, rows)
        self._bad_rows.append((batch, bad))
        spool.add(batch.collection, rows, batch.path)

    def _send_rows(self, spool: RowSpool) -> None:
        assert self._route is not None and self._decider is not None
        for batch, bad in self._bad_rows:
            kind = batch.collection.kind
            self.tally.add(kind, "found", len(bad))
            self._reject(kind, batch.path, [row for row, _ in bad], bad[0][1])
        self.settings.emit(Stage("rows", self._read_rows))
        capabilities = self._decider.capabilities
        for collection in spool.collections():
            name, kind = collection_id(collection), collection.kind
            found = new = 0

            def count(rows: int) -> None:
                nonlocal found
                found += rows

            delivered = {
                bucket: Delivered(held.count, held.total, held.keys)
                for bucket, held in self.settings.journal.buckets(self._route.id, name).items()
            }
            for segment in spool.segments(
                collection, delivered, max_rows=capabilities.max_segment_rows, found=count
            ):
                if self.settings.stop.is_set():
                    raise Interrupted
                new += segment.count
                self._send_segment(name, segment)
            self.tally.add(kind, "found", found)
            self.tally.add(kind, "new", new)
            self.tally.add(kind, "unchanged", found - new)

    def _send_segment(self, collection: str, segment: Segment) -> None:
        assert self._decider is not None
        item, kinds = segment.item, self._decider.capabilities.kinds
        if kinds is not None and item.kind not in kinds:
            self.tally.add(item.kind, "skipped", segment.count)
        elif self._delivery is not None:
            self._delivery.submit(
                Work(
                    item,
                    "send",
                    "",
                    self.job.exporter_spec.mapping_version,
                    frozen=Frozen(collection, segment.buckets),
                    rows=segment.count,
                )
            )

    # --- the end -------------------------------------------------------------------------

    def _finish(self) -> None:
        assert self._route is not None
        journal, importer = self.settings.journal, self.job.importer
        route = self._route
        current = [
            one
            for one in journal.routes(route.source, route.destination, route.place)
            if one.id == route.id
        ]
        if isinstance(importer, Finishes) and current[0].finish_due:
            self.settings.emit(Stage("finishing"))
            with blamed(self.job.importer_spec.name):
                importer.finish(journal.receipts(route.id))
        journal.set_finish_due(route.id, due=False)
        if self._as_of and self.job.selection.everything:
            journal.set_newest(route.id, self._as_of)
