"""What the engine reports while it works. Each event but `Sending` becomes one JSON line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs
from attrs import frozen

__all__ = [
    "Downloaded",
    "Emit",
    "Event",
    "ItemSettled",
    "Notice",
    "ReadProgress",
    "RouteFound",
    "RunEnded",
    "RunStarted",
    "Sending",
    "Stage",
    "StageProgress",
    "Waiting",
    "as_json",
    "ignore",
]


@frozen
class Event:
    """Root of all events."""

    name: ClassVar[str]


@frozen
class RunStarted(Event):
    """A run has begun."""

    name = "run-started"
    run: str
    source: str
    destination: str


@frozen
class Stage(Event):
    """What comes now: ``requesting``, ``downloading``, ``reading``, ``reading-back``, ``items``, ``rows`` or ``finishing``."""

    name = "stage"
    stage: str
    total: int | None = None
    """How many items or rows it is about, if known."""


@frozen
class StageProgress(Event):
    """How far a stage has come that does not tell of each item: ``reading-back``, ``verifying`` or ``undoing``."""

    name = "progress"
    done: int
    """Items."""


@frozen
class Downloaded(Event):
    """How much of a copy that a service made is here; told now and then."""

    name = "downloaded"
    size: int
    """Bytes."""


@frozen
class ReadProgress(Event):
    """How much of the source has been read."""

    name = "read"
    fraction: float
    """0 to 1."""
    rows: int
    items: int
    due: int = 0
    """How many of these items have to be delivered; each of them is told of when it is settled."""


@frozen
class RouteFound(Event):
    """Whose data it is, and whether the destination holds some of it already."""

    name = "route"
    account: str | None
    new: bool


@frozen
class ItemSettled(Event):
    """One item is done, in one way or another."""

    name = "item"
    id: str
    kind: str
    state: str
    rows: int | None = None
    """For a segment: how many rows it carries."""
    size: int = 0
    """Bytes of its blobs."""
    reason: str = ""


@frozen
class Sending(Event):
    """How much of a large item has been sent; told now and then, until it is settled.

    For people who wait. It is no JSON line: those tell what has come of something.
    """

    name = "sending"
    id: str
    size: int
    """Bytes, of those that `ItemSettled` will tell of."""


@frozen
class Notice(Event):
    """Something that a person should know: ``info`` or ``warning``."""

    name = "notice"
    level: str
    text: str


@frozen
class Waiting(Event):
    """Nothing moves until then, and why; that is normal."""

    name = "waiting"
    until: str
    reason: str


@frozen
class RunEnded(Event):
    """A run has ended."""

    name = "run-ended"
    run: str
    state: str
    exit_code: int


Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Take an event and do nothing."""


def as_json(event: Event) -> dict[str, Any]:
    """Turn an event into JSON, valid by ``event-stream.schema.json``."""
    return {"event": event.name, **attrs.asdict(event)}
