"""Structure and types of an archive, without a single value: safe to post in a bug report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from attrs import define, field

from decamp_tiktok.archive.jsonstream import Event, Rejected, Rows, Value
from decamp_tiktok.archive.markers import KNOWN_FIELDS
from decamp_tiktok.archive.tables import LISTS, LIVE_LISTS, LIVE_ROOMS
from decamp_tiktok.archive.values import SENTINELS

__all__ = ["shape", "skeleton"]

HIDDEN = "<key>"
_KEYED = frozenset(
    {"chathistory", "groupchat", "watchlivemap", "orderhistories", "communicationhistories"}
)
"""Maps whose keys are names or numbers of people, rooms and orders."""

_FIELDS = KNOWN_FIELDS.union(*(rule.targets for rule in (*LISTS, *LIVE_LISTS, LIVE_ROOMS)))
_is_label = re.compile(r"[A-Za-z][A-Za-z0-9 _:+&,.'()/-]{0,79}").fullmatch
_is_user_name = re.compile(r"[a-z0-9_.]+").fullmatch
_digits = re.compile(r"[0-9]{4,}").search
_SHAPES = tuple(
    (name, re.compile(pattern, re.DOTALL).fullmatch)
    for name, pattern in (
        ("date", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("date with zone", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]{1,5}"),
        ("digits", r"\d+"),
        ("decimal", r"-?\d+[.,]\d+"),
        ("urls", r"https?://\S+(\s+https?://\S+)+\s*"),
        ("url", r"https?://\S+"),
        ("yes or no", r"Yes|No"),
    )
)


@define
class _Node:
    """What was seen at one path, over all entries of lists."""

    types: dict[str, int] = field(factory=dict)
    keys: dict[str, _Node] = field(factory=dict)
    entries: _Node | None = None

    def count(self, kind: str, number: int = 1) -> None:
        self.types[kind] = self.types.get(kind, 0) + number

    def below(self, key: str) -> _Node:
        return self.keys.setdefault(key, _Node())

    def add(self, value: Any, *, keyed: bool = False) -> None:
        """Count a value and all that is in it."""
        if isinstance(value, dict):
            self.count("object" if value else "empty object")
            for key, inner in value.items():
                name = HIDDEN if keyed else _shown(key)
                self.below(name).add(inner, keyed=key.lower() in _KEYED)
        elif isinstance(value, list):
            self.count("list" if value else "empty list")
            self.extend(value)
        else:
            self.count(shape(value))

    def extend(self, values: list[Any]) -> None:
        """Count entries of a list."""
        if values:
            self.entries = self.entries or _Node()
            for value in values:
                self.entries.add(value)

    def document(self) -> dict[str, Any]:
        """Give it as JSON."""
        told: dict[str, Any] = {}
        if self.types:
            told["types"] = dict(sorted(self.types.items()))
        if self.keys:
            told["keys"] = {key: node.document() for key, node in sorted(self.keys.items())}
        if self.entries is not None:
            told["entries"] = self.entries.document()
        return told


def skeleton(events: Iterable[Event]) -> dict[str, Any]:
    """Describe what the reader finds."""
    root = _Node()
    for event in events:
        node = root
        keyed = False
        for key in event.path:
            node = node.below(HIDDEN if keyed else _shown(key))
            keyed = key.lower() in _KEYED
        if isinstance(event, Rows):
            if event.index == 0:
                node.count("list")
            node.extend(event.batch)
        elif isinstance(event, Value):
            node.add(event.value)
        elif isinstance(event, Rejected):
            node.count("unreadable")
    return root.document()


def shape(value: Any) -> str:
    """Say what a scalar looks like, never what it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) else "number"
    if value in SENTINELS:
        return f"text {value!r}"
    return next((name for name, matches in _SHAPES if matches(value)), "text")


def _shown(key: str) -> str:
    """Give a key if it is surely a label, and hide what could be a name or a number.

    User names are in lower case; labels that are too are shown only where they are known.
    """
    if key.lower() in _FIELDS:
        return key
    if not _is_label(key) or _is_user_name(key) or _digits(key):
        return HIDDEN
    return key
