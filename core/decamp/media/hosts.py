"""What was learnt about each media server in this run: whether it answers, when to come back."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from attrs import define, field

__all__ = ["Hosts", "http_date", "retry_after"]

_BROKEN = 3
"""After so many files in a row that a server failed at all attempts, each gets one try."""


@define
class Hosts:
    """Shared by all threads that fetch."""

    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _failed: Counter[str] = field(factory=Counter, init=False)
    _quiet: dict[str, datetime] = field(factory=dict, init=False)

    def attempts(self, host: str, normally: int) -> int:
        """Tell how often to try for one file."""
        with self._lock:
            return 1 if self._failed[host] >= _BROKEN else normally

    def answered(self, host: str) -> None:
        """Note that a server works."""
        with self._lock:
            self._failed[host] = 0

    def gave_up(self, host: str) -> None:
        """Note that a server failed at all attempts for a file."""
        with self._lock:
            self._failed[host] += 1

    def keep_quiet(self, host: str, until: datetime) -> None:
        """Note that a server wants no requests before a time."""
        with self._lock:
            self._quiet[host] = max(until, self._quiet.get(host, until))

    def quiet(self, host: str, now: datetime) -> float:
        """Tell for how many seconds a server wants no requests."""
        with self._lock:
            return max(0.0, (self._quiet.get(host, now) - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Read an HTTP date (RFC 9110 section 5.6.7); None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def retry_after(headers: httpx.Headers, now: datetime) -> timedelta | None:
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
