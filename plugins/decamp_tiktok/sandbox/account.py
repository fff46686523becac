"""One made-up account: what all of its lists have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from decamp_tiktok.sandbox.links import Signer
from decamp_tiktok.sandbox.options import BORN, REFERENCE, ArchiveOptions
from decamp_tiktok.sandbox.texts import phrases
from decamp_tiktok.sandbox.timeline import Timeline
from decamp_tiktok.sandbox.tree import Node, Rows

__all__ = ["Account", "Builder", "MakeRows", "each"]

MakeRows = Callable[[list[int], list[int]], list[tuple[str, ...]]]
"""Makes rows of their times and random numbers: JSON texts in the order of the keys. A row
may depend on nothing else, so that every export of the account has the same one."""


def each(make: Callable[[int, int], tuple[str, ...]]) -> MakeRows:
    """Make rows one at a time, for lists that are never long."""

    def rows(times: list[int], randoms: list[int]) -> list[tuple[str, ...]]:
        return list(map(make, times, randoms))

    return rows


_BORN = int(BORN.timestamp())
_REFERENCE = int(REFERENCE.timestamp())


class Account:
    """Makes the lists of one account as one export shows them."""

    def __init__(self, options: ArchiveOptions) -> None:
        self.options = options
        self.counts = options.counts
        self.seed = options.seed
        self.exported = int(options.exported_at.timestamp())
        self.signer = Signer(options.media_base, int(options.expires_at.timestamp()))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What its people say, as JSON strings."""
        return phrases(self.seed)

    def since(self, generation: str) -> bool:
        """Tell whether this export is of a generation or a later one."""
        return self.options.generation >= generation

    def timeline(
        self,
        name: str,
        pace: int,
        *,
        opened: int = _BORN,
        block: int = 1_000,
        repeats: bool = False,
    ) -> Timeline:
        """Make the moments of a list, with `pace` of them up to the reference time."""
        return Timeline(self.seed, name, pace, opened, _REFERENCE, block, repeats)

    def total(self, timeline: Timeline) -> int:
        """Count the rows that this export would have if none had been trimmed."""
        return timeline.index(self.exported)

    def rows(
        self,
        timeline: Timeline,
        keys: Iterable[str],
        make: MakeRows,
        *,
        name: str = "",
        newest_first: bool = True,
        history: bool = True,
    ) -> Rows | None:
        """Make a list, or None if it has no rows.

        Args:
            name: What its rows are counted as, if not by the timeline's name.
            history: Whether its oldest rows are lost when the export is trimmed.
        """
        trim = self.options.trim_before if history else None
        start = timeline.index(int(trim.timestamp())) if trim else 0
        stop = self.total(timeline)
        if start >= stop:
            return None

        def batches() -> Iterator[list[tuple[str, ...]]]:
            for times, randoms in timeline.batches(start, stop, newest_first=newest_first):
                batch = make(times, randoms)
                if newest_first:
                    batch.reverse()
                yield batch

        return Rows(name or timeline.name, tuple(keys), batches())


Builder = Callable[[Account], Node]
"""Makes what lies at one place; None, or an empty list or object, if there is nothing."""
