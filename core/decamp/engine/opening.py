"""Opens the route of a run: finds it, lets the destination begin, and settles what was left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.delivery.linkwatch import LinkWatch
from decamp.engine.delivery.pace import Pace
from decamp.engine.delivery.window import Delivery
from decamp.engine.items import ItemIntake
from decamp.engine.job import Job, Settings
from decamp.engine.judging.decide import Decider
from decamp.engine.judging.renames import Renames
from decamp.engine.people.choice import PeopleChoice
from decamp.engine.people.names import People
from decamp.engine.routes.before import deleted_there, notice_lost
from decamp.engine.routes.owner import named_account, newest_of
from decamp.engine.routes.reconcile import reconcile
from decamp.engine.routes.route import RouteFinder
from decamp.engine.routes.sides import Sides
from decamp.engine.tally import Tally
from decamp.engine.vanished import SeenPosts
from decamp.engine.waits import Waits
from decamp.events import Notice
from decamp.journal import Route
from decamp.model import Item, Origin, Preview
from decamp.rows import RowSpool
from decamp.spec import Begins, Fills, ImporterCapabilities, Previews, Updates

__all__ = ["OpenRoute", "Opening"]


@frozen
class OpenRoute:
    """A route on which things can be sent."""

    route: Route
    capabilities: ImporterCapabilities
    """Of the destination, as it was found when it began."""
    items: ItemIntake
    delivery: Delivery | None
    """None in a dry run."""


@frozen(kw_only=True)
class Opening:
    """What it takes to open a route, once the first page with items is here."""

    job: Job
    settings: Settings
    tally: Tally
    sides: Sides
    choice: PeopleChoice
    people: People
    spool: RowSpool
    """The rows that were read."""

    def find(self, items: Sequence[Item]) -> Route:
        """Find out whose data it is and where it goes, and what of it was lost there.

        Args:
            items: The first of the export.
        """
        settings, sides = self.settings, self.sides
        sides.identify()
        route = RouteFinder(
            journal=settings.journal,
            plugin=self.job.importer_spec.name,
            importer=self.job.importer,
            destination=sides.destination,
            account=sides.whose,
            given=self.job.account,
            spool=self.spool,
            items=items,
            emit=settings.emit,
            ask=settings.ask,
            stop=settings.stop,
        ).find()
        before = sides.held.account.names if sides.held else ()
        settings.journal.bind_run(self.job.id, route.id, sides.as_of or "", before)
        if route.settings != sides.destination.settings:
            settings.journal.set_settings(route.id, sides.destination.settings)
        self.choice.fix(
            settings.journal, route, settings.secrets, settings.emit, dry_run=self.job.dry_run,
            public=self.job.importer_spec.capabilities.public,
        )  # fmt: skip
        notice_lost(sides, route, settings.emit)
        return route

    def begin(self, route: Route) -> OpenRoute:
        """Let the destination begin, and settle what an interrupted run has left open.

        Raises:
            Interrupted: The run was asked to stop before all of that was settled.
        """
        job, settings = self.job, self.settings
        deleted = deleted_there(self.sides, route)
        with blamed(job.importer_spec.name):
            capabilities = self._begun(route)
            count = reconcile(
                settings.journal, route, job.importer, capabilities, look_only=job.dry_run,
                stop=settings.stop,
            )  # fmt: skip
        # What an interrupted run has brought is known only now, and renames show by it.
        renames = Renames.find(settings.journal, route, self.spool)
        renames.apply(self.spool)
        delivery = None
        if not job.dry_run:
            if count:
                settings.emit(Notice("info", f"Settled {count} items of an interrupted run."))
            delivery = self._window(route, capabilities)
        items = ItemIntake(
            exporter=job.exporter_spec.name,
            run=job.id,
            selection=job.selection,
            tally=self.tally,
            journal=settings.journal,
            route=route,
            decider=self._decider(capabilities, deleted),
            delivery=delivery,
            links=LinkWatch(self.tally, settings.emit, settings.look, settings.now()),
            renames=renames,
            people=self.people,
            preview=self._preview,
            posts=SeenPosts(settings.scratch),
        )
        return OpenRoute(route, capabilities, items, delivery)

    def _begun(self, route: Route) -> ImporterCapabilities:
        """Tell the destination whose data comes, and hear what it can; a dry run tells nothing."""
        job, sides, journal = self.job, self.sides, self.settings.journal
        if not job.dry_run:
            self.settings.writes()
        if job.dry_run or not isinstance(job.importer, Begins):
            return job.importer_spec.capabilities
        account = named_account(sides.whose, job.account, sides.held, sides.as_of)
        newest = newest_of(route, sides.held, sides.as_of)
        origin = self.choice.marked(Origin(account, newest))
        if origin.as_of is not None:
            journal.set_newest(route.id, stamp(origin.as_of))
        capabilities = job.importer.begin(origin, journal.open_token(route.id))
        sides.require_unchanged()
        return capabilities

    def _window(self, route: Route, capabilities: ImporterCapabilities) -> Delivery:
        job, settings = self.job, self.settings
        pace = Pace(
            journal=settings.journal,
            route=route,
            title=self.sides.destination.title,
            budgets=capabilities.budgets,
            clock=settings.now,
            pause=settings.pause,
            emit=settings.emit,
            stop=settings.stop,
            wait=settings.wait,
        )
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
            pace=pace,
            waits=Waits(settings.emit, settings.now),
            patience=settings.patience,
        )

    def _decider(self, capabilities: ImporterCapabilities, deleted: Mapping[str, str]) -> Decider:
        job = self.job
        return Decider(
            capabilities=capabilities,
            mapping=job.exporter_spec.mapping_version,
            former=job.exporter_spec.former,
            updates=isinstance(job.importer, Updates),
            fills=isinstance(job.importer, Fills),
            as_of=self.sides.as_of or "",
            refresh=job.refresh,
            audiences=job.audiences,
            deleted=deleted,
        )

    def _preview(self, item: Item) -> Preview | None:
        """In a dry run, have the importer tell what becomes of an item."""
        importer = self.job.importer
        if not self.job.dry_run or not isinstance(importer, Previews):
            return None
        with blamed(self.job.importer_spec.name):
            return importer.preview(item)
