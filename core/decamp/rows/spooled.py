"""What lies in the spool: extents of rows, by collection and bucket."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from attrs import define, field, fields, frozen

from decamp.model import Collection

__all__ = ["UNDATED", "Extent", "Spooled", "bucket_ends", "bucket_of", "bucket_width", "number_of"]

UNDATED = ""
"""The bucket of rows without a time."""

_YEAR, _MONTH = len("2024"), len("2024-01")


def bucket_of(kind: str, time: str) -> str:
    """Name the bucket of a row of this kind: ``2024`` or ``202401``, empty without a time."""
    width = _YEAR if kind == "message" else _MONTH
    return time[:width].replace("-", "") if time else UNDATED


@frozen
class Extent:
    """Rows that lie together in the spool: one batch's rows of one bucket, in order of time."""

    bucket: int
    """202401 for a month, 2024 for a year, 0 for rows without a time."""
    first: int
    last: int
    """Times as numbers: 20240101100000; 0 for none."""
    offset: int
    length: int
    row: int
    count: int
    path: int
    cut: int
    """Number of the segment that its rows came in; 0 for none."""


@define
class Spooled:
    """One collection in the spool."""

    collection: Collection
    paths: list[str] = field(factory=list)
    cuts: list[Mapping[str, Any]] = field(factory=list)
    """Records of the segments that rows came in; the first is number 1."""
    _extents: array[int] = field(factory=lambda: array("Q"))
    """Nine numbers an extent: there can be hundreds of thousands."""

    @property
    def origins(self) -> list[str]:
        """Where the rows once were, at the source and before that."""
        listed = [path for path in self.paths if path]
        for cut in self.cuts:
            listed += (cut.get("source") or {}).get("paths", ())
        return list(dict.fromkeys(listed))

    def add(self, *numbers: int) -> None:
        """Add an extent, its numbers in order of the fields of `Extent`."""
        self._extents.extend(numbers)

    def take(self, other: Spooled) -> None:
        """Take over what was spooled for another collection that turns out to be this one."""
        width = len(fields(Extent))
        names = [one.name for one in fields(Extent)]
        path, cut = names.index("path"), names.index("cut")
        for start in range(0, len(other._extents), width):
            numbers = other._extents[start : start + width]
            numbers[path] += len(self.paths)
            numbers[cut] += len(self.cuts) if numbers[cut] else 0
            self._extents.extend(numbers)
        self.paths += other.paths
        self.cuts += other.cuts

    def buckets(self) -> dict[int, list[Extent]]:
        """Give the extents by bucket, oldest first."""
        width = len(fields(Extent))
        found: dict[int, list[Extent]] = {}
        for start in range(0, len(self._extents), width):
            extent = Extent(*self._extents[start : start + width])
            found.setdefault(extent.bucket, []).append(extent)
        return dict(sorted(found.items()))


def bucket_ends(times: list[str], width: int) -> Iterator[int]:
    """Tell where each run of one bucket ends, in a list that is in order of time."""
    if times[0][:width] == times[-1][:width]:
        yield len(times)
        return
    end = 0
    for _, group in groupby(times, key=itemgetter(slice(0, width))):
        end += sum(1 for _ in group)
        yield end


def bucket_width(collection: Collection) -> int:
    """Tell how much of a time names its bucket."""
    return _YEAR if collection.kind == "message" else _MONTH


def number_of(time: str) -> int:
    """Write a time as a number that sorts alike."""
    if not time:
        return 0
    return int(time[0:4] + time[5:7] + time[8:10] + time[11:13] + time[14:16] + time[17:19])
