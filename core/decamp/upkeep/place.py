"""A destination that decamp has written to, as it is now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from decamp.engine.routes.rebuild import in_step
from decamp.journal import Journal, Route
from decamp.model import Destination
from decamp.spec import Importer
from decamp.stops import LookingStop

__all__ = ["Place"]


@frozen(kw_only=True)
class Place:
    """One destination, with what the journal knows of it."""

    plugin: str
    importer: Importer
    destination: Destination
    journal: Journal
    route: Route | None
    """None if the journal does not know it."""
    public: bool
    """Others can see what is there, and what a person edited or deleted there stays so."""
    looking: LookingStop
    """Ends requests as long as nothing is changed there."""
    let_go: Callable[[], None]
    """Close the importer, once, however often this is called."""

    @property
    def known(self) -> Route | None:
        """The route, if the destination is as this journal left it."""
        route = self.route
        return route if route is not None and in_step(route, self.destination) else None

    @property
    def held(self) -> int:
        """How many items lie here, by the journal."""
        return self.journal.standing(self.route.id).held if self.route is not None else 0

    def as_json(self) -> dict[str, Any]:
        """Describe it for a document."""
        return {
            "plugin": self.plugin,
            "id": self.destination.id,
            "title": self.destination.title,
        }
