"""Finds the destination that a person means, and sets the upkeep to work on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from attrs import field, frozen

from decamp.assembly.making import configured, made
from decamp.assembly.naming import chosen, find_destination, require_text
from decamp.assembly.signedin import signed_in
from decamp.engine.routes.mute import remembered
from decamp.engine.routes.rebuild import route_in_step
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.journal import Journal, Route, RunRecord
from decamp.registry import Registry
from decamp.stops import LookingStop
from decamp.upkeep import Place

__all__ = ["Undoable", "opened", "undoable"]

_NOTHING = "decamp has not moved anything on this computer yet."


@contextmanager
def opened(
    destination: str | Reached, options: Sequence[str] = (), *, registry: Registry, home: Home
) -> Iterator[Place]:
    """Open a destination for upkeep, alone: no transfer may run there meanwhile.

    Args:
        destination: As on the command line, with the settings that it was reached with before;
            or as it was reached before; empty for that of the latest run.
        options: ``to.KEY=VALUE``.
        registry: All plugins.
        home: Where decamp keeps its files.

    Raises:
        ConfigError: It cannot be told which destination is meant.
        Locked: A transfer is going on there.
    """
    with ExitStack() as stack:
        journal = Journal.open(home.journal)
        stack.callback(journal.close)
        at = _typed(destination, journal) if isinstance(destination, str) else destination
        at = at if at.location else _latest(journal)
        require_text(at.location)
        settings = {**at.settings, **chosen(options, "to")}
        target = find_destination(at.location, settings, registry, home)
        spec = target.spec
        looking = LookingStop()  # whom it follows is known once there is a place
        signed = stack.enter_context(signed_in(target, home, looking))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="decamp-")))
        closing = stack.enter_context(ExitStack())
        importer = closing.enter_context(made(spec, target.config, scratch, signed, home))
        found = remembered(journal, spec.name, importer.check())
        stack.enter_context(home.lock(f"{spec.name}:{found.id}"))
        routes = [
            route
            for route in journal.all_routes()
            if (route.destination, route.place) == (spec.name, found.id)
        ]
        yield Place(
            plugin=spec.name,
            importer=importer,
            destination=found,
            journal=journal,
            route=route_in_step(routes, found) or (routes[-1] if routes else None),
            public=configured(spec, target.config).capabilities.public,
            looking=looking,
            let_go=closing.close,
        )


@frozen
class Undoable:
    """A run that can be taken back, and where."""

    run: RunRecord
    at: Reached


@frozen
class Reached:
    """How a destination was reached before."""

    location: str
    """``PLUGIN:LOCATION``, as it would be typed."""
    settings: Mapping[str, str] = field(factory=dict)

    @classmethod
    def by(cls, route: Route) -> Reached:
        """Tell it of a route."""
        place = "" if route.settings else route.place
        return cls(f"{route.destination}:{place}", route.settings)

    @classmethod
    def named(cls, location: str, route: Route) -> Reached:
        """Tell it of a route whose place was typed."""
        others = {name: one for name, one in route.settings.items() if one != route.place}
        return cls(location, others)


def undoable(prefix: str, *, home: Home, at: str = "") -> Undoable:
    """Find the run to take back: the named one, or the latest that brought something.

    Args:
        prefix: The beginning of its id; empty for the latest.
        home: Where decamp keeps its files.
        at: Where it went, as on the command line; empty to go by what is remembered.

    Raises:
        ConfigError: There is none; or it is not named, and went elsewhere than the last run.
    """
    if not home.journal.exists():
        raise ConfigError(_NOTHING, hint="Start with: decamp demo")
    with closing(Journal.open(home.journal)) as journal:
        found = _named(journal, prefix) if prefix else _latest_left(journal)
        route = journal.route(found.route or 0)
        assert route is not None
        return Undoable(found, Reached.named(at, route) if at else Reached.by(route))


def _named(journal: Journal, prefix: str) -> RunRecord:
    found = journal.run(prefix)
    if _left(journal, found):
        return found
    raise ConfigError(
        f"The run {found.id} was taken back already."
        if found.state == "undone"
        else f"The run {found.id} brought nothing that is left.",
        hint="See all runs: decamp runs",
    )


def _latest_left(journal: Journal) -> RunRecord:
    runs = [run for run in journal.runs() if run.route is not None]
    found = next((run for run in runs if _left(journal, run)), None)
    if found is None:
        raise ConfigError("No run brought anything that is left.", hint="See all runs: decamp runs")
    route = journal.route(found.route or 0)
    assert route is not None
    _require_same_place(journal, runs[0], found, route)
    return found


def _left(journal: Journal, run: RunRecord) -> bool:
    return run.route is not None and (journal.has_effects(run.id) or journal.undo_begun(run))


def _require_same_place(journal: Journal, last: RunRecord, found: RunRecord, at: Route) -> None:
    """Make sure that nobody who repeats an undo takes back what lies somewhere else.

    Raises:
        ConfigError: The last run went to another destination than the one found.
    """
    last_at = journal.route(last.route or 0)
    if last_at is None or (last_at.destination, last_at.place) == (at.destination, at.place):
        return
    raise ConfigError(
        f"Nothing is left to take back of the last run, {last.id}, and the latest one of which "
        f"something is left went elsewhere: {found.id}, to {at.destination}:{at.place}.",
        hint=f"If you mean that one: decamp undo {found.id}",
    )


def _typed(location: str, journal: Journal) -> Reached:
    for route in reversed(journal.all_routes()):
        if f"{route.destination}:{route.place}" == location.rstrip("/"):
            return Reached.named(location, route)
    return Reached(location)


def _latest(journal: Journal) -> Reached:
    for run in journal.runs():
        route = journal.route(run.route) if run.route is not None else None
        if route is not None:
            return Reached.by(route)
    raise ConfigError(
        _NOTHING,
        hint="Start with: decamp demo. What was moved by another computer has to be named, as ~/TikTok.",
    )
