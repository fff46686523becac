"""Dates of the archive to RFC 3339.

TikTok writes ``2023-05-01 12:00:00`` and in some lists adds `` UTC``. The zone of the
first form is not documented; the text format prints the same dates with `` UTC``, so
both are read as UTC. Anything else is no date for us, and stays as it came.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

__all__ = ["ZONE", "BadTime", "epoch", "from_plain", "parse"]

ZONE = " UTC"
"""What some lists write after the time."""


class BadTime(KeyError):
    """The text is not exactly a date and time of the archive."""


_is_day = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}").fullmatch
_MOST_DAYS = 20_000  # 54 years; keeps hostile archives from growing the cache


class _Days(dict[str, str]):
    """Days that exist in the calendar, checked once each."""

    def __missing__(self, day: str) -> str:
        try:
            if _is_day(day) is None:
                raise BadTime
            date.fromisoformat(day)
        except ValueError:
            raise BadTime from None
        if len(self) >= _MOST_DAYS:
            self.clear()
        self[day] = day
        return day


_days = _Days()
_minutes = {f" {hour:02}:{minute:02}": f"T{hour:02}:{minute:02}"
            for hour in range(24) for minute in range(60)}
_seconds = {f":{second:02}": f":{second:02}Z" for second in range(60)}


def from_plain(text: str) -> str:
    """Turn ``2023-05-01 12:00:00`` into ``2023-05-01T12:00:00Z``.

    Table look-ups instead of a pattern: half of the time where millions are read.

    Raises:
        KeyError: It is not exactly that form, or no such time exists.
    """
    return _days[text[:10]] + _minutes[text[10:16]] + _seconds[text[16:]]


def parse(value: object) -> tuple[str | None, bool]:
    """Read either form.

    Returns:
        The time in RFC 3339, or None; and whether it says all that the value said, so
        that the value need not be kept beside it.
    """
    if not isinstance(value, str):
        return None, False
    plain = value.removesuffix(ZONE)
    try:
        return from_plain(plain), plain is value
    except KeyError:
        return None, False


def epoch(time: str) -> int:
    """Turn what `parse` gave into Unix seconds."""
    return int(datetime.fromisoformat(time).astimezone(UTC).timestamp())
