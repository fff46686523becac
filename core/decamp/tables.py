"""What there can be hundreds of thousands of, in a file of this machine and not in memory."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from decamp.errors import DestinationRefused
from decamp.filesystems import no_room

__all__ = ["Tables", "in_groups", "to_bytes", "to_text"]

_CACHE_KB = 1_000
"""What of the file is held in memory; a small one is never written at all."""

_LATER = 200
"""So many rows of a table wait at most."""
_AT_ONCE = 100
"""Rows of a few values each: older versions of SQLite take 999 values in a statement."""

T = TypeVar("T")


class Tables:
    """Tables of SQLite that nobody needs once they are closed. Thread-safe.

    So nothing is synced, and all is one transaction without a journal.

    Its methods raise `DestinationFull` if there is no room for the file, and `DestinationRefused` if it
    cannot be written for another reason.

    Args:
        folder: A private folder, in which the file is made when it is first needed.
        name: How the name of the file begins.
        schema: Statements that make the tables.
    """

    def __init__(self, folder: Path, name: str, schema: str) -> None:
        self._folder = folder
        self._name = name
        self._schema = schema
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._db: sqlite3.Connection | None = None
        self._later: dict[str, list[tuple[Any, ...]]] = {}

    def run(self, statement: str, *values: Any) -> list[Any]:
        """Carry out a statement; gives all rows that it finds."""
        with self._lock, self._explained():
            return self._opened().execute(statement, values).fetchall()

    def run_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Carry out a statement for each of many values."""
        with self._lock, self._explained():
            self._opened().executemany(statement, rows)

    def insert_later(self, table: str, *rows: tuple[Any, ...]) -> None:
        """Insert or replace rows before the next statement.

        Many go in one step, for in each the interpreter lets other threads go on, which takes longer.
        """
        with self._lock:
            self._later.setdefault(table, []).extend(rows)
            if len(self._later[table]) >= _LATER:
                with self._explained():
                    self._opened()

    def rows(self, statement: str, *values: Any) -> Iterator[Any]:
        """Go through the rows that a statement finds, while nobody changes those tables."""
        with self._explained():
            with self._lock:
                found = self._opened().execute(statement, values)
            # As they come, and not with the lock: who takes them may look for others.
            for row in found:  # noqa: UP028
                yield row

    def close(self) -> None:
        """Let go of what the tables hold; they are empty when they are used again."""
        with self._lock:
            self._later = {}
            if self._db is not None:
                self._db.close()
                self._db = None
            if self._path is not None:
                self._path.unlink(missing_ok=True)
                self._path = None

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            descriptor, name = tempfile.mkstemp(".spool", f"{self._name}-", self._folder)  # 0600
            os.close(descriptor)
            self._path = Path(name)
            self._db = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
            for setting in (
                *("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"),
                f"cache_size = -{_CACHE_KB}",
            ):
                self._db.execute(f"PRAGMA {setting}")
            self._db.executescript(self._schema)
            self._db.execute("BEGIN")
        later, self._later = self._later, {}
        for table, rows in later.items():
            for some in in_groups(rows, _AT_ONCE):
                row = f"({', '.join('?' * len(some[0]))})"
                insert = f"INSERT OR REPLACE INTO {table} VALUES {', '.join([row] * len(some))}"  # noqa: S608
                self._db.execute(insert, [*chain.from_iterable(some)])
        return self._db

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a fault of ours
        except (sqlite3.DatabaseError, OSError) as error:
            full = no_room(error, self._folder)
            if full is None and getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
                full = no_room(OSError(errno.ENOSPC, ""), self._folder)
            raise full or DestinationRefused(
                f"decamp cannot keep its own files in {self._folder}: {error}.",
                hint="Set DECAMP_HOME to a folder that you can write to.",
            ) from error


def in_groups(many: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Cut what there may be much of into lists, by default such as fit into one statement."""
    rest = iter(many)
    while some := list(islice(rest, size)):
        yield some


def to_bytes(name: str) -> bytes:
    """Write a name for a table. Names may be no UTF-8, which a text of SQLite has to be."""
    return name.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Read what `to_bytes` gave."""
    return data.decode("utf-8", "surrogatepass")
