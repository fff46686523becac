"""Settles what only a person can settle: doubts, and edits that met a newer version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from decamp.engine.routes.before import deleted_of
from decamp.errors import ConfigError
from decamp.journal import Route
from decamp.model import Finding
from decamp.upkeep.place import Place
from decamp.validation import require_valid

__all__ = ["forget", "resolve"]


def resolve(
    place: Place, *, keep: Sequence[str] = (), again: Sequence[str] = (), everything: str = ""
) -> dict[str, Any]:
    """Settle some items, and list what is open.

    Args:
        place: The destination.
        keep: Ids of items to leave as they are there.
        again: Ids of items to send again in the next run: open ones, and where others can see
            them, also those that a person has deleted there.
        everything: ``keep`` or ``again`` for all that are open.

    Returns:
        What is open and what was settled, valid by ``resolution.schema.json``.

    Raises:
        ConfigError: The journal does not know the destination, or an id is not open.
    """
    route = place.route
    if route is None:
        raise ConfigError(
            f"The journal on this machine does not know {place.destination.title}.",
            hint="See what was moved where: decamp runs",
        )
    known = {one.item_id: one for one in place.journal.items(route.id, "unknown", "conflict")}
    deleted = _deleted(place, route, known if everything == "again" else again)
    for item_id in (*keep, *again):
        if item_id not in known and not (item_id in deleted and item_id in again):
            raise ConfigError(
                f"Nothing is open about {item_id!r}.",
                hint="See what is open: decamp resolve",
            )
    keep = list(known) if everything == "keep" else keep
    again = list(known if everything == "again" else dict.fromkeys(again))
    kept = place.journal.keep(route.id, keep)
    sent = place.journal.lose(route.id, [deleted[one] for one in again if one in deleted])
    sent += place.journal.send_again(route.id, [one for one in again if one not in deleted])
    settled = {*keep, *again}
    document = {
        "destination": place.as_json(),
        "kept": kept,
        "again": sent,
        "open": [
            {"item": one.item_id, "kind": one.kind, "state": one.state, "reason": one.reason}
            for one in known.values()
            if one.item_id not in settled
        ],
        "exit_code": 0,
    }
    require_valid("resolution", document)
    return document


def _deleted(place: Place, route: Route, asked: Iterable[str]) -> dict[str, Finding]:
    """Find what of this a person has deleted, so that nothing is in its place.

    Raises:
        ConfigError: A part of it is there, so that it cannot be sent again.
    """
    if not place.public:
        return {}
    held = place.journal.known_many(route.id, list(asked))
    receipts = [one.receipt for one in held.values() if one.receipt is not None]
    found = deleted_of(place.importer, place.plugin, receipts)
    for item_id, one in found.items():
        if one.problem == "partial":
            raise ConfigError(
                f"A part of {item_id} is still at {place.destination.title}, so it cannot be "
                "sent again.",
                hint="Delete the rest of it there, then run this again.",
            )
    return found


def forget(place: Place, *, dry_run: bool) -> dict[str, Any]:
    """Remove from the journal all that it knows of a destination.

    Returns:
        What it knew, valid by ``forgotten.schema.json``.

    Raises:
        ConfigError: It knows nothing.
    """
    route, journal = place.route, place.journal
    if route is None:
        raise ConfigError(
            f"The journal on this machine remembers nothing of {place.destination.title}.",
            hint="See what was moved where: decamp runs",
        )
    document = {
        "destination": place.as_json(),
        "dry_run": dry_run,
        "items": sum(count for count, _ in journal.proofs(route.id).values()),
        "runs": len(journal.runs(route=route.id)),
        "exit_code": 0,
    }
    require_valid("forgotten", document)
    if not dry_run:
        journal.forget_route(route.id)
    return document
