"""The two sides of a run: whose data it brings, and the destination as it was found."""

from __future__ import annotations

from attrs import define, evolve, field

from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.job import Job
from decamp.engine.routes.mute import remembered
from decamp.engine.routes.owner import names_of
from decamp.errors import Locked
from decamp.journal import Journal, Route
from decamp.model import Account, Destination, Origin
from decamp.spec import Identifies

__all__ = ["Sides"]


@define
class Sides:
    """What is known so far of the two sides of a run; more with each look."""

    job: Job
    journal: Journal
    found: Destination | None = field(default=None, init=False)
    """The destination as it was when last looked at; None before the first look."""
    account: Account = field(factory=Account, init=False)
    """Whose data it is, as the source tells it once it was read."""
    as_of: str | None = field(default=None, init=False)
    """From when the export is, RFC 3339; None if that is not known."""

    # --- the destination -----------------------------------------------------------------

    @property
    def destination(self) -> Destination:
        """Give the destination as it was found."""
        assert self.found is not None, "a run looks at its destination before anything else"
        return self.found

    @property
    def held(self) -> Origin | None:
        """Tell whose data is there already; None if nobody's, or before the first look."""
        return self.found.holds if self.found else None

    def look(self) -> None:
        """Find the destination as it is now."""
        plugin = self.job.importer_spec.name
        with blamed(plugin):
            found = self.job.importer.check()
        self.found = remembered(self.journal, plugin, found)

    def require_unchanged(self) -> None:
        """Make sure that nobody has written between the last look and the lock.

        Raises:
            Locked: Somebody has.
        """
        if self.job.importer.check().seal != self.destination.seal:
            raise Locked(
                f"Another decamp has just written to {self.destination.title}.",
                hint="Run the same command again: decamp then looks at what is there now.",
            )

    # --- the source ----------------------------------------------------------------------

    def fingerprint(self) -> str:
        """Recognise this very export, as this mapping reads it; empty if the source cannot."""
        exporter, spec = self.job.exporter, self.job.exporter_spec
        if not isinstance(exporter, Identifies):
            return ""
        with blamed(spec.name):
            return f"{exporter.fingerprint()}/{spec.mapping_version}"

    def identify(self) -> None:
        """Take from the source, now that it was read, whose data it is and from when."""
        exporter = self.job.exporter
        if isinstance(exporter, Identifies):
            with blamed(self.job.exporter_spec.name):
                self.account = exporter.account()
                as_of = exporter.as_of()
            self.as_of = stamp(as_of) if as_of else None

    @property
    def whose(self) -> Account:
        """Give the account with the service that it is of."""
        return evolve(self.account, service=self.account.service or self.job.exporter_spec.name)

    # --- between them --------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """List the routes from this service to this destination."""
        where = (self.job.importer_spec.name, self.destination.id)
        return self.journal.routes(self.whose.service, *where)

    def own_names(self) -> set[str]:
        """Give all names that the account's owner is known by; a source may have to look."""
        exporter, held = self.job.exporter, self.held
        aliases = {alias for route in self.routes() for alias in route.aliases}
        if isinstance(exporter, Identifies):
            with blamed(self.job.exporter_spec.name):
                aliases.update(names_of(exporter.account(), self.job.account))
        names = {alias[5:] for alias in aliases if alias.startswith("name:")}
        return names.union(held.account.names if held else ())
