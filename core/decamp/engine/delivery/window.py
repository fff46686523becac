"""The bounded window in which items are fetched, announced, sent and receipted.

One thread owns the journal and makes all decisions; fetching and importing happen in
worker threads, and what came of them arrives in one queue. An item goes

    submit -> (fetch its links) -> intent in the journal -> import -> receipt in the journal

and nothing is sent whose intent is not committed. Receipts are committed in groups, see
`decamp.engine.delivery.settling`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from attrs import define, field

from decamp.engine.blame import as_fault, hung
from decamp.engine.delivery.calls import Calls, Fetch, NotBegun
from decamp.engine.delivery.pace import Pace
from decamp.engine.delivery.ready import Ready, is_small
from decamp.engine.delivery.sending import Senders
from decamp.engine.delivery.settling import Settling
from decamp.engine.tally import Tally
from decamp.engine.waits import Waits
from decamp.engine.work import Work, repairable
from decamp.engine.workers import Done, Workers
from decamp.errors import PluginError, RateLimited, TransferError
from decamp.events import Emit, ItemSettled
from decamp.journal import Journal, Outcome, Route, Settled, State
from decamp.model import Blob, Item, Missing, Receipt
from decamp.spec import Batches, Importer, ImporterCapabilities

__all__ = ["Delivery"]

_Moving = tuple[Sequence[Work], Literal["fetch", "import"]]

_FETCHERS = 4
_WINDOW_ITEMS = 64
_WINDOW_BYTES = 3 << 20
"""Bounds what is held in memory: the bytes of segments on their way."""
_LAUNCH = 32
"""Items whose intents share one commit."""
_REFUSALS = 20
"""So many times in a row a service may ask to wait before the run gives up."""
_PLUGIN_FAULTS = 10
"""So many faults of the plugin itself, one after the other, end the run."""
_UNSENT = "the run was stopped before it was sent"


@define(slots=False, kw_only=True)
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
    _pace: Pace
    _waits: Waits
    _patience: float = 1800.0
    """Seconds without any answer, or byte sent, after which the importer counts as hung."""

    _done: queue.SimpleQueue[Done[_Moving]] = field(factory=queue.SimpleQueue, init=False)
    _fetching: int = field(default=0, init=False)
    _importing: int = field(default=0, init=False)
    _held_bytes: int = field(default=0, init=False)
    _faults: int = field(default=0, init=False)
    _again: list[Work] = field(factory=list, init=False)
    """What was refused for now: its intents are open, and it is called again after a rest."""
    _rest: tuple[float, str] = field(default=(0.0, ""), init=False)
    _refusals: int = field(default=0, init=False)
    _launching: bool = field(default=False, init=False)
    _linked: bool = field(default=False, init=False)
    """Files of this run lie behind links, which do not work for ever."""
    _draining: bool = field(default=False, init=False)
    """What is on its way is waited for, also if that takes long."""
    _error: TransferError | None = field(default=None, init=False)
    _hung: bool = field(default=False, init=False)
    _closing: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._fetchers: Workers[_Moving] = Workers(_FETCHERS, "fetch", self._done)
        self._importers: Workers[_Moving] = Workers(
            self._capabilities.max_concurrency, "import", self._done
        )
        self._senders = Senders(self._emit, self._stop)
        self._calls = Calls(
            self._importer, self._plugin, self._fetch, self._capabilities.max_blob_bytes,
            self._stop, lambda: self._stopping, self._waits.note, self._senders,
        )  # fmt: skip
        together = self._capabilities.delivery == "idempotent"
        self._batch = self._capabilities.max_batch if isinstance(self._importer, Batches) else 1
        self._launch_at = max(_LAUNCH, self._batch) if together else 1
        self._window = max(_WINDOW_ITEMS, 2 * self._batch)
        self._low = 2 * self._capabilities.max_concurrency * self._batch
        self._ready = Ready(self._pace, lambda work: self._calls.preview(work).costs)
        self._settling = Settling(
            self._journal, self._route, self._run, self._plugin, self._importer
        )

    # --- the way in ----------------------------------------------------------------------

    def submit(self, work: Work) -> None:
        """Take one item; returns when there is room for the next.

        Raises:
            TransferError: The run has to stop. What is on its way was finished first.
        """
        weight = work.size if work.frozen is not None else 0
        while self._busy() and (
            self._busy() >= self._window or self._held_bytes + weight > _WINDOW_BYTES
        ):
            self._step()
        self._raise()
        self._held_bytes += weight
        self._linked = self._linked or any(blob.link for blob in work.item.blobs)
        if not work.gathers:
            self._ready.add(work)
        elif work.is_here:
            self._fetched(work, self._calls.gather(work), None)
        else:
            self._fetching += 1
            self._fetchers.put(partial(self._calls.gather, work), ((work,), "fetch"))
        if self._enough:
            self._launch()
        while not self._done.empty():
            self._step()
        self._raise()

    def drain(self) -> None:
        """Wait for everything on its way, and commit its receipts."""
        self._draining = True
        while self._count():
            self._step()
        self._settling.flush()
        self._raise()

    def close(self) -> None:
        """End the threads. Finishes what is on its way first, unless the importer hangs."""
        try:
            if not self._hung:
                self._closing = True
                while self._count():
                    self._step()
                self._settling.flush()
        finally:
            self._fetchers.close()
            self._importers.close()

    def _count(self) -> int:
        return self._fetching + len(self._ready) + self._importing + len(self._again)

    def _busy(self) -> int:
        """Count what takes up room in the window: what is set aside does not."""
        return self._count() - (len(self._ready) if self._aside else 0)

    @property
    def _aside(self) -> bool:
        """What is ready waits for the budgets, while what follows is fetched."""
        return self._ready.aside and not (self._draining or self._stopping or self._error)

    @property
    def _enough(self) -> bool:
        """Enough is ready to be worth a commit; what has files does not wait for a whole batch."""
        return not self._aside and self._ready.enough(self._launch_at, _LAUNCH)

    @property
    def _due(self) -> bool:
        """Something is ready: enough of it, or the importer has little left to do."""
        return self._enough or bool(self._ready and not self._aside and self._importing < self._low)

    @property
    def _stopping(self) -> bool:
        return self._stop.is_set() or self._closing

    def _raise(self) -> None:
        if self._error is not None:
            while self._count():
                self._step()
            raise self._error

    # --- in the engine's thread ----------------------------------------------------------

    def _step(self) -> None:
        """Handle the end of one call, sending what is ready if nothing else moves."""
        if not self._launching:
            if self._again and not self._importing:
                self._resume()
            if self._due and (self._done.empty() or self._enough):
                self._launch()
        if not self._fetching + self._importing:
            return
        try:
            done = self._next()
        except queue.Empty:
            self._hung = True
            self._error = hung(self._plugin, self._patience)
            raise self._error from None
        if done is None:
            return
        try:
            self._take(done)
        except BaseException:  # others may wait for the room of its media
            self._drop(*done.subject[0])
            raise

    def _take(self, done: Done[_Moving]) -> None:
        works, stage = done.subject
        if stage == "fetch":
            self._fetching -= 1
            self._fetched(works[0], done.result, done.error)
            return
        self._importing -= len(works)
        results = done.result if done.error is None else [done.error] * len(works)
        for work, result in zip(works, results, strict=True):
            if isinstance(result, Receipt):
                self._received(work, result)
            elif isinstance(result, NotBegun):
                self._settling.add(Settled(work.item.id, "failed", reason=_UNSENT))
                self._drop(work)
            else:
                self._refused(work, as_fault(self._plugin, result))
        self._settling.flush_if_due()

    def _next(self) -> Done[_Moving] | None:
        """Wait for the end of a call, in short steps: on Windows one long wait is deaf.

        None if it is time to send what was set aside: fetching may be waiting for its room.
        Only the importer can be found hung; fetching has time limits of its own.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._waits.tell()
                self._senders.tell()
                return self._done.get(timeout=min(0.5, self._patience))
            except queue.Empty:
                if self._importing and (now := time.monotonic()) >= deadline:
                    if not self._senders.moved():
                        raise
                    deadline = now + self._patience
                if self._due and not self._launching:
                    return None

    def _fetched(
        self, work: Work, results: dict[str, Blob | Missing] | None, error: BaseException | None
    ) -> None:
        if results is None:
            if self._stopping:
                self._drop(work)
            else:
                self._end(work, "failed", "source", f"its media could not be read: {error}")
            return
        self._tally.gathered(work, results)
        if work.action == "complete" and not any(isinstance(r, Blob) for r in results.values()):
            self._end(work, "incomplete")
            return
        work.settle_media(results)
        if self._capabilities.needs_media and work.item.missing and work.action == "send":
            self._hold(work)
            return
        self._ready.add(work)

    def _hold(self, work: Work) -> None:
        """Do not send an item that is worth nothing without the media that it lacks."""
        names = ", ".join(missing.name for missing in work.item.missing)
        reason = f"this destination needs its media, and these could not be had: {names}"
        outcome = Outcome(work.item.id, work.item.kind, "held", reason)
        self._journal.list_outcome(self._route.id, self._run, outcome)
        self._end(work, "held", "held", reason)

    def _launch(self) -> None:
        """Commit the intents of what is ready, then hand it to the importer."""
        ready, may_wait = self._ready.take(), self._linked and not self._draining
        self._launching = True
        try:
            while ready and self._error is None and not self._stopping:
                count, seconds, reason = self._ready.affordable(ready)
                if count:
                    self._send(ready[:count])
                    ready = ready[count:]
                elif may_wait and self._ready.set_aside(ready, seconds, reason):
                    ready = []
                else:
                    self._wait_calmly(seconds, reason)
        finally:
            self._launching = False
            self._drop(*ready)

    def _wait_calmly(self, seconds: float, reason: str) -> None:
        """Let what is on its way arrive and be written down, then wait."""
        while self._importing:
            self._step()
        self._settling.flush()
        if self._error is None and not self._stopping:
            try:
                self._pace.rest(seconds, reason)
            except RateLimited as error:
                self._error = error

    def _send(self, works: Sequence[Work]) -> None:
        self._pace.note()
        intents = [work.intent() for work in works]
        full = self._capabilities.delivery != "idempotent"
        self._journal.intend(self._route.id, self._run, intents, full=full)
        self._hand_on(works)

    def _hand_on(self, works: Sequence[Work]) -> None:
        """Have the importer called: for small new items together, for others one by one."""
        self._importing += len(works)
        small = [one for one in works if self._batch > 1 and is_small(one)]
        for start in range(0, len(small), max(1, self._batch)):
            group = small[start : start + self._batch]
            self._importers.put(partial(self._calls.many, group), (group, "import"))
        for work in works:
            if self._batch <= 1 or not is_small(work):
                self._importers.put(partial(self._calls.one, work), ((work,), "import"))

    def _resume(self) -> None:
        """Rest as the service asked, then call again what it refused for now."""
        again, self._again = self._again, []
        self._refusals += 1
        self._launching = True
        try:
            self._wait_calmly(*self._rest)
            self._rest = (0.0, "")
            if self._error is None and not self._stopping:
                self._hand_on(again)
                again = []
        finally:
            self._launching = False
            self._drop(*again)  # their intents stay open

    def _received(self, work: Work, receipt: Receipt) -> None:
        self._faults = self._refusals = 0
        state: State = "incomplete" if repairable(work.item.missing) else "confirmed"
        self._settling.add(Settled(work.item.id, state, receipt, version=work.version), work.size)
        self._tally.media_count += len(work.fetched)
        self._tally.media_bytes += sum(work.fetched)
        if receipt.superseded:
            self._tally.add(work.item.kind, "superseded")
        self._tally.foresee(work.item.id, work.item.kind, self._calls.preview(work))
        self._end(work, state)

    def _refused(self, work: Work, error: TransferError) -> None:
        if (
            isinstance(error, RateLimited)
            and error.retry_after is not None
            and self._refusals < _REFUSALS
            and not self._stopping
        ):
            self._again.append(work)
            self._rest = max(self._rest, (error.retry_after, error.message))
            return
        reaction = error.exhausted if error.reaction == "retry" else error.reaction
        doubt = isinstance(error, PluginError) or reaction != "skip"
        if not doubt or self._capabilities.delivery == "blind":
            state = "unknown" if doubt else error.outcome
            self._settling.add(Settled(work.item.id, state, reason=error.message))
            self._end(work, state, error.code, error.message)
        elif self._stop.is_set() and error.reaction == "retry":
            self._drop(work)  # not tried again for the stop alone; the intent stays open
            return
        else:  # the intent stays open: the next run finds out what is there
            self._end(work, "failed", error.code, error.message)
        self._count_fault(error, stop=reaction != "skip")

    def _count_fault(self, error: TransferError, *, stop: bool) -> None:
        if isinstance(error, PluginError):
            self._faults += 1
            stop = stop or self._faults >= _PLUGIN_FAULTS
        if stop and self._error is None:
            self._error = error

    def _drop(self, *works: Work) -> None:
        """Let go of items: they have ended, or were not sent because the run stops."""
        for work in works:
            if work.frozen is not None:
                self._held_bytes -= work.size
            self._release(work.item)

    def _end(self, work: Work, state: State, code: str = "", reason: str = "") -> None:
        """Count an item that has left the window, and tell about it."""
        item = work.item
        self._tally.ended(work, state, code, reason)
        self._drop(work)
        self._emit(ItemSettled(item.id, item.kind, state, work.rows, work.size, reason))
