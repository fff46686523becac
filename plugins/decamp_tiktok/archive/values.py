"""Small rules about single values, shared by all mappings."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["EMPTY", "SENTINELS", "number", "portable", "switch"]

SENTINELS = frozenset({"", "N/A", "None"})
"""What TikTok writes for "nothing" in fields that name a thing or a person."""

EMPTY: tuple[Any, ...] = (None, [], {})
"""What TikTok writes for a list or a map without entries."""

_is_count = re.compile(r"0|[1-9][0-9]{0,14}").fullmatch
_LOWEST, _HIGHEST = -(1 << 63), 1 << 64


def portable(value: Any) -> Any:
    """Make a raw value safe for every JSON reader: integers beyond 64 bits become text.

    All else is the value itself; nothing is copied unless something changes.
    """
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, int):
        return value if _LOWEST <= value < _HIGHEST else str(value)
    if isinstance(value, dict):
        return {name: portable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [portable(inner) for inner in value]
    return value


def number(value: Any) -> int | None:
    """Read a count, given as an integer or as decimal digits, if nothing is lost by it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 1 << 53 else None
    if isinstance(value, str) and _is_count(value):
        return int(value)
    return None


def switch(value: Any) -> bool | None:
    """Read ``Yes`` or ``No``, exactly."""
    return {"Yes": True, "No": False}.get(value) if isinstance(value, str) else None
