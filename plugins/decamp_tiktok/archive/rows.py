"""Entries of a list to rows: the general way, for any shape.

`hot` does the same, faster, for the shapes that make up most of an archive.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from decamp_tiktok.archive import times
from decamp_tiktok.archive.tables import FIELDS, ListRule
from decamp_tiktok.archive.values import SENTINELS, portable

__all__ = ["Row", "event", "message"]

Row = dict[str, Any]

_SAFE = 1 << 53
_MOST_SPELLINGS = 1_000


def event(entry: Mapping[str, Any], rule: ListRule, thing: str | None = None) -> Row:
    """Map one entry of a list.

    Args:
        thing: The row's object where the entry does not hold it: the key of a map.
    """
    fields: dict[str, Any] = {} if thing is None else {"object": thing}
    details: dict[str, Any] = {}
    source: dict[str, Any] = {}
    spelled = _spellings(rule)
    for name, value in entry.items():
        target = spelled[name]
        if target in FIELDS:
            if target in fields:
                pass
            elif target == "time":
                time, exact = times.parse(value)
                if time is not None:
                    fields[target] = time
                if exact:
                    continue
            elif isinstance(value, str):
                if target == "text" or value not in SENTINELS:
                    fields[target] = value
                    continue
            elif isinstance(value, int) and not isinstance(value, bool):
                fields[target] = str(value)
                continue
        elif target and target not in details and _says(value):
            details[target] = _canonical(value)
            continue
        source[name] = portable(value)
    row = {name: fields[name] for name in FIELDS if name in fields}
    if details:
        row["details"] = details
    if source:
        row["source"] = source
    return row


def message(entry: Mapping[str, Any], others: str | None, me: str | None = None) -> Row:
    """Map one message.

    Args:
        others: The partner's user name, or None for a group.
        me: The own user name, if known. In a group it tells the sides; a sender who is
            not known to be the owner counts as someone else.
    """
    time: str | None = None
    sender: str | None = None
    text: str | None = None
    source: dict[str, Any] = {}
    for name, value in entry.items():
        field = name.lower()
        if field == "date" and time is None:
            time, exact = times.parse(value)
            if not exact:
                source[name] = portable(value)
        elif field == "from" and sender is None and isinstance(value, str):
            sender = value
        elif field == "content" and text is None and isinstance(value, str):
            text = value
        else:
            source[name] = portable(value)
    if others is None:
        side = "me" if sender and sender == me else "them"
    else:
        side = "them" if not sender or sender == others else "me"
    row: Row = {} if time is None else {"time": time}
    row["side"] = side
    if sender is not None:
        row["from"] = sender
    row["text"] = text or ""
    if source:
        row["source"] = source
    return row


class _Spellings(dict[str, str]):
    """The target of each spelling of a field's name that was met; empty if it has none."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        super().__init__(targets)
        self._targets = targets

    def __missing__(self, name: str) -> str:
        target = self._targets.get(name.lower(), "")
        if len(self) < _MOST_SPELLINGS:
            self[name] = target
        return target


@cache
def _spellings(rule: ListRule) -> _Spellings:
    return _Spellings(rule.targets)


def _says(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value not in SENTINELS)


def _canonical(value: str | int) -> str | int:
    """Keep small numbers; ids that a double would spoil become text (RFC 8259, section 6)."""
    return value if isinstance(value, str) or -_SAFE <= value <= _SAFE else str(value)
