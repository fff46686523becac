"""What was delivered before: whether it was this very export, and whether it is still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from decamp.engine.blame import blamed
from decamp.engine.rebuild import in_step
from decamp.events import Emit, Notice
from decamp.journal import Journal, Route
from decamp.model import Destination, Finding, Receipt
from decamp.spec import Importer, Verifies

__all__ = ["DELETED", "deleted_there", "delivered_before", "notice_lost"]


def delivered_before(
    journal: Journal,
    service: str,
    plugin: str,
    destination: Destination,
    fingerprint: str,
    account: str | None,
) -> tuple[Route, Mapping[str, Any]] | None:
    """Find the route whose last run delivered all of this very export.

    Args:
        service: What the data is from.
        plugin: Name of the destination's plugin.
        destination: As it is now.
        fingerprint: Of the export, with its mapping.
        account: What ``--account`` said.

    Returns:
        The route, and the receipt of that run.
    """
    if destination.holds is None:
        return None
    for route in journal.routes(service, plugin, destination.id):
        ended = [run for run in journal.runs(route=route.id) if run.state != "running"]
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


def notice_lost(
    journal: Journal,
    route: Route,
    importer: Importer,
    plugin: str,
    destination: Destination,
    emit: Emit,
) -> int:
    """Find out what was taken away from the destination; it is due again.

    Returns:
        How many items it concerns.
    """
    if destination.holds is None or not isinstance(importer, Verifies):
        return 0
    with blamed(plugin):
        found = importer.verify(journal.receipts(route.id), "exists")
        lost = [one for one in found if one.problem == "missing"]
    count = journal.lose(route.id, lost) if lost else 0
    if count:
        text = f"{count} items are no longer at {destination.title}, or lack files."
        emit(Notice("warning", f"{text} They are brought again."))
    return count


def deleted_there(
    importer: Importer, plugin: str, receipts: Iterable[Receipt]
) -> dict[str, Finding]:
    """Find out what of this a person has deleted from a place that others can see.

    Who deletes a post that everybody saw does not want it back: it is told, and not sent again.

    Returns:
        By item id: the problem is ``missing`` or ``partial``.
    """
    if not isinstance(importer, Verifies):
        return {}
    with blamed(plugin):
        found = importer.verify(receipts, "exists")
        return {one.item_id: one for one in found if one.problem in DELETED}


DELETED = {
    "missing": "it was deleted there after decamp had brought it",
    "partial": "a part of it was deleted there after decamp had brought it; the rest stays",
}
"""Says what is gone, by `Finding.problem`."""
