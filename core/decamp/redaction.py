"""Keeps signed links and tokens out of logs.

Libraries put whole addresses and headers into their messages and tracebacks, so the
finished text is what has to be cleaned: after formatting, exceptions included.
"""

from __future__ import annotations

import logging
import re

__all__ = ["RedactingFilter", "RedactingFormatter", "redact"]

_GONE = "[redacted]"

# What ends an address in running text. A backslash too: reprs of bytes hold escapes.
_END = r"\s\"'<>\\"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ of any address
    (re.compile(rf"(?<=://)[^/?#{_END}]+@"), f"{_GONE}@"),
    # query and fragment of any address
    (re.compile(rf"(://[^?#{_END}]*)[?#][^{_END}]+"), rf"\1?{_GONE}"),
    # the query of a path alone, as in "GET /file?sig=..."
    (re.compile(rf"\?[\w.~%+\-\[\]]+=[^{_END}]*"), f"?{_GONE}"),
    # the header of a signed-in request, also as it looks in a repr
    (
        re.compile(r"(?i)(authorization|cookie)(['\"]?\s*[:=,]\s*b?['\"]?)[^\r\n'\"]+"),
        rf"\1\2{_GONE}",
    ),
    (re.compile(r"(?i)\b(bearer|basic|dpop)\s+[\w.~+/!*=-]{16,}"), rf"\1 {_GONE}"),
    # named secrets in forms, JSON and reprs
    (
        re.compile(
            r"(?i)([\w-]*(?:signature|authkey|token|secret|passw(?:or)?d|api[_-]?key|verifier))"
            r"(['\"]?\s*[:=]\s*b?['\"]?)[^\s'\"&,;}\])]+"
        ),
        rf"\1\2{_GONE}",
    ),
    # JSON Web Tokens (RFC 7519), and the typed tokens of common sign-in services
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), _GONE),
    (re.compile(r"\b(?:act|rft|clt)\.[\w.!*~-]{8,}"), _GONE),
)


def redact(text: str) -> str:
    """Remove from text what could open something: queries, user information, tokens."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats as `logging.Formatter` does, and redacts the finished text, tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record and redact the outcome."""
        return redact(super().format(record))


class RedactingFilter(logging.Filter):
    """Redacts messages where they are logged, before any handler can see them.

    For loggers of libraries that we make talk about signed links: an application that
    embeds decamp has handlers of its own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place, and let it through."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True
