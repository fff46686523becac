"""Finds the route of a run: whose data goes where, and what of it went before."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NoReturn

from attrs import frozen

from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.job import Ask
from decamp.engine.judging.overlap import Overlap, account_overlap
from decamp.engine.routes.owner import names_of
from decamp.engine.routes.rebuild import in_step, relearn, route_in_step
from decamp.errors import ConfigError, DestinationRefused, JournalDamaged
from decamp.events import Emit, Notice, RouteFound, Stage
from decamp.journal import Journal, Route
from decamp.model import Account, Destination, Item, Origin
from decamp.rows import RowSpool
from decamp.spec import Importer, Knows

__all__ = ["RouteFinder"]


@frozen(kw_only=True)
class RouteFinder:
    """What is known about a run when its source has been read, and its destination seen."""

    journal: Journal
    plugin: str
    """Name of the destination's plugin."""
    importer: Importer
    destination: Destination
    account: Account
    """With its service."""
    given: str | None
    """What ``--account`` said."""
    spool: RowSpool
    items: Sequence[Item]
    """The first items of the export."""
    emit: Emit
    ask: Ask
    stop: threading.Event

    def find(self) -> Route:
        """Find the route, or start one; afterwards the journal is in step with the destination.

        Raises:
            ConfigError: Nothing tells whether the data is of the account whose data is there.
            DestinationRefused: It surely is not.
            JournalDamaged: The destination holds what this journal does not know, and its
                plugin cannot read it back.
        """
        routes = self.journal.routes(self.account.service, self.plugin, self.destination.id)
        names = names_of(self.account, self.given)
        holds = self.destination.holds
        if holds is None:
            mine = [one for one in routes if set(one.aliases) & set(names)]
            mine += [one for one in routes if not one.aliases or not names]
            route = next(iter(mine), None)
            if route is not None and not self.destination.mute:
                self._forget_gone(route)
            return self._found(route, names)
        self._require_service(holds)
        route = self._known(routes, holds)
        if not set(route.aliases) & set(names):
            self._judge(route)
        return self._found(route, names)

    def _found(self, route: Route | None, names: Sequence[str]) -> Route:
        who = self.account.names[0] if self.account.names else self.given
        self.emit(RouteFound(who, route is None))
        if route is None:
            return self._add(names)
        self.journal.add_aliases(route.id, names)
        return self._fresh(route)

    def _add(self, names: Sequence[str]) -> Route:
        return self.journal.add_route(
            self.account.service, self.plugin, self.destination.id, names, stamp()
        )

    def _fresh(self, route: Route) -> Route:
        fresh = self.journal.route(route.id)
        assert fresh is not None
        return fresh

    # --- in step with the destination ----------------------------------------------------

    def _known(self, routes: Sequence[Route], holds: Origin) -> Route:
        """Give the route of what is there, read back first if the journal is not in step."""
        whose = set(names_of(holds.account))
        route = route_in_step(routes, self.destination)
        route = route or next((one for one in routes if set(one.aliases) & whose), None)
        route = route or next((one for one in routes if not one.aliases or not whose), None)
        if route is not None and in_step(route, self.destination):
            return route
        if not isinstance(self.importer, Knows):
            raise self._not_remembered()
        why = "was written by another decamp, or by this one before its journal was lost"
        self.emit(Notice("warning", f"{self.destination.title} {why}. Reading what is there ..."))
        self.emit(Stage("reading-back"))
        route = route or self._add(tuple(whose))
        as_of = stamp(holds.as_of) if holds.as_of else ""
        with blamed(self.plugin):
            count = relearn(
                self.journal, route, self.importer, as_of, emit=self.emit, stop=self.stop
            )
        self.journal.learnt(route.id, self.destination.seal, as_of)
        self.emit(Notice("info", f"It holds {count:,} items; only what is new is sent."))
        return self._fresh(route)

    def _forget_gone(self, route: Route) -> None:
        count = self.journal.reset_route(route.id)
        if count:
            text = f"{self.destination.title} held {count} items from earlier runs and is empty now"
            self.emit(Notice("warning", f"{text}; everything is written again."))

    def _not_remembered(self) -> JournalDamaged:
        return JournalDamaged(
            f"{self.destination.title} holds data that decamp wrote, but the journal on this "
            "machine does not know it, so decamp cannot tell what is new.",
            hint="Use the machine, the account and the DECAMP_HOME it was written with; or choose "
            "a new, empty destination. Nothing was changed.",
        )

    # --- whose data it is ----------------------------------------------------------------

    def _require_service(self, holds: Origin) -> None:
        there = holds.account.service
        if there and there != self.account.service:
            raise DestinationRefused(
                f"{self.destination.title} holds data from {there}, and this is data from "
                f"{self.account.service}.",
                hint="One destination holds one account: choose another.",
            )

    def _judge(self, route: Route) -> None:
        """Find out by the data whose it is, where names do not tell; ask where it does not."""
        if self.given and not route.aliases:
            return  # a person has said whose it is, and nothing speaks against it
        ids = {name for name in route.aliases if name.startswith("id:")}
        if self.account.id and ids:
            self._refuse(route)
        overlap = account_overlap(self.journal, route, self.spool, self.items)
        if overlap.same:
            self.emit(Notice("info", self._recognised(route, overlap)))
            return
        if overlap.other and self.account.names and route.aliases:
            self._refuse(route)
        answer = self.ask(f"{self._doubt(route)} Are both of the same account?")
        if answer is None:
            raise ConfigError(self._doubt(route), hint=self._hint(route))
        if not answer:
            self._refuse(route)

    def _recognised(self, route: Route, overlap: Overlap) -> str:
        mine = f"of {self.account.names[0]}" if self.account.names else "without a name"
        there = _first_name(route)
        kept = f"that of {there}" if there else "what is there"
        return (
            f"This export {mine} continues {kept}: {overlap.shared:,} of {overlap.possible:,} "
            "entries that both could have are the same."
        )

    def _doubt(self, route: Route) -> str:
        title, there = self.destination.title, _first_name(route)
        if not self.account.names and not self.account.id:
            if not there:
                return (
                    f"Neither this export nor the one that {title} was begun with says whose it is."
                )
            return f"This export does not say whose it is, and {title} holds the data of {there}."
        name = self.account.names[0] if self.account.names else self.account.id
        if not there:
            return (
                f"{title} was begun with an export that does not say whose it is, and this one "
                f"is of {name}."
            )
        return f"{title} holds the data of {there}, and this is the data of {name}."

    def _hint(self, route: Route) -> str:
        there = _first_name(route)
        name = there or (self.account.names[0] if self.account.names else "NAME")
        why = (
            "the account was renamed" if there and self.account.names else "both are of one account"
        )
        return f"If {why}, add --account {name}. Otherwise choose another destination."

    def _refuse(self, route: Route) -> NoReturn:
        there = _first_name(route)
        raise DestinationRefused(
            self._doubt(route),
            hint="Choose another destination"
            + (f"; or, if the account was renamed, add --account {there}." if there else "."),
        )


def _first_name(route: Route) -> str:
    """Give a name that people know; the id at a service only if there is no other."""
    known = sorted(route.aliases, key=lambda alias: not alias.startswith("name:"))
    return next((alias.partition(":")[2] for alias in known), "")
