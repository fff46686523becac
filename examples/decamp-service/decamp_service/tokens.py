"""The token store that decamp asks a service for, in SQLite."""

from contextlib import AbstractContextManager

from decamp.oauth.tokens import Tokens
from decamp_service.database import Database
from decamp_service.locks import Locks


class SqliteTokens:
    def __init__(self, database: Database, locks: Locks) -> None:
        self._db, self._locks = database, locks

    def load(self, key: str) -> Tokens | None:
        rows = self._db.rows("SELECT tokens FROM tokens WHERE key = ?", key)
        return Tokens.from_json(rows[0][0]) if rows else None

    def save(self, key: str, tokens: Tokens) -> None:
        with self._db.write() as db:
            db.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?)", (key, tokens.to_json()))

    def delete(self, key: str) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM tokens WHERE key = ?", (key,))

    def lock(self, key: str) -> AbstractContextManager[None]:
        return self._locks.hold(f"tokens of {key}")
