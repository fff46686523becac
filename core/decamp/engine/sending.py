"""Tells how much of the large items that are on their way has been sent, and what a stop waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import define, field

from decamp.engine.work import Work
from decamp.events import Emit, Notice, Sending
from decamp.sending import Meter

__all__ = ["Senders"]

_WORTH = 1 << 20
"""Bytes; what is smaller is sent before anybody wonders, and is counted when it has arrived."""
_STEP_SECONDS = 0.5
_FINISHED = (
    "Being finished: {}. If the destination does not answer, that takes until its time is up, "
    "mostly a minute."
)


@define
class Senders:
    """The large items of one run that are being sent.

    Args:
        emit: Takes what happens; called by `tell` alone.
        stop: Set when the run is to end: what it still waits for is told, once.
        clock: Seconds that only grow.
    """

    _emit: Emit
    _stop: threading.Event
    _clock: Callable[[], float] = time.monotonic
    _meters: dict[str, Meter] = field(factory=dict, init=False)
    _told: dict[str, int] = field(factory=dict, init=False)
    _beats: dict[str, int] = field(factory=dict, init=False)
    _due: float = field(default=0.0, init=False)
    _finishing: bool = field(default=False, init=False)

    @contextmanager
    def meter(self, work: Work) -> Iterator[Meter | None]:
        """Count, in any thread, how much of an item is sent inside; None if it is not worth it."""
        size = work.size
        if size < _WORTH:
            yield None
            return
        name = work.item.id
        self._meters[name] = meter = Meter(size)
        try:
            yield meter
        finally:
            del self._meters[name]

    def tell(self, calls: int) -> None:
        """Tell now and then, in the thread that tells of the run, how far each of them is.

        Args:
            calls: How many items, large or small, the importer has been given and not answered.
        """
        if calls and self._stop.is_set() and not self._finishing:
            self._finishing = True
            self._emit(
                Notice("info", _FINISHED.format(f"{calls} items" if calls > 1 else "1 item"))
            )
        if not self._meters or (now := self._clock()) < self._due:
            return
        self._due = now + _STEP_SECONDS
        sizes = {name: meter.sent for name, meter in self._meters.copy().items()}
        before, self._told = self._told, sizes
        for name, size in sizes.items():
            if size != before.get(name, 0):
                self._emit(Sending(name, size))

    def moved(self) -> bool:
        """Tell whether anything at all was sent since this was last asked."""
        beats = {name: meter.beats for name, meter in self._meters.copy().items()}
        before, self._beats = self._beats, beats
        return any(count > before.get(name, 0) for name, count in beats.items())
