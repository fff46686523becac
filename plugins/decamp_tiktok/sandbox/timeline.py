"""When things happened: an endless, repeatable sequence of moments.

A list's rows are numbered from the account's first day on, without an end. Row number n has
one time and one random number, found without looking at the rows before it. So a newer
archive has the same rows and some more, a list can be written newest first, and nothing has
to be kept in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from random import Random

from attrs import frozen

__all__ = ["Moments", "Timeline"]

Moments = tuple[list[int], list[int]]
"""Times (Unix seconds, ascending) and random numbers (unsigned, 64 bits) of some rows."""

_TIED = 8
"""In each block the row of this number happens in the same second as the one before."""


@frozen
class Timeline:
    """The moments of one list of one account."""

    seed: int
    name: str
    pace: int
    """How many rows there are from `first` to `last`; the sequence goes on at this pace."""

    first: int
    last: int
    block: int = 1_000
    repeats: bool = False
    """Whether the row in the same second is the very same thing again."""

    def index(self, time: int) -> int:
        """Count the rows before a time (Unix seconds)."""
        if self.pace == 0 or time <= self.first:
            return 0
        # Row n starts in the n-th slot, so that only two rows are in question: the one whose
        # slot this is, and one that is tied to it.
        index = (time - self.first) * self.pace // (self.last - self.first)
        while self.at(index)[0] < time:
            index += 1
        return index

    def at(self, index: int) -> tuple[int, int]:
        """Give time and random number of one row."""
        number, offset = divmod(index, self.block)
        times, randoms = _moments(self, number)
        return times[offset], randoms[offset]

    def batches(self, start: int, stop: int, *, newest_first: bool = False) -> Iterator[Moments]:
        """Yield the rows from `start` up to `stop`, each batch in ascending order."""
        numbers = range(start // self.block, -(-stop // self.block)) if start < stop else range(0)
        for number in reversed(numbers) if newest_first else numbers:
            origin = number * self.block
            part = slice(max(start - origin, 0), min(stop - origin, self.block))
            times, randoms = _moments(self, number)
            yield times[part], randoms[part]


@lru_cache(maxsize=4)
def _moments(timeline: Timeline, number: int) -> Moments:
    size = timeline.block
    source = Random(f"{timeline.seed}/{timeline.name}/{number}")
    randoms = list(struct.unpack(f"<{size}Q", source.randbytes(8 * size)))
    first, span, pace = timeline.first, timeline.last - timeline.first, timeline.pace
    slot = max(1, span // pace)
    origin = number * size
    times = [
        first + index * span // pace + random % slot for index, random in enumerate(randoms, origin)
    ]
    # Not if it would move a row of the future before the last moment: the pace would be wrong.
    if size > _TIED and origin + _TIED != pace:
        times[_TIED] = times[_TIED - 1]
        if timeline.repeats:
            randoms[_TIED] = randoms[_TIED - 1]
    return times, randoms
