"""Finds the route of a run: whose data goes where, and whether some of it went before."""

from __future__ import annotations

from decamp.engine.clock import stamp
from decamp.errors import ConfigError, DestinationRefused, JournalDamaged
from decamp.events import Emit, Notice, RouteFound
from decamp.journal import Journal, Route
from decamp.model import Account, Destination

__all__ = ["find_route", "names_of"]


def names_of(account: Account, given: str | None) -> tuple[str, ...]:
    """List the aliases by which an account is known: its id, its names, the name given."""
    names = [f"id:{account.id}"] if account.id else []
    names += [f"name:{name}" for name in account.names]
    if given:
        names.append(f"name:{given}")
    return tuple(dict.fromkeys(names))


def find_route(
    journal: Journal,
    source: str,
    destination_plugin: str,
    destination: Destination,
    account: Account,
    given: str | None,
    emit: Emit,
) -> Route:
    """Find the route, or start one.

    Args:
        given: What ``--account`` said.

    Raises:
        ConfigError: The data is not surely of the account whose data is there.
        JournalDamaged: The destination holds data that this journal knows nothing of.
    """
    names = names_of(account, given)
    routes = journal.routes(source, destination_plugin, destination.id)
    mine = [route for route in routes if set(route.aliases) & set(names)]
    if given and not mine:
        mine = [route for route in routes if not route.aliases]
    who = account.names[0] if account.names else None
    if destination.holds is None:
        route = mine[0] if mine else None
        if route is not None:
            _forget_gone(journal, route, destination, emit)
    elif mine:
        route = mine[0]
    elif routes:
        raise _someone_else(destination, account, routes)
    else:
        raise _not_remembered(destination)
    emit(RouteFound(who or given, route is None))
    if route is None:
        return journal.add_route(source, destination_plugin, destination.id, names, stamp())
    journal.add_aliases(route.id, names)
    return route


def _forget_gone(journal: Journal, route: Route, destination: Destination, emit: Emit) -> None:
    count = journal.reset_route(route.id)
    if count:
        emit(
            Notice(
                "warning",
                f"{destination.title} held {count} items from earlier runs and is empty now; "
                "everything is written again.",
            )
        )


def _someone_else(
    destination: Destination, account: Account, routes: list[Route]
) -> ConfigError | DestinationRefused:
    there = [alias.partition(":")[2] for route in routes for alias in route.aliases]
    if not account.names and not account.id:
        if not there:
            return ConfigError(
                f"Neither this export nor the one that {destination.title} was begun with "
                "says whose it is.",
                hint="If both are of one account, add --account with its user name.",
            )
        return ConfigError(
            f"This export does not say whose it is, and {destination.title} holds the data "
            f"of {there[0]}.",
            hint=f"If it is the same account, add --account {there[0]}.",
        )
    name = account.names[0] if account.names else account.id
    if not there:
        return ConfigError(
            f"{destination.title} was begun with an export that does not say whose it is, "
            f"and this one is of {name}.",
            hint=f"If both are of one account, add --account {name}.",
        )
    return DestinationRefused(
        f"{destination.title} holds the data of {there[0]}, and this is the data of {name}.",
        hint="Choose another destination; or, if the account was renamed, add "
        f"--account {there[0]}.",
    )


def _not_remembered(destination: Destination) -> JournalDamaged:
    return JournalDamaged(
        f"{destination.title} holds data that decamp wrote, but the journal on this machine "
        "does not know it, so decamp cannot tell what is new.",
        hint="Use the machine, the account and the DECAMP_HOME it was written with; or choose "
        "a new, empty destination. Nothing was changed.",
    )
