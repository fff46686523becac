"""Settles what only a person can settle: doubts, and edits that met a newer version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from decamp.errors import ConfigError
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
        again: Ids of items to send again in the next run.
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
    for item_id in (*keep, *again):
        if item_id not in known:
            raise ConfigError(
                f"Nothing is open about {item_id!r}.",
                hint="See what is open: decamp resolve",
            )
    keep = list(known) if everything == "keep" else keep
    again = list(known) if everything == "again" else again
    kept = place.journal.keep(route.id, keep)
    sent = place.journal.send_again(route.id, again)
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
