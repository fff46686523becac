"""Keeps to what a destination takes in a time, by waiting calmly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from attrs import define, field

from decamp.engine.clock import spoken, stamp
from decamp.engine.delivery.budgets import Ledger, Spending
from decamp.errors import RateLimited
from decamp.events import Emit, Waiting
from decamp.journal import Journal, Route
from decamp.spec import Budget

__all__ = ["Pace", "finish_time"]

_MARGIN = 1.0
"""Seconds: a service counts from when it has heard of a write, which is later than here."""


@define(kw_only=True)
class Pace:
    """The budgets of one destination, kept over all runs."""

    _journal: Journal
    _route: Route
    _title: str
    _budgets: tuple[Budget, ...]
    _clock: Callable[[], datetime]
    _pause: Callable[[float, threading.Event], None]
    _emit: Emit
    _stop: threading.Event
    _wait: bool
    _ledger: Ledger = field(init=False)
    _noted: list[Spending] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        where = (self._route.destination, self._route.place)
        since = self.now() - max((one.seconds for one in self._budgets), default=0)
        self._ledger = Ledger(self._budgets, self._journal.spent(*where, since))

    @property
    def waits(self) -> bool:
        """The run was not told to end rather than to wait."""
        return self._wait

    @property
    def limited(self) -> bool:
        """The destination has budgets."""
        return bool(self._budgets)

    def delay(self, costs: Mapping[str, int]) -> tuple[float, str]:
        """Tell how many seconds to wait before this may be sent, and why."""
        seconds, name = self._ledger.delay(costs, self.now())
        return seconds, f"the {name} that {self._title} gives are used up." if name else ""

    def spend(self, costs: Mapping[str, int]) -> None:
        """Take note that this is about to be sent."""
        self._noted += self._ledger.spend(costs, self.now())

    def note(self) -> None:
        """Remember what was spent, before it is sent."""
        if self._noted:
            where = (self._route.destination, self._route.place)
            self._journal.spend(*where, self._noted, max(one.seconds for one in self._budgets))
            self._noted = []

    def rest(self, seconds: float, reason: str) -> None:
        """Wait; a stop ends it.

        Raises:
            RateLimited: The run was told not to wait.
        """
        if not self._wait:
            # Nobody is to come back in the minute before.
            until = spoken(stamp(self._clock() + timedelta(seconds=seconds + _MARGIN + 59)))
            raise RateLimited(
                f"Nothing more can be sent until {until}: {reason}",
                hint="Run the same command again then; what has arrived stays.",
            )
        self.announce(seconds, reason)
        self._pause(seconds + _MARGIN, self._stop)

    def announce(self, seconds: float, reason: str) -> float:
        """Say that nothing is sent for some seconds; gives until when, in Unix seconds."""
        until = self._clock() + timedelta(seconds=seconds + _MARGIN)
        self._emit(Waiting(stamp(until), reason))
        return until.timestamp()

    def now(self) -> float:
        """Give the time in Unix seconds."""
        return self._clock().timestamp()


def finish_time(
    journal: Journal,
    route: Route,
    budgets: tuple[Budget, ...],
    costs: Sequence[Mapping[str, int]],
    now: datetime,
) -> str:
    """Tell when a transfer of these costs would end, if its budgets make it wait.

    Returns:
        RFC 3339; empty if they do not.
    """
    if not budgets:
        return ""
    since = now.timestamp() - max(one.seconds for one in budgets)
    ledger = Ledger(budgets, journal.spent(route.destination, route.place, since))
    end = ledger.play(costs, now.timestamp())
    return stamp(datetime.fromtimestamp(end, UTC)) if end > now.timestamp() else ""
