"""Two programs in turn, and what their times say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from attrs import frozen

__all__ = ["Case", "Contender", "Figure", "Goal", "Result", "compare"]


@frozen
class Figure:
    """One run."""

    seconds: float
    work: int
    """What was done in that time: rows, or starts."""

    cpu: float | None
    """Seconds of processor time; None where the system does not tell."""

    rss: int | None
    """Peak of resident memory, in bytes; None where the system does not tell."""

    @property
    def rate(self) -> float:
        """How much was done in a second."""
        return self.work / self.seconds


@frozen
class Contender:
    """One side."""

    name: str
    measure: Callable[[], Figure]
    warm_up: Callable[[], object]
    """Does the same with little data, unmeasured: files are compiled and cached, and what is
    missing shows early."""


@frozen
class Goal:
    """What has to be reached."""

    ratio: float
    by: Literal["rate", "time"]
    """Rate: ours is at least so many times the peer's. Time: ours is at most that."""

    max_rss: int | None = None
    """The most resident memory that we may take, in bytes."""


@frozen
class Case:
    """One row of the table of goals."""

    title: str
    unit: Literal["rows/s", "files/s", "MB/s", "ms"]
    ours: Contender
    peer: Contender
    goal: Goal
    rounds: int


@frozen
class Result:
    """What was measured."""

    case: Case
    ours: Sequence[Figure]
    peer: Sequence[Figure]

    @property
    def ratios(self) -> list[float]:
        """Compare each round with itself: what slows the machine down slows both sides."""
        pairs = zip(self.ours, self.peer, strict=True)
        if self.case.goal.by == "rate":
            return [ours.rate / peer.rate for ours, peer in pairs]
        return [ours.seconds / peer.seconds for ours, peer in pairs]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float | None:
        """The same of processor time, which a busy machine spoils less; None if not known."""
        ratios = [
            (ours.work / ours.cpu) / (peer.work / peer.cpu)
            for ours, peer in zip(self.ours, self.peer, strict=True)
            if ours.cpu and peer.cpu
        ]
        if not ratios:
            return None
        return median(ratios) if self.case.goal.by == "rate" else 1 / median(ratios)

    @property
    def fast_enough(self) -> bool:
        """Whether the goal is reached."""
        goal = self.case.goal
        return self.ratio >= goal.ratio if goal.by == "rate" else self.ratio <= goal.ratio

    @property
    def small_enough(self) -> bool | None:
        """Whether we keep to the memory; None without such a goal, or if it is not known."""
        limit = self.case.goal.max_rss
        known = [figure.rss for figure in self.ours if figure.rss is not None]
        return max(known) <= limit if limit is not None and known else None


def compare(case: Case) -> Result:
    """Run both sides in turn."""
    for side in (case.ours, case.peer):
        side.warm_up()
    ours: list[Figure] = []
    peer: list[Figure] = []
    for _ in range(case.rounds):
        ours.append(case.ours.measure())
        peer.append(case.peer.measure())
    return Result(case, ours, peer)
