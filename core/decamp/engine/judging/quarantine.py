"""What happens to data that its schema refuses: it is kept raw, as a section of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from decamp.model import Item
from decamp.validation import encodable, row_check

__all__ = ["NOT_TEXT", "REJECTED", "rejected_item", "split_rows"]

NOT_TEXT = "(root): holds half a character, which is no Unicode text"


REJECTED = "rejected"
"""The name of sections that the engine makes of refused values."""


def rejected_item(where: str, value: Any, reason: str) -> Item:
    """Wrap a refused value; one that is no clean JSON travels as its ASCII text.

    Args:
        where: The id or path that it would have had.
    """
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, default=repr)
    digest = hashlib.sha256(text.encode()).hexdigest()
    record = {
        "name": REJECTED,
        "path": where,
        "reason": reason,
        "value": value if encodable(value) else text,
    }
    return Item(f"section:rejected:{digest[:16]}", "section", record)


def split_rows(
    kind: str, rows: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[tuple[dict[str, Any], str]]]:
    """Part the valid rows of a batch from the others, each of those with its first problem."""
    judge = row_check(kind)
    good: list[dict[str, Any]] = []
    bad: list[tuple[dict[str, Any], str]] = []
    for row in rows:
        if judge.is_valid(row) and encodable(row):
            good.append(row)
        else:
            bad.append((row, next(iter(judge.problems(row)), NOT_TEXT)))
    return good, bad
