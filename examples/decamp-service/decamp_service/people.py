"""Who uses this service: sessions of browsers.

A real service has this already. What matters for decamp: a sign-in at TikTok belongs to the
session that began it.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from decamp_service.database import Database

_DAYS = timedelta(days=30)


class People:
    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._db, self._now = database, now

    def enter(self, person: str) -> str:
        """Begin a session; gives what the browser's cookie says."""
        cookie = secrets.token_urlsafe(32)
        now = self._now()
        with self._db.write() as db:
            db.execute("DELETE FROM sessions WHERE until < ?", (now.isoformat(),))
            db.execute(
                "INSERT INTO sessions (id, person, until) VALUES (?, ?, ?)",
                (_digest(cookie), person, (now + _DAYS).isoformat()),
            )
        return cookie

    def who(self, cookie: str) -> str | None:
        rows = self._db.rows(
            "SELECT person FROM sessions WHERE id = ? AND until > ?",
            *(_digest(cookie), self._now().isoformat()),
        )
        return rows[0][0] if rows else None

    def leave(self, cookie: str) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM sessions WHERE id = ?", (_digest(cookie),))

    def leave_everywhere(self, person: str) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM sessions WHERE person = ?", (person,))

    def remember(self, cookie: str, state: str) -> None:
        """Note which sign-in at TikTok this browser has begun; the last one counts."""
        with self._db.write() as db:
            db.execute("UPDATE sessions SET state = ? WHERE id = ?", (state, _digest(cookie)))

    def state(self, cookie: str) -> str:
        """Give the state of the sign-in that this browser has begun; empty if there is none."""
        rows = self._db.rows("SELECT state FROM sessions WHERE id = ?", _digest(cookie))
        return (rows[0][0] or "") if rows else ""


def _digest(cookie: str) -> str:
    # Who can read the table cannot take over a session with it.
    return hashlib.sha256(cookie.encode()).hexdigest()
