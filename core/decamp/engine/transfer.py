"""One run on one route: read, compare, deliver, finish.

Data goes one way. Rows are spooled while the source is read, because only then is it
known which of them are new; items go out page by page. A dry run takes the same way with
a private copy of the journal, and stops where something would be sent.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from attrs import define, field

from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.copies.requests import RequestedCopy
from decamp.engine.copies.words import no_copy
from decamp.engine.delivery.pace import finish_time
from decamp.engine.garbage import seldom_collected
from decamp.engine.job import Job, Settings
from decamp.engine.opening import Opening, OpenRoute
from decamp.engine.people.choice import PeopleChoice, choose
from decamp.engine.reading import Interrupted, pages
from decamp.engine.routes.before import deleted_there, delivered_before, notice_lost
from decamp.engine.routes.sides import Sides
from decamp.engine.runbook import record_end, record_start, standing_of
from decamp.engine.segments import RowIntake
from decamp.engine.tally import Tally
from decamp.engine.vanished import vanished_conversations, vanished_posts
from decamp.engine.waits import Waits
from decamp.engine.workers import attempt
from decamp.errors import ConfigError, DestinationRefused, TransferError
from decamp.events import Notice, ReadProgress, RunEnded, RunStarted, Stage
from decamp.filesystems import no_room
from decamp.journal import Route
from decamp.model import Account, Page
from decamp.report import Run, report
from decamp.spec import Closes, Finishes, Requests

__all__ = ["Engine"]

_log = logging.getLogger(__name__)


@define
class Engine:
    """Carries out one job."""

    job: Job
    settings: Settings
    tally: Tally = field(factory=Tally)
    _sides: Sides = field(init=False)
    _route: Route | None = field(default=None, init=False)
    _opened: OpenRoute | None = field(default=None, init=False)
    _choice: PeopleChoice = field(factory=PeopleChoice, init=False)
    _copy: RequestedCopy | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._sides = Sides(self.job, self.settings.journal)

    def run(self) -> dict[str, Any]:
        """Do the job and report; errors end the run and stand in the report.

        Returns:
            The receipt of a transfer, or the plan of a dry run, valid by its schema.
        """
        job, settings, sides = self.job, self.settings, self._sides
        started, fingerprint = stamp(), ""
        error: BaseException | None = None
        settings.emit(RunStarted(job.id, job.source, job.importer_spec.title))
        try:
            sides.look()
            if isinstance(job.exporter, Requests):
                record_start(settings.journal, job, sides.destination, started)  # waits for days
                self._obtain(job.exporter)
            fingerprint = sides.fingerprint()
            record_start(settings.journal, job, sides.destination, started, fingerprint)
            with settings.lock(f"{job.importer_spec.name}:{sides.destination.id}"):
                self._choice = choose(
                    job.people, settings.journal, sides.routes(), sides.destination,
                    settings.secrets,
                )  # fmt: skip
                if not self._nothing_new(fingerprint):
                    with seldom_collected():
                        self._bring()
                        if not job.dry_run:
                            self._finish()
        except (TransferError, Interrupted, KeyboardInterrupt) as caught:
            error = caught
        except OSError as caught:
            error = no_room(caught)
            if error is None:
                self._let_go()
                raise
        if error is not None:
            _log.info("run %s ends: %s %s", job.id, type(error).__name__, error)
            if settings.stop.is_set():  # whatever was raised, perhaps for the stop
                error = Interrupted()
        self._let_go()
        document = self._document(started, fingerprint, error)
        if not isinstance(error, Interrupted | KeyboardInterrupt) or sides.found:
            record_end(settings.journal, job.id, document)
        if not job.dry_run:
            self._settle_copy(document["state"], error)
        settings.emit(RunEnded(job.id, document["state"], document["exit_code"]))
        return document

    def _document(
        self, started: str, fingerprint: str, error: BaseException | None
    ) -> dict[str, Any]:
        """Write the receipt, or the plan of a dry run."""
        job, settings, sides = self.job, self.settings, self._sides
        return report(
            Run(
                job=job.id,
                command=job.command,
                source_plugin=job.exporter_spec.name,
                source=job.source,
                destination_plugin=job.importer_spec.name,
                destination=sides.found,
                account=sides.account,
                given_account=job.account,
                as_of=sides.as_of,
                fingerprint=fingerprint,
                omits=job.exporter_spec.omits,
                selection=job.selection.as_json(),
                people=self._choice.way,
                started=started,
                ended=stamp(),
                dry_run=job.dry_run,
                error=error,
                standing=None if job.dry_run else standing_of(settings.journal, self._route),
                grant=job.grant,
                public=job.importer_spec.capabilities.public,
                audiences=tuple(sorted(job.audiences)),
                finish=self._finish_time() if job.dry_run else "",
            ),
            self.tally,
        )

    def _let_go(self) -> None:
        """Close the importer before the run counts as ended: then it leaves no lock behind."""
        importer = self.job.importer
        if isinstance(importer, Closes):
            try:
                importer.close()
            except Exception:  # noqa: BLE001 - a plugin may raise anything
                _log.exception("closing %s failed", self.job.importer_spec.name)

    def _obtain(self, exporter: Requests) -> None:
        """Have the service make a copy, or take one that it has made."""
        job, settings = self.job, self.settings
        self._copy = RequestedCopy(
            journal=settings.journal,
            exporter=exporter,
            source=job.exporter_spec.name,
            service=job.exporter_spec.title,
            title=job.source,
            account=job.grant.account if job.grant else "",
            grant=job.grant,
            connect=job.connect or f"decamp connect {job.exporter_spec.name}",
            destination=job.importer_spec.name,
            place=self._sides.destination.id,
            folder=settings.copies,
            lock=settings.lock,
            emit=settings.emit,
            stop=settings.stop,
            now=settings.now,
            wait=settings.wait,
        )
        if not job.dry_run:
            self._copy.obtain()
            self._sides.look()  # the last look was perhaps days ago
        elif not self._copy.peek():
            raise ConfigError(
                no_copy(job.exporter_spec.title),
                hint=f"To ask for one: decamp transfer {job.source} FOLDER",
            )

    def _settle_copy(self, state: str, error: BaseException | None) -> None:
        """Take note of what became of the copy that was asked for, if one was."""
        if self._copy is None:
            return
        with suppress(TransferError):  # then the next run sees to it
            if error is None:
                self._copy.brought(whole=state == "done" and self.job.selection.everything)
            elif type(error) is DestinationRefused:  # a full one may have room tomorrow
                self._copy.refused()

    # --- what was before -----------------------------------------------------------------

    def _nothing_new(self, fingerprint: str) -> bool:
        """Recognise the very export that was delivered last, without reading it."""
        job, sides = self.job, self._sides
        if not fingerprint or not job.selection.everything or job.refresh:
            return False
        found = delivered_before(sides, fingerprint)
        if found is None or notice_lost(sides, found[0], self.settings.emit):
            return False
        if deleted_there(sides, found[0]):
            return False
        self._route, last = found
        self.settings.journal.bind_run(job.id, self._route.id)
        sides.account = Account(names=tuple(last["source"].get("account", ())))
        sides.as_of = last["source"].get("as_of")
        for kind, counts in last["counts"].items():
            self.tally.add(kind, "found", counts["found"])
            self.tally.add(kind, "unchanged", counts["found"] - counts.get("left_out", 0))
        self.settings.emit(Notice("info", "This very export was delivered before; nothing is new."))
        return True

    # --- the way of the data -------------------------------------------------------------

    def _bring(self) -> None:
        """Read everything, and deliver what is new."""
        job, settings = self.job, self.settings
        people = self._choice.people(self._sides.own_names, self.tally)
        rows = RowIntake.open(
            settings.scratch, settings.journal.salt, job.selection, self.tally, people,
            consolidate=job.consolidate,
        )  # fmt: skip
        opening = Opening(
            job=job,
            settings=settings,
            tally=self.tally,
            sides=self._sides,
            choice=self._choice,
            people=people,
            spool=rows.spool,
        )
        items = 0
        try:
            settings.emit(Stage("reading"))
            for page in pages(
                job.exporter, job.exporter_spec.name, settings.emit, settings.stop,
                wait=settings.wait, now=settings.now,
            ):  # fmt: skip
                for batch in page.rows:
                    rows.take(batch)
                if page.items:
                    self._open(opening, page).items.take(page)
                items += len(page.items)
                if page.progress is not None:
                    due = self._opened.items.due if self._opened is not None else 0
                    settings.emit(ReadProgress(page.progress, rows.total, items, due))
            opened = self._open(opening)
            settings.emit(ReadProgress(1.0, rows.total, items, opened.items.due))
            if opened.delivery is not None:
                opened.delivery.drain()  # so that each stage tells of its own things
            if rows.asked and not opened.capabilities.public:
                settings.emit(Stage("rows", rows.asked))
            rows.send(settings.journal, opened, settings.stop)
            if opened.delivery is not None:
                self._look_for_vanished(opened, rows)
                opened.delivery.drain()
                if settings.stop.is_set():
                    raise Interrupted  # something may have been let go unsent
        finally:
            if self._opened is not None:
                if self._opened.delivery is not None:
                    self._opened.delivery.close()
                self._opened.items.posts.close()
            rows.close()

    def _open(self, opening: Opening, first: Page | None = None) -> OpenRoute:
        """Open the route, once; the first page with items may tell whose data it is."""
        if self._opened is None:
            if first is not None:
                rest = first.remaining
                total = None if rest is None else len(first.items) + rest
                self.settings.emit(Stage("items", total))
            self._route = opening.find(first.items if first is not None else ())
            self._opened = opening.begin(self._route)
        return self._opened

    def _look_for_vanished(self, opened: OpenRoute, rows: RowIntake) -> None:
        journal, items = self.settings.journal, opened.items
        as_of = self._sides.as_of or ""
        posts = vanished_posts(journal, opened.route, items.posts, items.unsure, as_of)
        talks = vanished_conversations(journal, opened.route, rows.spool)
        self.tally.vanished = posts + talks

    def _finish_time(self) -> str:
        """Tell when a transfer of what was planned would end, if it has to wait."""
        if self._opened is None:
            return ""
        return finish_time(
            self.settings.journal, self._opened.route, self._opened.capabilities.budgets,
            self.tally.costs, self.settings.now(),
        )  # fmt: skip

    # --- the end -------------------------------------------------------------------------

    def _finish(self) -> None:
        """Complete the destination, if anything was written since it was complete."""
        assert self._route is not None
        route = self._route
        journal, importer = self.settings.journal, self.job.importer
        if not journal.finish_due(route.id):
            return
        seal = ""
        if isinstance(importer, Finishes):
            self.settings.emit(Stage("finishing"))
            with blamed(self.job.importer_spec.name):
                attempt(
                    lambda: importer.finish(journal.receipts(route.id)),
                    self.settings.stop,
                    waits=Waits(self.settings.emit, self.settings.now).say,
                )
                seal = importer.check().seal
        journal.finished(route.id, seal)
