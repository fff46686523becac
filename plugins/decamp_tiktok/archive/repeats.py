"""Objects that name one key twice: of its values a decoder keeps the last and drops the others.

RFC 8259, section 4, leaves open what such an object means. TikTok writes none, as far as was
seen; but a value must not vanish without a word. A dropped value takes the quotes of its key
along, so counting quotes before and after decoding tells, and costs much less than looking at
each object. Quotes delimit keys and texts, however these are escaped.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["drops_values", "has_delimiters"]

_QUOTE = ord('"')
_FEW = 100
_encode = msgspec.json.Encoder().encode


def drops_values(text: bytes, batch: list[Any]) -> bool:
    """Tell whether a JSON text holds keys that are not in the values it was decoded to."""
    encoded = _encode(batch)
    return not has_delimiters(text, encoded.count(b'"') - _escaped(encoded))


def has_delimiters(text: bytes, count: int) -> bool:
    """Tell whether a JSON text has exactly so many quotes around its keys and texts.

    Args:
        count: No more than it has.
    """
    others = text.count(b'"') - count
    return others == 0 or others == _escaped(text)


def _escaped(text: bytes) -> int:
    """Count the quotes that are escaped by a backslash: those within keys and texts."""
    escaped = place = 0
    for _ in range(_FEW):  # the search for one byte is fast where hardly any is found
        place = text.find(b"\\", place)
        if place < 0:
            return escaped
        escaped += text[place + 1] == _QUOTE
        place += 2
    after = iter(text[place:].split(b"\\"))
    next(after)
    for part in after:
        if not part:  # a backslash is escaped, so it escapes nothing itself
            next(after, None)
        elif part[0] == _QUOTE:
            escaped += 1
    return escaped
