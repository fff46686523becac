"""Puts values that came one by one together again, as they were nested."""

from __future__ import annotations

from typing import Any

from attrs import define, field

__all__ = ["Tree"]

_Path = tuple[str, ...]


@define
class Tree:
    """A JSON value that grows. It never replaces what it holds: ask `fits` first."""

    _holder: list[Any] = field(factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing was placed yet."""
        return not self._holder

    @property
    def value(self) -> Any:
        """What was placed so far."""
        return self._holder[0]

    def fits(self, path: _Path, value: Any) -> bool:
        """Tell whether a value has room at its path: nothing there, or a list to go on."""
        if self.empty:
            return True
        node = self.value
        for key in path:
            if not isinstance(node, dict):
                return False
            if key not in node:
                return bool(node)  # what is empty was placed so, and says something
            node = node[key]
        return isinstance(node, list) and isinstance(value, list) and bool(node) and bool(value)

    def place(self, path: _Path, value: Any) -> None:
        """Put a value that fits to its path; entries of one list are joined."""
        if self.empty:
            self._holder.append({} if path else value)
            if not path:
                return
        node = self.value
        for key in path[:-1]:
            node = node.setdefault(key, {})
        if not path:
            node.extend(value)
        elif path[-1] in node:
            node[path[-1]].extend(value)
        else:
            node[path[-1]] = value
