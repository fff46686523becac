"""Times as decamp writes them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["now", "stamp"]


def now() -> datetime:
    """Give the time, aware and in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """Write a moment, by default this one."""
    return (moment or now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
