"""What no table names: kept as it came, section by section.

A section is what lies under the first two keys. Its leftover values are put together again
as they were nested, and become one item, or several parts where there are too many.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec
from attrs import define, field

from decamp import Item
from decamp_tiktok.archive.places import Path, show
from decamp_tiktok.archive.spool import Lines
from decamp_tiktok.archive.trees import Tree
from decamp_tiktok.archive.values import portable

__all__ = ["Leftovers", "raw_text", "section_item"]

_MOST_ENTRIES = 10_000
_MOST_BYTES = 1 << 20
_encode = msgspec.json.Encoder().encode


@define
class Leftovers:
    """Collects leftover values in the order of the file; one section is open at a time."""

    lines: Lines
    _section: Path = ()
    _tree: Tree = field(factory=Tree)
    _entries: int = 0
    _bytes: int = 0
    _parts: dict[Path, int] = field(factory=dict)
    _singles: dict[Path, tuple[int, int]] = field(factory=dict)
    """By list: the last index that `single` was given, and how many times the list has come."""

    def add(self, path: Path, value: Any) -> None:
        """Keep one value."""
        self._keep(path, portable(value), 1)

    def extend(self, path: Path, entries: list[Any]) -> None:
        """Keep some entries of a list; more of the same list may follow."""
        for start in range(0, len(entries), _MOST_ENTRIES):
            piece = [portable(entry) for entry in entries[start : start + _MOST_ENTRIES]]
            for smaller in _pieces(piece):
                self._keep(path, smaller, len(smaller))

    def single(self, path: Path, index: int | None, value: Any, reason: str = "") -> None:
        """Keep one entry of a list that should have been mapped, as an item of its own.

        Args:
            path: Of the list, or of a scalar in no list.
            index: Its index in the list; None for a scalar in no list.
            reason: Why it could not be read. Something whole that merely is no object needs
                none: nobody can do anything about it, and nothing of it is lost.
        """
        last, part = self._singles.get(path, (-1, 1))
        part += (index or 0) <= last  # the key came again, maybe with the very same
        self._singles[path] = index or 0, part
        where = path if index is None else (*path, str(index))
        record = {"name": where[-2] if len(where) > 1 else where[-1], "path": show(where)}
        told = {"part": part} if part > 1 else {}
        why = {"reason": reason} if reason else {}
        self.lines.append({**record, **told, **why, "value": portable(value)})

    def finish(self) -> None:
        """Close the open section."""
        self._flush(more=False)

    def parts(self) -> dict[Path, int]:
        """Count the items made of each section so far."""
        return self._parts

    def _keep(self, path: Path, value: Any, entries: int) -> None:
        if path[:2] != self._section:
            self._flush(more=False)
            self._section = path[:2]
        size = _size(value)
        full = self._entries + entries > _MOST_ENTRIES or self._bytes + size > _MOST_BYTES
        if not self._tree.empty and (full or not self._tree.fits(path[2:], value)):
            self._flush(more=True)
        self._tree.place(path[2:], value)
        self._entries += entries
        self._bytes += size

    def _flush(self, *, more: bool) -> None:
        if self._tree.empty:
            return
        section = self._section
        number = self._parts.get(section, 0) + 1
        self._parts[section] = number
        record: dict[str, Any] = {"name": section[-1] if section else "", "path": show(section)}
        if more or number > 1:
            record["part"] = number
        self.lines.append({**record, "value": self._tree.value})
        self._tree, self._entries, self._bytes = Tree(), 0, 0


def section_item(record: dict[str, Any]) -> Item:
    """Make the item of a section; its id holds the digest of its value."""
    value = record["value"]
    told = {"part": record["part"], "value": value} if "part" in record else value
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Item(f"section:{record['path']}:{digest}", "section", record)


def raw_text(raw: bytes) -> Any:
    """Keep bytes that are no valid JSON: as text, or as base64 where they are no UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}


def _size(value: Any) -> int:
    return len(_encode(value))


def _pieces(entries: list[Any]) -> Iterator[list[Any]]:
    """Cut a list so that each piece stays below the size of a part, where entries allow."""
    if _size(entries) <= _MOST_BYTES:
        yield entries
        return
    piece: list[Any] = []
    size = 0
    for entry in entries:
        length = _size(entry)
        if piece and size + length > _MOST_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += length
    if piece:
        yield piece
