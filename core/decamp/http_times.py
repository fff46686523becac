"""Times in HTTP headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

__all__ = ["http_date", "retry_after"]


def http_date(text: str) -> datetime | None:
    """Read an HTTP date (RFC 9110 section 5.6.7); None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read how long a server asks to wait (RFC 9110 section 10.2.3), as seconds or as a date.

    A date is compared with the server's own clock where the answer tells it.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:10]), 10**8))
    until = http_date(text)
    if until is None:
        return None
    return max(timedelta(0), until - (http_date(headers.get("date", "")) or now))
