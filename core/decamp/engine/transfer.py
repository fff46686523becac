"""One run on one route: read, compare, deliver, finish.

Data goes one way. Rows are spooled while the source is read, because only then is it
known which of them are new; items go out page by page. A dry run takes the same way with
a private copy of the journal, and stops where something would be sent.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from attrs import define, evolve, field

from decamp.engine.before import DELETED, deleted_there, delivered_before, notice_lost
from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.decide import Decider
from decamp.engine.delivery import Delivery
from decamp.engine.garbage import seldom_collected
from decamp.engine.items import ItemIntake
from decamp.engine.job import Job, Settings
from decamp.engine.linkwatch import LinkWatch
from decamp.engine.mute import remembered
from decamp.engine.owner import named_account, newest_of
from decamp.engine.pace import Pace, finish_time
from decamp.engine.people import KEEP, People
from decamp.engine.peoplechoice import PeopleChoice, choose
from decamp.engine.reading import Interrupted, pages
from decamp.engine.reconcile import reconcile
from decamp.engine.renames import Renames
from decamp.engine.requests import RequestedCopy
from decamp.engine.requestwords import no_copy
from decamp.engine.route import RouteFinder, names_of
from decamp.engine.runbook import record_end, record_start, standing_of
from decamp.engine.segments import RowIntake
from decamp.engine.tally import Tally
from decamp.engine.vanished import vanished_conversations, vanished_posts
from decamp.engine.workers import attempt
from decamp.errors import ConfigError, DestinationRefused, Locked, TransferError
from decamp.events import Notice, ReadProgress, RunEnded, RunStarted, Stage
from decamp.filesystems import no_room
from decamp.journal import Route
from decamp.model import Account, Destination, Item, Origin, Page, Preview
from decamp.report import Run, report
from decamp.spec import (
    Begins,
    Closes,
    Fills,
    Finishes,
    Identifies,
    ImporterCapabilities,
    Previews,
    Requests,
    Updates,
)

__all__ = ["Engine"]

_log = logging.getLogger(__name__)


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
    _capabilities: ImporterCapabilities = field(factory=ImporterCapabilities, init=False)
    _rows: RowIntake | None = field(default=None, init=False)
    _items: ItemIntake | None = field(default=None, init=False)
    _delivery: Delivery | None = field(default=None, init=False)
    _choice: PeopleChoice = field(factory=PeopleChoice, init=False)
    _people: People = field(default=KEEP, init=False)
    _copy: RequestedCopy | None = field(default=None, init=False)
    _deleted: dict[str, str] = field(factory=dict, init=False)

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
                found = job.importer.check()
            self._destination = remembered(settings.journal, job.importer_spec.name, found)
            if isinstance(job.exporter, Requests):
                record_start(settings.journal, job, self._destination, started)  # waits for days
                self._obtain(job.exporter)
            if isinstance(job.exporter, Identifies):
                with blamed(job.exporter_spec.name):
                    copy = job.exporter.fingerprint()
                fingerprint = f"{copy}/{job.exporter_spec.mapping_version}"
            record_start(settings.journal, job, self._destination, started, fingerprint)
            with settings.lock(f"{job.importer_spec.name}:{self._destination.id}"):
                self._choice = choose(
                    job.people, settings.journal, self._routes(), self._destination,
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
        self._let_go()
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
        if not isinstance(error, Interrupted | KeyboardInterrupt) or self._destination:
            record_end(settings.journal, job.id, document)
        if self._copy is not None and not job.dry_run:
            with suppress(TransferError):  # then the next run sees to it
                if error is None:
                    whole = document["state"] == "done" and job.selection.everything
                    self._copy.brought(whole=whole)
                elif type(error) is DestinationRefused:  # a full one may have room tomorrow
                    self._copy.refused()
        settings.emit(RunEnded(job.id, document["state"], document["exit_code"]))
        return document

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
        assert self._destination is not None
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
            place=self._destination.id,
            folder=settings.copies,
            lock=settings.lock,
            emit=settings.emit,
            stop=settings.stop,
            now=settings.now,
            wait=settings.wait,
        )
        if not job.dry_run:
            self._copy.obtain()
            with blamed(job.importer_spec.name):  # that was perhaps days ago
                found = job.importer.check()
            self._destination = remembered(settings.journal, job.importer_spec.name, found)
        elif not self._copy.peek():
            raise ConfigError(
                no_copy(job.exporter_spec.title),
                hint=f"To ask for one: decamp transfer {job.source} FOLDER",
            )

    # --- what was before -----------------------------------------------------------------

    def _routes(self) -> list[Route]:
        assert self._destination is not None
        where = (self._whose().service, self.job.importer_spec.name, self._destination.id)
        return self.settings.journal.routes(*where)

    def _nothing_new(self, fingerprint: str) -> bool:
        """Recognise the very export that was delivered last, without reading it."""
        job, journal = self.job, self.settings.journal
        assert self._destination is not None
        if not fingerprint or not job.selection.everything or job.refresh:
            return False
        place = (self._whose().service, job.importer_spec.name, self._destination)
        found = delivered_before(journal, *place, fingerprint, job.account)
        if found is None or self._notice_lost(found[0]):
            return False
        self._route, last = found
        journal.bind_run(job.id, self._route.id)
        self._account = Account(names=tuple(last["source"].get("account", ())))
        self._as_of = last["source"].get("as_of")
        for kind, counts in last["counts"].items():
            self.tally.add(kind, "found", counts["found"])
            left_out = sum(counts.get(column, 0) for column in ("left_out",))
            self.tally.add(kind, "unchanged", counts["found"] - left_out)
        self.settings.emit(Notice("info", "This very export was delivered before; nothing is new."))
        return True

    def _notice_lost(self, route: Route) -> int:
        assert self._destination is not None
        journal, plugin = self.settings.journal, (self.job.importer, self.job.importer_spec.name)
        if not self.job.importer_spec.capabilities.public:
            return notice_lost(journal, route, *plugin, self._destination, self.settings.emit)
        # An update that was cut off may have left fewer records itself; it is settled first.
        cut_off = {known.item_id for known, _, _ in journal.open_intents(route.id)}
        receipts = (one for one in journal.receipts(route.id) if one.item_id not in cut_off)
        found = deleted_there(*plugin, receipts)
        self._deleted = {name: DELETED[one.problem] for name, one in found.items()}
        return len(found)

    # --- the way of the data -------------------------------------------------------------

    def _bring(self) -> None:
        """Read everything, and deliver what is new."""
        job, settings = self.job, self.settings
        self._people = self._choice.people(self._own_names, self.tally)
        rows = self._rows = RowIntake.open(
            settings.scratch, settings.journal.salt, job.selection, self.tally, self._people,
            consolidate=job.consolidate,
        )  # fmt: skip
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
                    self._open_route(page).take(page)
                items += len(page.items)
                if page.progress is not None:
                    settings.emit(ReadProgress(page.progress, rows.total, items))
            intake = self._open_route()
            assert self._route is not None
            settings.emit(Stage("rows", rows.total))
            rows.send(
                settings.journal, self._route, self._capabilities, intake, self._delivery,
                settings.stop,
            )  # fmt: skip
            if self._delivery is not None:
                posts = vanished_posts(
                    settings.journal, self._route, intake.posts, intake.unsure, self._as_of or ""
                )
                talks = vanished_conversations(settings.journal, self._route, rows.spool)
                self.tally.vanished = posts + talks
                self._delivery.drain()
                if settings.stop.is_set():
                    raise Interrupted  # something may have been let go unsent
        finally:
            if self._delivery is not None:
                self._delivery.close()
            rows.close()

    def _own_names(self) -> set[str]:
        """Give all names that the account's owner is known by."""
        job, held = self.job, self._destination.holds if self._destination else None
        aliases = {alias for route in self._routes() for alias in route.aliases}
        if isinstance(job.exporter, Identifies):
            with blamed(job.exporter_spec.name):
                aliases.update(names_of(job.exporter.account(), job.account))
        names = {alias[5:] for alias in aliases if alias.startswith("name:")}
        return names.union(held.account.names if held else ())

    def _open_route(self, page: Page | None = None) -> ItemIntake:
        """Find out whose data it is and where it goes, once; settle what was left open."""
        if self._items is not None:
            return self._items
        job, settings = self.job, self.settings
        if page is not None:
            rest = page.remaining
            settings.emit(Stage("items", None if rest is None else len(page.items) + rest))
        assert self._destination is not None
        if isinstance(job.exporter, Identifies):
            with blamed(job.exporter_spec.name):
                self._account = job.exporter.account()
                as_of = job.exporter.as_of()
            self._as_of = stamp(as_of) if as_of else None
        assert self._rows is not None
        route = RouteFinder(
            journal=settings.journal,
            plugin=job.importer_spec.name,
            importer=job.importer,
            destination=self._destination,
            account=self._whose(),
            given=job.account,
            spool=self._rows.spool,
            items=page.items if page is not None else (),
            emit=settings.emit,
            ask=settings.ask,
        ).find()
        held = self._destination.holds
        before = held.account.names if held else ()
        settings.journal.bind_run(job.id, route.id, self._as_of or "", before)
        if route.settings != self._destination.settings:
            settings.journal.set_settings(route.id, self._destination.settings)
        self._choice.fix(
            settings.journal, route, settings.secrets, settings.emit, dry_run=job.dry_run,
            public=job.importer_spec.capabilities.public,
        )  # fmt: skip
        self._notice_lost(route)
        self._route, self._capabilities = route, job.importer_spec.capabilities
        with blamed(job.importer_spec.name):
            if not job.dry_run and isinstance(job.importer, Begins):
                account = named_account(self._whose(), job.account, held, self._as_of)
                newest = newest_of(route, held, self._as_of)
                origin = self._choice.marked(Origin(account, newest))
                if origin.as_of is not None:
                    settings.journal.set_newest(route.id, stamp(origin.as_of))
                token = settings.journal.open_token(route.id)
                self._capabilities = job.importer.begin(origin, token)
                self._still()
            count = reconcile(
                settings.journal, route, job.importer, self._capabilities, look_only=job.dry_run
            )
        # What an interrupted run has brought is known only now, and renames show by it.
        renames = Renames.find(settings.journal, route, self._rows.spool)
        renames.apply(self._rows.spool)
        if not job.dry_run:
            if count:
                settings.emit(Notice("info", f"Settled {count} items of an interrupted run."))
            self._delivery = self._window(route, self._capabilities)
        decider = Decider(
            capabilities=self._capabilities,
            mapping=job.exporter_spec.mapping_version,
            former=job.exporter_spec.former,
            updates=isinstance(job.importer, Updates),
            fills=isinstance(job.importer, Fills),
            as_of=self._as_of or "",
            refresh=job.refresh,
            audiences=job.audiences,
            deleted=self._deleted,
        )
        self._items = ItemIntake(
            job.exporter_spec.name, job.id, job.selection, self.tally, settings.journal, route,
            decider, self._delivery, LinkWatch(self.tally, settings.emit, settings.now()), renames, self._people,
            self._preview,
        )  # fmt: skip
        return self._items

    def _preview(self, item: Item) -> Preview | None:
        """In a dry run, have the importer tell what becomes of an item."""
        importer = self.job.importer
        if not self.job.dry_run or not isinstance(importer, Previews):
            return None
        with blamed(self.job.importer_spec.name):
            return importer.preview(item)

    def _still(self) -> None:
        """Make sure that nobody has written between the first look and the lock."""
        assert self._destination is not None
        seal = self.job.importer.check().seal
        if seal != self._destination.seal:
            raise Locked(
                f"Another decamp has just written to {self._destination.title}.",
                hint="Run the same command again: decamp then looks at what is there now.",
            )

    def _whose(self) -> Account:
        """Give the account with the service that it is of."""
        service = self._account.service or self.job.exporter_spec.name
        return evolve(self._account, service=service)

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
            pace=Pace(
                settings.journal, route, self._destination.title if self._destination else "",
                capabilities.budgets, settings.now, settings.pause, settings.emit, settings.stop,
                settings.wait,
            ),
        )  # fmt: skip

    def _finish_time(self) -> str:
        if self._route is None:
            return ""
        return finish_time(
            self.settings.journal, self._route, self._capabilities.budgets, self.tally.costs,
            self.settings.now(),
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
                attempt(lambda: importer.finish(journal.receipts(route.id)), self.settings.stop)
                seal = importer.check().seal
        journal.finished(route.id, seal)
