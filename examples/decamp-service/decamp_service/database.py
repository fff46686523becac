"""One SQLite file. Each use has a connection of its own, so threads and processes share it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from decamp_service.locks import Locks

TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,        -- a digest of the browser's cookie
  person TEXT NOT NULL,
  until TEXT NOT NULL,
  state TEXT                  -- of the sign-in at TikTok that this browser has begun
);
CREATE TABLE IF NOT EXISTS attempts (state TEXT PRIMARY KEY, attempt BLOB, began TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (key TEXT PRIMARY KEY, tokens BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS copies (
  person TEXT PRIMARY KEY,
  account TEXT NOT NULL,      -- the open_id that TikTok gave
  state TEXT NOT NULL,        -- waiting, done, stopped, failed, closing
  due TEXT,                   -- when to go on; NULL: not by itself
  request TEXT,               -- the id of the copy that TikTok makes
  said TEXT NOT NULL          -- for the person
);
CREATE INDEX IF NOT EXISTS by_account ON copies (account);
CREATE INDEX IF NOT EXISTS by_request ON copies (request);
CREATE TABLE IF NOT EXISTS notices (
  position INTEGER PRIMARY KEY, id TEXT UNIQUE, packed BLOB, forget_at TEXT, done INTEGER
);
"""


class Database:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # tokens lie in it
        # SQLite waits for nobody while it turns to WAL: of two that begin together, one would fail.
        locks = Locks(path.parent / "locks")
        with locks.hold("tables"), closing(self._connect()) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(TABLES)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing; on the disk when this ends."""
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(self._connect()) as db:
            return db.execute(query, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        db.execute("PRAGMA synchronous = FULL")  # a new refresh token must survive a power cut
        return db
