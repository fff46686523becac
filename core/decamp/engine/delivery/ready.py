"""What is ready to be sent, and how much of it a destination's budgets allow now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import define, field

from decamp.engine.delivery.pace import Pace
from decamp.engine.work import Work

__all__ = ["Ready", "is_small"]

_MOST = 20_000
"""So many items may be set aside: they are held in memory, and their files on disk."""


@define
class Ready:
    """Items whose files are here, in their order.

    While nothing more may be sent they can be set aside, so that what comes after them is
    fetched before its links stop working.
    """

    _pace: Pace
    _costs: Callable[[Work], Mapping[str, int]]
    _works: list[Work] = field(factory=list, init=False)
    _large: int = field(default=0, init=False)
    _until: float = field(default=0.0, init=False)
    """Until when they are set aside, Unix seconds."""

    def __len__(self) -> int:
        return len(self._works)

    def add(self, work: Work) -> None:
        """Take one more."""
        self._works.append(work)
        self._large += not is_small(work)

    def take(self) -> list[Work]:
        """Give all of them."""
        works, self._works, self._large = self._works, [], 0
        return works

    def enough(self, together: int, large: int) -> bool:
        """Tell whether there are so many at all, or so many that travel alone."""
        return len(self._works) >= together or self._large >= large

    def affordable(self, works: Sequence[Work]) -> tuple[int, float, str]:
        """Count how many of these the budgets allow now, and spend that.

        Returns:
            How many; and if it is none, how many seconds to wait, and why.
        """
        if not self._pace.limited:
            return len(works), 0.0, ""
        for count, work in enumerate(works):
            costs = self._costs(work)
            seconds, reason = self._pace.delay(costs)
            if seconds > 0:
                return count, seconds, reason
            self._pace.spend(costs)
        return len(works), 0.0, ""

    def set_aside(self, works: Sequence[Work], seconds: float, reason: str) -> bool:
        """Keep these until the budgets allow them; False if that must not be."""
        if not self._pace.waits or len(works) >= _MOST:
            return False
        for work in works:
            self.add(work)
        self._until = self._pace.announce(seconds, reason)
        return True

    @property
    def aside(self) -> bool:
        """They are set aside, and it is not time yet."""
        return self._until > 0 and bool(self._works) and self._pace.now() < self._until


def is_small(work: Work) -> bool:
    """Tell whether an item can travel together with others."""
    return work.action == "send" and not work.item.blobs and work.frozen is None
