"""The table of contents: what was in the archive, and what became of each part of it.

With it anyone can check that entries in equal rows and items out. It is also where empty
lists are remembered: ``null``, ``[]`` and ``{}`` say different things to those who ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

from decamp_tiktok.archive.places import Path, show

__all__ = ["Contents", "folded"]

_MOST_PATHS = 10_000


def folded(path: Path, depth: int) -> Path:
    """Replace the key below a map (a partner, a room) by a star."""
    return (*path[:depth], "*", *path[depth + 1 :])


@define
class Contents:
    """Counts by path."""

    _paths: dict[str, dict[str, Any]] = field(factory=dict)
    _full: list[dict[str, Any]] = field(factory=list)

    def mapped(self, path: Path, becomes: str, count: int) -> None:
        """Count entries that became rows or items."""
        entry = self._at(path)
        entry["becomes"] = becomes
        entry["entries"] = entry.get("entries", 0) + count

    def kept(self, path: Path, count: int = 1) -> None:
        """Count entries of a mapped list that stayed raw."""
        entry = self._at(path)
        entry["kept"] = entry.get("kept", 0) + count

    def empty(self, path: Path, value: Any) -> bool:
        """Remember which way of saying "nothing" stands here.

        Returns:
            False if one is remembered already: a key may come twice.
        """
        entry = self._at(path)
        if "empty" in entry:
            return False
        entry["empty"] = value
        return True

    def sections(self, parts: Mapping[Path, int]) -> None:
        """Add how many items hold what each section has beyond its lists."""
        for path, count in parts.items():
            self._at(path)["sections"] = count

    def records(self) -> Iterator[dict[str, Any]]:
        """Give the section records that hold the table: one, or parts of a huge one."""
        pages = [*self._full, self._paths]
        for number, page in enumerate(pages, 1):
            part = {"part": number} if len(pages) > 1 else {}
            yield {"name": "contents", "path": "", **part, "value": page}

    def paths(self) -> dict[str, dict[str, Any]]:
        """Give the table by path."""
        return {path: entry for page in (*self._full, self._paths) for path, entry in page.items()}

    def _at(self, path: Path) -> dict[str, Any]:
        key = show(path)
        if key not in self._paths and len(self._paths) >= _MOST_PATHS:
            self._full.append(self._paths)
            self._paths = {}
        return self._paths.setdefault(key, {})
