"""Times as decamp writes them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["now", "spoken", "stamp"]


def now() -> datetime:
    """Give the time, aware and in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """Write a moment, by default this one."""
    return (moment or now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spoken(time: str) -> str:
    """Write what `stamp` gave as it stands in a sentence: ``2026-11-20 09:00 UTC``."""
    return f"{time[:10]} {time[11:16]} UTC"
