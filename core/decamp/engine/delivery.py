"""The bounded window in which items are fetched, announced, sent and receipted.

One thread owns the journal and makes all decisions; fetching and importing happen in
worker threads, and what came of them arrives in one queue. An item goes

    submit -> (fetch its links) -> intent in the journal -> import -> receipt in the journal

and nothing is sent whose intent is not committed. Receipts are committed in groups; an
importer that syncs is synced first, so that a power cut never leaves a receipt for bytes
that were lost: the intent is still open then, and the destination is asked.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Literal

from attrs import define, field

from decamp.engine.blame import as_fault, blamed
from decamp.engine.tally import Tally
from decamp.engine.work import Work, digested, repairable
from decamp.engine.workers import Done, Workers, attempt
from decamp.errors import ItemError, PluginError, TransferError
from decamp.events import Emit, ItemSettled
from decamp.journal import Intent, Journal, Outcome, Route, Settled, State
from decamp.model import Blob, Item, Missing, Receipt
from decamp.spec import Fills, Importer, ImporterCapabilities, Syncs, Updates

__all__ = ["Delivery", "Fetch"]

Fetch = Callable[[Blob, Item], "Blob | Missing"]
"""Turns a linked blob into a readable one, or says why it cannot be had."""

_Moving = tuple[Work, Literal["fetch", "import"]]

_FETCHERS = 4
_WINDOW_ITEMS = 64
_WINDOW_BYTES = 3 << 20
"""Bounds what is held in memory: the bytes of segments on their way."""
_LAUNCH = 32
"""Items whose intents share one commit."""
_GROUP_ITEMS = 2_000
_GROUP_BYTES = 256 << 20
_GROUP_SECONDS = 5.0
"""Receipts are committed together after so many items, bytes or seconds."""
_PLUGIN_FAULTS = 10
"""So many faults of the plugin itself, one after the other, end the run."""


@define(slots=False)
class Delivery:
    """Delivers what is submitted, a bounded number of items at a time."""

    _importer: Importer
    _plugin: str
    _capabilities: ImporterCapabilities
    _journal: Journal
    _route: Route
    _run: str
    _fetch: Fetch
    _release: Callable[[Item], None]
    _tally: Tally
    _emit: Emit
    _stop: threading.Event
    _patience: float = 1800.0
    """Seconds without any answer after which the importer counts as hung."""

    _done: queue.SimpleQueue[Done[_Moving]] = field(factory=queue.SimpleQueue, init=False)
    _fetching: int = field(default=0, init=False)
    _ready: list[Work] = field(factory=list, init=False)
    _importing: int = field(default=0, init=False)
    _held_bytes: int = field(default=0, init=False)
    _settled: list[Settled] = field(factory=list, init=False)
    _settled_bytes: int = field(default=0, init=False)
    _settled_since: float = field(default=0.0, init=False)
    _faults: int = field(default=0, init=False)
    _error: TransferError | None = field(default=None, init=False)
    _hung: bool = field(default=False, init=False)
    _closing: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._fetchers: Workers[_Moving] = Workers(_FETCHERS, "fetch", self._done)
        self._importers: Workers[_Moving] = Workers(
            self._capabilities.max_concurrency, "import", self._done
        )
        batched = self._capabilities.delivery == "idempotent"
        self._launch_at = _LAUNCH if batched else 1
        self._syncs = self._importer if isinstance(self._importer, Syncs) else None

    # --- the way in ----------------------------------------------------------------------

    def submit(self, work: Work) -> None:
        """Take one item; returns when there is room for the next.

        Raises:
            TransferError: The run has to stop. What is on its way was finished first.
        """
        weight = work.size if work.frozen is not None else 0
        while self._count() and (
            self._count() >= _WINDOW_ITEMS or self._held_bytes + weight > _WINDOW_BYTES
        ):
            self._step()
        self._raise()
        self._held_bytes += weight
        if work.frozen is None and (work.item.blobs or work.media or work.item.missing):
            self._fetching += 1
            self._fetchers.put(partial(self._gather, work), (work, "fetch"))
        else:
            self._ready.append(work)
        if len(self._ready) >= self._launch_at:
            self._launch()
        while not self._done.empty():
            self._step()
        self._raise()

    def drain(self) -> None:
        """Wait for everything on its way, and commit its receipts."""
        while self._count():
            self._step()
        self.flush()
        self._raise()

    def close(self) -> None:
        """End the threads. Finishes what is on its way first, unless the importer hangs."""
        try:
            if not self._hung:
                self._closing = True
                while self._count():
                    self._step()
                self.flush()
        finally:
            self._fetchers.close()
            self._importers.close()

    def _count(self) -> int:
        return self._fetching + len(self._ready) + self._importing

    @property
    def _stopping(self) -> bool:
        return self._stop.is_set() or self._closing

    def _raise(self) -> None:
        if self._error is not None:
            while self._count():
                self._step()
            raise self._error

    # --- in worker threads ---------------------------------------------------------------

    def _gather(self, work: Work) -> dict[str, Blob | Missing]:
        results: dict[str, Blob | Missing] = {}
        limit = self._capabilities.max_blob_bytes
        for blob in work.item.blobs:
            results[blob.name] = self._gather_one(work.item, blob, limit)
        return results

    def _gather_one(self, item: Item, blob: Blob, limit: int | None) -> Blob | Missing:
        if self._stopping:
            raise ItemError("stopped before its media were fetched")
        try:
            found = self._fetch(blob, item) if blob.link is not None else digested(blob)
        except ItemError as error:
            return Missing(blob.name, error.code, error.message)
        if isinstance(found, Blob) and limit is not None and (found.size or 0) > limit:
            reason = f"{found.size} bytes; this destination takes at most {limit}."
            return Missing(blob.name, "too-large", reason)
        return found

    def _call(self, work: Work) -> Receipt:
        def once() -> Receipt:
            if work.action == "send":
                return self._importer.import_item(work.item)
            assert work.previous is not None and work.previous.receipt is not None
            if work.action == "fill":
                assert isinstance(self._importer, Fills)
                return self._importer.fill_item(work.item, work.previous.receipt)
            assert isinstance(self._importer, Updates)
            return self._importer.update_item(work.item, work.previous.receipt)

        receipt = attempt(once, self._stop)
        if not isinstance(receipt, Receipt) or receipt.item_id != work.item.id:
            raise PluginError(
                f"{self._plugin} answered {work.item.kind} {work.item.id} with something "
                "that is not its receipt.",
                plugin=self._plugin,
            )
        return receipt

    # --- in the engine's thread ----------------------------------------------------------

    def _step(self) -> None:
        """Handle the end of one call, sending what is ready if nothing else moves."""
        if self._ready and (self._done.empty() or len(self._ready) >= self._launch_at):
            self._launch()
        if not self._fetching + self._importing:
            return
        try:
            done = self._next()
        except queue.Empty:
            self._hung = True
            self._error = PluginError(
                f"{self._plugin} has not answered for {self._patience:.0f} seconds; "
                "what it was doing may or may not have happened.",
                plugin=self._plugin,
                hint="Run the same command again: decamp finds out what is there first.",
            )
            raise self._error from None
        work, stage = done.subject
        if stage == "fetch":
            self._fetching -= 1
            self._fetched(work, done.result, done.error)
        else:
            self._importing -= 1
            self._imported(work, done.result, done.error)

    def _next(self) -> Done[_Moving]:
        """Wait for the end of a call, in short steps: on Windows one long wait is deaf.

        Only the importer can be found hung; fetching has time limits of its own.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._done.get(timeout=min(0.5, self._patience))
            except queue.Empty:
                if self._importing and time.monotonic() >= deadline:
                    raise

    def _fetched(
        self, work: Work, results: dict[str, Blob | Missing] | None, error: BaseException | None
    ) -> None:
        if results is None:
            if self._stopping:
                self._drop(work)
            else:
                self._end(work, "failed", "source", f"its media could not be read: {error}")
            return
        for missing in work.item.missing:
            self._tally.lacks(work.item.id, missing)
        for result in results.values():
            if isinstance(result, Missing):
                self._tally.lacks(work.item.id, result)
            else:
                self._tally.media_count += 1
                self._tally.media_bytes += result.size or 0
        if work.action == "complete" and not any(isinstance(r, Blob) for r in results.values()):
            self._end(work, "incomplete")
            return
        work.settle_media(results)
        if self._capabilities.needs_media and work.item.missing and work.action == "send":
            self._hold(work)
            return
        self._ready.append(work)

    def _hold(self, work: Work) -> None:
        """Do not send an item that is worth nothing without the media that it lacks."""
        names = ", ".join(missing.name for missing in work.item.missing)
        reason = f"this destination needs its media, and these could not be had: {names}"
        outcome = Outcome(work.item.id, work.item.kind, "held", reason)
        self._journal.list_outcome(self._route.id, self._run, outcome)
        self._end(work, "held", "held", reason)

    def _launch(self) -> None:
        """Commit the intents of what is ready, then hand it to the importer."""
        ready, self._ready = self._ready, []
        if self._error is not None or self._stopping:
            for work in ready:
                self._drop(work)
            return
        self._journal.intend(
            self._route.id,
            self._run,
            [
                Intent(
                    *(work.item, work.digest, work.mapping, tuple(work.media), work.frozen),
                    work.as_of,
                    work.version,
                )
                for work in ready
            ],
            full=self._capabilities.delivery != "idempotent",
        )
        for work in ready:
            self._importing += 1
            self._importers.put(partial(self._call, work), (work, "import"))

    def _imported(self, work: Work, receipt: Receipt | None, error: BaseException | None) -> None:
        if receipt is not None:
            self._faults = 0
            state: State = "incomplete" if repairable(work.item.missing) else "confirmed"
            self._settle(Settled(work.item.id, state, receipt, version=work.version), work.size)
            if receipt.superseded:
                self._tally.add(work.item.kind, "superseded")
            self._end(work, state)
            return
        assert error is not None
        error = as_fault(self._plugin, error)
        reaction = error.exhausted if error.reaction == "retry" else error.reaction
        doubt = isinstance(error, PluginError) or reaction != "skip"
        if not doubt:
            self._settle(Settled(work.item.id, error.outcome, reason=error.message), 0)
            self._end(work, error.outcome, error.code, error.message)
        elif self._capabilities.delivery == "blind":
            self._settle(Settled(work.item.id, "unknown", reason=error.message), 0)
            self._end(work, "unknown", error.code, error.message)
        else:  # the intent stays open: the next run finds out what is there
            self._end(work, "failed", error.code, error.message)
        self._count_fault(error, stop=reaction != "skip")

    def _count_fault(self, error: TransferError, *, stop: bool) -> None:
        if isinstance(error, PluginError):
            self._faults += 1
            stop = stop or self._faults >= _PLUGIN_FAULTS
        if stop and self._error is None:
            self._error = error

    def _settle(self, settled: Settled, size: int) -> None:
        if not self._settled:
            self._settled_since = time.monotonic()
        self._settled.append(settled)
        self._settled_bytes += size
        if (
            self._syncs is None
            or len(self._settled) >= _GROUP_ITEMS
            or self._settled_bytes >= _GROUP_BYTES
            or time.monotonic() - self._settled_since > _GROUP_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Commit the receipts that have arrived, once the destination has made them last."""
        if not self._settled:
            return
        if self._syncs is not None:
            with blamed(self._plugin):
                self._syncs.sync()
        self._journal.settle(self._route.id, self._run, self._settled)
        self._settled = []
        self._settled_bytes = 0

    def _drop(self, work: Work) -> None:
        """Let go of an item that was not sent because the run stops."""
        if work.frozen is not None:
            self._held_bytes -= work.size
        self._release(work.item)

    def _end(self, work: Work, state: State, code: str = "", reason: str = "") -> None:
        """Count an item that has left the window, and tell about it."""
        item = work.item
        if work.frozen is not None:
            self._held_bytes -= work.size
        column: str = state
        if state == "confirmed":
            column = "delivered" if work.action == "send" else "updated"
            if work.rows is not None:
                self._tally.segments[item.kind] += 1
        self._tally.add(item.kind, column, 1 if work.rows is None else work.rows)
        if code:
            self._tally.problem(item.id, item.kind, state, code, reason)
        self._release(item)
        self._emit(ItemSettled(item.id, item.kind, state, work.rows, work.size, reason))
