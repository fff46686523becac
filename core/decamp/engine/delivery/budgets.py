"""How much a destination still takes: an account of what was used up, and when it comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from attrs import define, field

from decamp.spec import Budget

__all__ = ["Ledger", "Spending"]

Spending = tuple[float, str, int]
"""When (Unix seconds), the name of the budget, and how much."""


@define
class _Window:
    """One budget: in no stretch of so many seconds may more than the limit be used."""

    budget: Budget
    _used: int = field(default=0, init=False)
    _entries: deque[tuple[float, int]] = field(factory=deque, init=False)

    def delay(self, cost: int, now: float) -> float:
        """Tell how many seconds are left until so much is free."""
        self._forget(now)
        over = self._used + cost - self.budget.limit
        if over <= 0 or cost > self.budget.limit:
            return 0.0  # what is more than all of it cannot be waited for
        for at, amount in self._entries:
            over -= amount
            if over <= 0:
                return at + self.budget.seconds - now
        return 0.0

    def spend(self, cost: int, now: float) -> None:
        self._used += cost
        self._entries.append((now, cost))

    def _forget(self, now: float) -> None:
        while self._entries and self._entries[0][0] + self.budget.seconds <= now:
            self._used -= self._entries.popleft()[1]


class Ledger:
    """All budgets of a destination.

    Args:
        budgets: As its capabilities tell.
        spent: What was used before, in order of time.
    """

    def __init__(self, budgets: Iterable[Budget], spent: Iterable[Spending] = ()) -> None:
        self._windows: dict[str, list[_Window]] = {}
        for budget in budgets:
            self._windows.setdefault(budget.name, []).append(_Window(budget))
        for at, name, amount in spent:
            for window in self._windows.get(name, ()):
                window.spend(amount, at)

    def delay(self, costs: Mapping[str, int], now: float) -> tuple[float, str]:
        """Tell how many seconds to wait before this is spent, and for which budget."""
        waits = [
            (window.delay(cost, now), name)
            for name, cost in costs.items()
            if cost
            for window in self._windows.get(name, ())
        ]
        return max(waits, default=(0.0, ""))

    def spend(self, costs: Mapping[str, int], now: float) -> list[Spending]:
        """Take note of what is used up; gives what is to be remembered."""
        noted = []
        for name, cost in costs.items():
            if cost and name in self._windows:
                noted.append((now, name, cost))
                for window in self._windows[name]:
                    window.spend(cost, now)
        return noted

    def play(self, costs: Iterable[Mapping[str, int]], now: float) -> float:
        """Tell when the last of these could be sent, if nothing else took any time.

        What was played counts as spent: play on a ledger of its own.
        """
        for cost in costs:
            now += self.delay(cost, now)[0]
            self.spend(cost, now)
        return now
