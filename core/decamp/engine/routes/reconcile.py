"""Settles what an earlier run had announced and did not see answered.

This happens before anything new is cut or sent: what is surely there is adopted, what is
surely not there is released and travels again, and where nobody can tell it is listed.
"""

from __future__ import annotations

import threading

from attrs import evolve

from decamp.engine.reading import Interrupted
from decamp.engine.work import repairable
from decamp.errors import ItemError
from decamp.journal import Journal, Known, Route, Settled
from decamp.model import Item, Receipt
from decamp.spec import Fills, Finds, Importer, ImporterCapabilities, Updates

__all__ = ["reconcile"]

_DOUBT = "an earlier run ended before the destination had answered"


def reconcile(
    journal: Journal,
    route: Route,
    importer: Importer,
    capabilities: ImporterCapabilities,
    *,
    look_only: bool,
    stop: threading.Event | None = None,
) -> int:
    """Settle the open intents of a route.

    Args:
        look_only: Change nothing at the destination: a dry run, on a copy of the journal.
        stop: Leaves the rest open, for the next run. There may be hundreds, and each be asked about.

    Returns:
        How many there were.

    Raises:
        Interrupted: The run was asked to stop.
    """
    intents = journal.open_intents(route.id)
    for known, item, version in intents:
        if stop is not None and stop.is_set():
            raise Interrupted
        if known.receipt is None:
            settled = _new(importer, capabilities, item)
        elif look_only:
            settled = Settled(item.id, "failed", reason=_DOUBT)
        else:
            settled = _update(importer, known, item, known.receipt, version)
        if settled is None:
            journal.release(route.id, item.id)
        else:
            journal.settle(route.id, known.run, [settled])
    return len(intents)


def _new(importer: Importer, capabilities: ImporterCapabilities, item: Item) -> Settled | None:
    if isinstance(importer, Finds):
        try:
            receipt = importer.find_item(item)
        except ItemError as error:
            return Settled(item.id, error.outcome, reason=error.message)
        return _held(item, receipt) if receipt is not None else None
    segment = any(blob.rows for blob in item.blobs)
    if capabilities.delivery == "idempotent" and not segment:
        return None  # sending it again has the same effect
    return Settled(item.id, "unknown", reason=_DOUBT)


def _update(
    importer: Importer, known: Known, item: Item, previous: Receipt, version: str
) -> Settled:
    """Repeat an update, or a fill, which is harmless if it had happened already."""
    try:
        if version:
            assert isinstance(importer, Fills)
            return evolve(_held(item, importer.fill_item(item, previous)), version=version)
        assert isinstance(importer, Updates)
        return _held(item, importer.update_item(item, previous))
    except ItemError:
        return Settled(known.item_id, "failed", reason=_DOUBT)  # due again in this run


def _held(item: Item, receipt: Receipt) -> Settled:
    return Settled(item.id, "incomplete" if repairable(item.missing) else "confirmed", receipt)
