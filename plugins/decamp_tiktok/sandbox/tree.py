"""Write a JSON document piece by piece, with flat memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["Entries", "Node", "Rows", "TreeWriter"]


@frozen
class Rows:
    """A list of objects that all have the same keys."""

    name: str
    keys: tuple[str, ...]
    batches: Iterable[list[tuple[str, ...]]] = field(repr=False, eq=False)
    """One tuple per object: its values as JSON text, in the order of the keys."""


@frozen
class Entries:
    """An object whose members are made one at a time."""

    name: str
    members: Iterable[tuple[str, Node]] = field(repr=False, eq=False)
    counted: bool = True
    """Whether each member counts as a row."""


Node = Rows | Entries | Mapping[str, Any] | list[Any] | str | int | None
"""A part of the document: plain JSON, or something that is written as it is made. A mapping
may hold further nodes; a list may not."""


class TreeWriter:
    """Turns a tree into text and counts its rows.

    Args:
        compact: Leave out the line breaks, and the two spaces of indent per level.
    """

    def __init__(self, *, compact: bool) -> None:
        self.rows: dict[str, int] = {}
        """How many rows were written, by the name of their list."""
        self._compact = compact
        self._colon = ":" if compact else ": "

    def write(self, node: Node, depth: int = 0) -> Iterator[str]:
        """Yield the text of a node."""
        if isinstance(node, Rows):
            yield from self._write_rows(node, depth)
        elif isinstance(node, Entries):
            members = self._counting(node) if node.counted else node.members
            yield from self._write_members(members, depth)
        elif isinstance(node, Mapping):
            yield from self._write_members(node.items(), depth)
        else:
            yield self._plain(node, depth)

    def _write_members(self, members: Iterable[tuple[str, Node]], depth: int) -> Iterator[str]:
        separator = "{" + self._line(depth + 1)
        empty = True
        for key, node in members:
            yield f"{separator}{_string(key)}{self._colon}"
            yield from self.write(node, depth + 1)
            separator = "," + self._line(depth + 1)
            empty = False
        yield "{}" if empty else self._line(depth) + "}"

    def _write_rows(self, node: Rows, depth: int) -> Iterator[str]:
        template = self._template(node.keys, depth + 1)
        between = "," + self._line(depth + 1)
        separator = "[" + self._line(depth + 1)
        count = 0
        for batch in node.batches:
            yield separator + between.join([template % row for row in batch])
            separator = between
            count += len(batch)
        yield self._line(depth) + "]" if count else "[]"
        self.rows[node.name] = self.rows.get(node.name, 0) + count

    def _template(self, keys: tuple[str, ...], depth: int) -> str:
        line = self._line(depth + 1)
        fields = [f"{line}{_string(key)}{self._colon}".replace("%", "%%") + "%s" for key in keys]
        return "{" + ",".join(fields) + self._line(depth) + "}"

    def _counting(self, node: Entries) -> Iterator[tuple[str, Node]]:
        for member in node.members:
            self.rows[node.name] = self.rows.get(node.name, 0) + 1
            yield member

    def _plain(self, value: list[Any] | str | int | None, depth: int) -> str:
        if self._compact:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        text = json.dumps(value, ensure_ascii=False, indent=2)
        return text.replace("\n", self._line(depth))  # within strings they are escaped

    def _line(self, depth: int) -> str:
        return "" if self._compact else "\n" + "  " * depth


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
