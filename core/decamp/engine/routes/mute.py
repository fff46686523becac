"""Destinations that cannot say what decamp wrote there: the journal says it for them."""

from __future__ import annotations

from attrs import evolve

from decamp.journal import Journal, Route
from decamp.model import Account, Destination, Origin

__all__ = ["remembered"]


def remembered(journal: Journal, plugin: str, destination: Destination) -> Destination:
    """Say by the journal what a mute destination holds; any other one is given as it is.

    Args:
        plugin: The destination's plugin.
    """
    if not destination.mute or destination.holds is not None:
        return destination
    for route in journal.all_routes():
        if (route.destination, route.place) == (plugin, destination.id) and _used(journal, route):
            return evolve(destination, holds=_origin(journal, route))
    return destination


def _used(journal: Journal, route: Route) -> bool:
    return bool(journal.standing(route.id).held or journal.open_intents(route.id))


def _origin(journal: Journal, route: Route) -> Origin:
    parts = [alias.partition(":") for alias in route.aliases]
    account = Account(
        id=next((name for what, _, name in parts if what == "id"), None),
        names=tuple(name for what, _, name in parts if what == "name"),
        service=route.source,
    )
    check = journal.people_check(route.id)
    return Origin(account, people=route.people or "keep", people_check=check)
