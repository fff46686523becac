"""The clock, and times as decamp writes them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

__all__ = ["now", "pause", "spoken", "stamp"]


def now() -> datetime:
    """Give the time, aware and in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """Write a moment, by default this one."""
    return (moment or now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spoken(moment: str) -> str:
    """Write what `stamp` gave as it stands in a sentence: ``2026-11-20 09:00 UTC``."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def pause(seconds: float, stop: threading.Event) -> None:
    """Wait by the wall clock, since a machine may sleep meanwhile; a stop ends it.

    In short steps: on Windows one long wait is deaf.
    """
    until = time.time() + seconds
    while (left := until - time.time()) > 0 and not stop.wait(min(left, 1.0)):
        pass
