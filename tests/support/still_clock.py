"""A clock that stands still, and a stop event that moves it instead of waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class StillClock(threading.Event):
    """Given to the engine as its stop event; whoever waits for it has waited at once."""

    def __init__(self) -> None:
        super().__init__()
        self.time = datetime(2026, 11, 25, 9, tzinfo=UTC)
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.time += timedelta(seconds=timeout)
        self.on_wait()
        return self.is_set()
