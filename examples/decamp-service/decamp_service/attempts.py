"""Sign-ins at TikTok that are on their way: begun by one process, ended by any other."""

from datetime import timedelta

from decamp.service.signin import LIFETIME, Attempt
from decamp_service.database import Database


class SqliteAttempts:
    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, attempt: Attempt) -> None:
        too_old = attempt.began - LIFETIME - timedelta(minutes=1)
        with self._db.write() as db:
            db.execute("DELETE FROM attempts WHERE began < ?", (too_old.isoformat(),))
            db.execute(
                "INSERT INTO attempts VALUES (?, ?, ?)",
                (attempt.state, attempt.to_json(), attempt.began.isoformat()),
            )

    def take(self, state: str) -> Attempt | None:
        with self._db.write() as db:
            row = db.execute(
                "DELETE FROM attempts WHERE state = ? RETURNING attempt", (state,)
            ).fetchone()
        return Attempt.from_json(row[0]) if row else None
