"""The values that the journal takes and gives."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import field, frozen

from decamp.model import Item, Receipt

__all__ = [
    "Bucket",
    "Frozen",
    "Intent",
    "Known",
    "Outcome",
    "Route",
    "RunRecord",
    "Settled",
    "State",
]

State = Literal[
    "intent",  # about to be sent, or sent and not answered
    "confirmed",  # the destination holds it
    "incomplete",  # delivered, but a blob is missing: due again
    "unknown",  # it may or may not be there; never sent again without being asked
    "conflict",  # something else is in its place
    "failed",  # could not be sent; tried again in the next run
    "skipped",  # the destination does not take it
]


@frozen
class Route:
    """One source account to one destination account."""

    id: int
    source: str
    destination: str
    place: str
    """The destination's own id, from `Destination.id`."""
    aliases: tuple[str, ...]
    finish_due: bool
    """Something was written since `Finishes.finish` last returned."""
    newest: str
    """When the newest export that was delivered is from, RFC 3339; empty if unknown."""


@frozen
class Known:
    """What the journal knows about an item."""

    item_id: str
    kind: str
    state: State
    digest: str
    mapping: int
    receipt: Receipt | None
    media: tuple[Mapping[str, Any], ...]
    """One entry per blob: ``{"declared", "name", "media_type", "size", "sha256"}`` for
    one that was stored, ``{"declared", "name", "code", "reason"}`` for a missing one."""
    reason: str
    run: str
    """The run that last did something about it."""


@frozen
class Frozen:
    """The rows of a segment, by bucket: what the receipt will mark as delivered."""

    collection: str
    buckets: Mapping[str, tuple[array[int], int]] = field(eq=False)
    """Bucket name to the keys of its rows and the sum of their digests modulo 2**48."""


@frozen
class Intent:
    """What is about to be sent. Durable before the first byte leaves."""

    item: Item
    digest: str
    mapping: int
    media: tuple[Mapping[str, Any], ...] = ()
    frozen: Frozen | None = None


@frozen
class Settled:
    """How an intent ended."""

    item_id: str
    state: State
    receipt: Receipt | None = None
    reason: str = ""


@frozen
class Outcome:
    """An item that is listed without having been sent."""

    item_id: str
    kind: str
    state: State
    reason: str


@frozen
class Bucket:
    """The rows of one collection and month that a route has delivered."""

    count: int
    total: int
    """Sum of the digests modulo 2**48: with the count, tells "nothing new" at a glance."""
    keys: Callable[[], array[int]] = field(eq=False, repr=False)
    """Reads the keys of the rows, which is only needed where count and sum differ."""


@frozen
class RunRecord:
    """One invocation."""

    id: str
    route: int | None
    command: str
    state: str
    """``running``, ``done``, ``partial``, ``stopped``, ``waiting`` or ``interrupted``."""
    started: str
    ended: str | None
    source: str
    destination: str
    fingerprint: str
    exit_code: int | None
    report: Mapping[str, Any] | None
    pid: int
