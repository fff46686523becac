"""The sandbox's own time. Nothing here looks at any other clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]

_LAST_YEAR = 2099


class Clock:
    """Runs like this computer's clock, or stands still; and can be moved forward.

    Args:
        at: The time at which it stands until it is moved; aware. None: it runs.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._stands_at = at.astimezone(UTC) if at else None
        self._ahead = timedelta()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def runs(self) -> bool:
        """Whether it moves by itself."""
        return self._stands_at is None

    @property
    def ahead(self) -> timedelta:
        """By how much it was moved."""
        return self._ahead

    def now(self) -> datetime:
        """Tell the time; aware, UTC."""
        return (self._stands_at or datetime.now(UTC)) + self._ahead

    def advance(self, step: timedelta) -> None:
        """Move it forward, and tell who waits for a time.

        Raises:
            ValueError: The step leads back, or beyond the year 2099.
        """
        if step < timedelta():
            raise ValueError("the clock only moves forward")
        with self._lock:
            try:
                late = (self.now() + step).year > _LAST_YEAR
            except OverflowError:
                late = True
            if late:
                raise ValueError(f"the clock ends with the year {_LAST_YEAR}")
            self._ahead += step
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have it called after each move."""
        self._listeners.append(listener)
