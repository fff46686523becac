"""Dates of the archive to RFC 3339.

TikTok writes ``2023-05-01 12:00:00`` and in some lists adds `` UTC``. The zone of the
first form is not documented; the text format prints the same dates with `` UTC``, so
both are read as UTC. Anything else is no date for us, and stays as it came.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

__all__ = ["ZONE", "BadTime", "all_plain", "epoch", "from_plain", "parse"]

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
_MINUTES = frozenset(f" {hour:02}:{minute:02}" for hour in range(24) for minute in range(60))
_SECONDS = frozenset(f":{second:02}" for second in range(60))


def from_plain(text: str) -> str:
    """Turn ``2023-05-01 12:00:00`` into ``2023-05-01T12:00:00Z``.

    Raises:
        KeyError: It is not exactly that form, or no such time exists.
    """
    if text[10:16] not in _MINUTES or text[16:] not in _SECONDS:
        raise BadTime
    return f"{_days[text[:10]]}T{text[11:]}Z"


def all_plain(texts: Sequence[str]) -> list[str]:
    """Turn many at once: days and times of day repeat, so each is looked at once.

    Raises:
        KeyError: At least one is not exactly that form, or no such time exists.
    """
    for day in {text[:10] for text in texts}:
        _days[day]
    if not {text[10:16] for text in texts} <= _MINUTES:
        raise BadTime
    if not {text[16:] for text in texts} <= _SECONDS:
        raise BadTime
    return ("Z\n".join(texts) + "Z").replace(" ", "T").split("\n") if texts else []


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
