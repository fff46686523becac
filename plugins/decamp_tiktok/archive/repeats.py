"""Objects that name one key twice: of its values a decoder keeps the last and drops the others.

RFC 8259, section 4, leaves open what such an object means. TikTok writes none, as far as was
seen; but a value must not vanish without a word. A dropped value takes the quotes of its key
along, so counting quotes before and after decoding tells, and costs much less than looking at
each object.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["drops_values"]

_QUOTE = ord('"')
_encode = msgspec.json.Encoder().encode


def drops_values(text: bytes, batch: list[Any]) -> bool:
    """Tell whether a JSON text holds keys that are not in the values it was decoded to."""
    return _delimiters(text) != _delimiters(_encode(batch))


def _delimiters(text: bytes) -> int:
    """Count the quotes around keys and strings: those that are not escaped."""
    escaped = 0
    after = iter(text.split(b"\\"))
    next(after)
    for part in after:
        if not part:  # a backslash is escaped, so it escapes nothing itself
            next(after, None)
        elif part[0] == _QUOTE:
            escaped += 1
    return text.count(b'"') - escaped
