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
    """The items of one run that are being sent; large ones are measured.

    Args:
        emit: Takes what happens; called by `tell` alone.
        stop: Set when the run is to end: what it still waits for is told, once.
        clock: Seconds that only grow.
    """

    _emit: Emit
    _stop: threading.Event
    _clock: Callable[[], float] = time.monotonic
    _begun: dict[str, Meter | None] = field(factory=dict, init=False)
    """The items that the importer has been given and has not answered, by their ids."""
    _told: dict[str, int] = field(factory=dict, init=False)
    _beats: dict[str, int] = field(factory=dict, init=False)
    _due: float = field(default=0.0, init=False)
    _finishing: bool = field(default=False, init=False)

    @contextmanager
    def meter(self, work: Work) -> Iterator[Meter | None]:
        """Count, in any thread, how much of an item is sent inside; None if it is not worth it."""
        name, size = work.item.id, work.size
        meter = Meter(size) if size >= _WORTH else None
        self._begun[name] = meter
        try:
            yield meter
        finally:
            del self._begun[name]

    def tell(self) -> None:
        """Tell now and then, in the thread that tells of the run, how far each of them is."""
        if self._stop.is_set() and not self._finishing and self._begun:
            self._finishing, count = True, len(self._begun)
            items = "1 item" if count == 1 else f"{count} items"
            self._emit(Notice("info", _FINISHED.format(items)))
        if not self._begun or (now := self._clock()) < self._due:
            return
        self._due = now + _STEP_SECONDS
        sizes = {name: meter.sent for name, meter in self._meters()}
        before, self._told = self._told, sizes
        for name, size in sizes.items():
            if size != before.get(name, 0):
                self._emit(Sending(name, size))

    def moved(self) -> bool:
        """Tell whether anything at all was sent since this was last asked."""
        beats = {name: meter.beats for name, meter in self._meters()}
        before, self._beats = self._beats, beats
        return any(count > before.get(name, 0) for name, count in beats.items())

    def _meters(self) -> list[tuple[str, Meter]]:
        begun = self._begun.copy()  # at once: items begin and end in other threads
        return [(name, meter) for name, meter in begun.items() if meter is not None]
