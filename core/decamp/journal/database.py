"""The file behind the journal: opened, locked, and its errors in our words."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from decamp.errors import DestinationFull, JournalDamaged, Locked, TransferError
from decamp.filesystems import is_network, make_private
from decamp.journal.schema import prepare

__all__ = ["Database", "batched"]

_CHECKPOINT_PAGES = 8_000
"""A checkpoint syncs the disk; intents are large, so SQLite's 1 000 pages come too often."""


class Database:
    """One SQLite file, with one writer at a time and any number of readers.

    WAL with ``synchronous=NORMAL`` survives a killed process with every commit, and a power
    cut without its last commits, which costs work and no data: an importer that needs it
    syncs before its receipts are committed, and the others get a full commit per window.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.path = path
        self.salt: bytes = db.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()[0]

    @classmethod
    def open(cls, path: Path, shown: Path | None = None) -> Self:
        """Open the journal, or make a new one; the file is for its owner alone.

        Args:
            shown: What errors call it, if not its path.

        Raises:
            JournalDamaged: It cannot be read, or was written by a newer decamp.
            Locked: Another process keeps it busy for longer than half a minute.
        """
        if is_network(path.parent):
            raise JournalDamaged(
                f"The journal would lie on a network file system: {path.parent}. "
                "Locks are not reliable there.",
                hint="Set DECAMP_HOME to a folder on a local disk.",
            )
        make_private(path.parent)
        with _explained(shown or path):
            if not path.exists():
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            db = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                prepare(db, shown or path)
                _require_whole(db, shown or path)
                return cls(db, shown or path)
            except BaseException:
                db.close()
                raise

    @classmethod
    def open_copy(cls, path: Path, folder: Path) -> Self:
        """Open a private copy, for planning: nothing that happens to it has an effect."""
        copy = folder / "journal.db"
        with _explained(path):
            for suffix in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        return cls.open(copy, path)

    def close(self) -> None:
        """Close the file. What was committed stays."""
        self._db.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with _explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _read(self, query: str, *values: Any) -> Iterator[Any]:
        with _explained(self.path):
            yield from self._db.execute(query, values)


def batched(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Cut keys into pieces that fit into one statement."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _require_whole(db: sqlite3.Connection, path: Path) -> None:
    """Notice damage before anything is decided by what is left.

    Raises:
        JournalDamaged: SQLite finds that its pages do not fit together.
    """
    answer = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise _damaged(path, str(answer).splitlines()[-1])


def _damaged(path: Path, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"The journal {path} is damaged: {why.rstrip('.')}.",
        hint="decamp doctor --repair sets it aside; the next transfer reads back what is at the "
        "destination, and begins a new one.",
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Locked(
                f"Another program keeps the journal {path} busy.",
                hint="Wait for it to end, then run the same command again.",
            ) from error
        if code.startswith("SQLITE_FULL"):
            raise DestinationFull(
                f"The disk that holds decamp's journal is full: {path.parent}.",
                hint="Free some space, then run the same command again.",
            ) from error
        raise TransferError(f"The journal {path} cannot be used: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise TransferError(
            f"The journal {path} cannot be opened: {error.strerror}.",
            hint="Check the folder's permissions, or set DECAMP_HOME to another folder.",
        ) from error
