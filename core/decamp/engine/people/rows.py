"""Other people's names in rows: those in fields of their own at once, those in raw values later.

See `decamp.engine.people.names`, which says why there are two steps. Archives have millions of rows,
so what is found out about one is kept for all that are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from decamp.engine.people.aliases import Aliases, names_a_person
from decamp.validation import field_names, mark_of_others, person_fields

__all__ = ["AlikeRows"]

_SOURCE = b',"source":'
_MOST_ENDS = 10_000


class AlikeRows:
    """What is done to rows that are alike."""

    def __init__(self, kind: str, aliases: Aliases) -> None:
        self._aliases = aliases
        marked = person_fields(kind)
        changes = {"name": aliases.name, "address": aliases.address}
        self.names = tuple(name for name, how in marked.items() if how == "name")
        self._plain = [(name, changes[how]) for name, how in marked.items() if how in changes]
        self._raw = frozenset(name for name, how in marked.items() if how == "raw")
        self._tame = field_names(kind) - self._raw
        self._usual = set(self._tame)
        self._mark = mark_of_others(kind)
        self._wild: set[str] = set()
        """Fields with raw values that were met."""
        self._harmless: set[bytes] = set()

    def is_of_others(self, row: Mapping[str, Any]) -> bool:
        """Tell whether another person wrote it, or it is about another person."""
        if self._mark is not None:
            return bool(row.get(self._mark[0]) == self._mark[1])
        if any(self._aliases.other(row.get(name)) for name in self.names):
            return True
        return any(
            self._aliases.other(value) and names_a_person(key)
            for name in self._raw
            if isinstance(raw := row.get(name), dict)
            for key, value in raw.items()
        )

    def learn(self, row: Mapping[str, Any]) -> None:
        """Learn the names in a row that is left out."""
        for name in self.names:
            if name in row:
                self._aliases.name(row[name])

    def changed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Replace the names in fields of their own; the row itself if there are none."""
        made = row
        for name, change in self._plain:
            if name in row:
                value = row[name]
                new = change(value)
                if new is not value:
                    if made is row:
                        made = dict(row)
                    made[name] = new
        if not row.keys() <= self._usual:
            self._wild |= row.keys() - self._tame
            self._usual |= self._wild
        return made

    @property
    def has_raw_values(self) -> bool:
        """Whether a row with raw values was met."""
        return bool(self._wild)

    @cached_property
    def _decode(self) -> Callable[[bytes], dict[str, Any]]:
        return msgspec.json.Decoder(dict[str, Any]).decode

    def refined(self, lines: list[bytes]) -> list[bytes]:
        """Replace the names in raw values."""
        if self._wild != {"source"}:
            return [self._refined(line) for line in lines]
        # Mostly rows end with the same few raw values, such as an empty title. What comes
        # before is plain texts, in which no quotation mark stands by itself.
        return [
            line if line.partition(_SOURCE)[2] in self._harmless else self._looked_at(line)
            for line in lines
        ]

    def _looked_at(self, line: bytes) -> bytes:
        made = self._refined(line)
        end = line.partition(_SOURCE)[2]
        if end and made == line and len(self._harmless) < _MOST_ENDS:
            self._harmless.add(end)
        return made

    def _refined(self, line: bytes) -> bytes:
        row = self._decode(line)
        if row.keys() <= self._tame:
            return line
        made: dict[str, Any] = {}
        for name, value in row.items():
            if name in self._tame:
                made[name] = value
            elif name in self._raw:
                made[name] = self._aliases.raw(value)
            else:
                made |= self._aliases.raw({name: value})
        return msgspec.json.encode(made) + b"\n"
