"""Says that a service is waited for which cannot answer now."""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import define, field

from decamp.engine.clock import stamp
from decamp.events import Emit, Waiting

__all__ = ["Waits"]

_NOTABLE = 3.0
"""Seconds; a shorter wait is no news."""


@define
class Waits:
    """The waits of one run. Threads that wait for the same at the same time are told of once.

    Args:
        emit: Takes what happens; called by `tell` alone.
        now: The time, aware and in UTC.
    """

    _emit: Emit
    _now: Callable[[], datetime]
    _noted: queue.SimpleQueue[tuple[datetime, str]] = field(factory=queue.SimpleQueue, init=False)
    _until: datetime | None = field(default=None, init=False)

    def note(self, seconds: float, reason: str) -> None:
        """Take note, in any thread, that so many seconds are waited from now on."""
        if seconds >= _NOTABLE:
            self._noted.put((self._now() + timedelta(seconds=seconds), reason))

    def tell(self) -> None:
        """Tell what was noted and is not over, in the thread that tells of the run."""
        while not self._noted.empty():
            until, reason = self._noted.get()
            now = self._now()
            if until > now and (self._until is None or now >= self._until):
                self._until = until
                self._emit(Waiting(stamp(until), reason))

    def say(self, seconds: float, reason: str) -> None:
        """Tell at once that so many seconds are waited from now on."""
        self.note(seconds, reason)
        self.tell()
