"""What was delivered before: whether it was this very export, and whether it is still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from decamp.engine.blame import blamed
from decamp.engine.routes.rebuild import in_step
from decamp.engine.routes.sides import Sides
from decamp.events import Emit, Notice
from decamp.journal import Route
from decamp.model import Finding, Receipt
from decamp.spec import Importer, Verifies

__all__ = ["deleted_of", "deleted_there", "delivered_before", "notice_lost"]

_DELETED = {
    "missing": "it was deleted there after decamp had brought it",
    "partial": "a part of it was deleted there after decamp had brought it; the rest stays",
}
"""Says what is gone, by `Finding.problem`."""


def delivered_before(sides: Sides, fingerprint: str) -> tuple[Route, Mapping[str, Any]] | None:
    """Find the route whose last run delivered all of this very export.

    It is found by the place alone: from which service a bundle is, is not known before it is read.

    Args:
        fingerprint: Of the export, with its mapping.

    Returns:
        The route, and the receipt of that run.
    """
    account = sides.job.account
    if sides.held is None:
        return None
    destination = sides.destination
    where = sides.job.importer_spec.name, destination.id
    for route in sides.journal.all_routes():
        if (route.destination, route.place) != where:
            continue
        ended = [run for run in sides.journal.runs(route=route.id) if run.state != "running"]
        last = ended[0] if ended else None
        if (
            last is not None
            and last.report is not None
            and (last.state, last.fingerprint) == ("done", fingerprint)
            and last.report["verdict"]["complete"]
            and not route.finish_due
            and in_step(route, destination)
            and (not account or f"name:{account}" in route.aliases)
        ):
            return route, last.report
    return None


def notice_lost(sides: Sides, route: Route, emit: Emit) -> int:
    """Find out what was taken away from a private destination; it is due again.

    Returns:
        How many items it concerns.
    """
    spec, importer = sides.job.importer_spec, sides.job.importer
    if spec.capabilities.public or sides.held is None or not isinstance(importer, Verifies):
        return 0
    with blamed(spec.name):
        found = importer.verify(sides.journal.receipts(route.id), "exists")
        lost = [one for one in found if one.problem == "missing"]
    count = sides.journal.lose(route.id, lost) if lost else 0
    if count:
        text = f"{count} items are no longer at {sides.destination.title}, or lack files."
        emit(Notice("warning", f"{text} They are brought again."))
    return count


def deleted_there(sides: Sides, route: Route) -> dict[str, str]:
    """Find out what a person has deleted from a destination that others can see.

    Who deletes a post that everybody saw does not want it back: it is told, and not sent again.

    Returns:
        What is gone, by item id.
    """
    spec, journal = sides.job.importer_spec, sides.journal
    if not spec.capabilities.public:
        return {}
    # An update that was cut off may have left fewer records itself; it is settled first.
    cut_off = {known.item_id for known, _, _ in journal.open_intents(route.id)}
    receipts = (one for one in journal.receipts(route.id) if one.item_id not in cut_off)
    found = deleted_of(sides.job.importer, spec.name, receipts)
    return {item_id: _DELETED[one.problem] for item_id, one in found.items()}


def deleted_of(importer: Importer, plugin: str, receipts: Iterable[Receipt]) -> dict[str, Finding]:
    """Find what of this is gone from a destination.

    Returns:
        By item id: the problem is ``missing`` or ``partial``.
    """
    if not isinstance(importer, Verifies):
        return {}
    with blamed(plugin):
        found = importer.verify(receipts, "exists")
        return {one.item_id: one for one in found if one.problem in _DELETED}
