"""Counts the values of JSON documents, to see that none is lost between two of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_is_plain = re.compile(r"([12]\d{3}-\d\d-\d\d) (\d\d:\d\d:\d\d)", re.ASCII).fullmatch


def leaves(value: Any) -> Counter[str]:
    """Count all scalars and empty containers.

    What mapping may change counts as the same: ``2023-05-01 12:00:00`` and its RFC 3339
    form, integers and their digits, Yes and No and true and false.
    """
    return Counter(_leaves(value))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, (list, tuple)) and value:
        for inner in value:
            yield from _leaves(inner)
    else:
        yield _normal(value)


def _normal(value: Any) -> str:
    if value is True or value == "Yes":
        return "yes"
    if value is False or value == "No":
        return "no"
    if isinstance(value, str):
        match = _is_plain(value)
        return f"text {match[1]}T{match[2]}Z" if match else f"text {value}"
    if isinstance(value, int):
        return f"text {value}"
    return repr(value)
