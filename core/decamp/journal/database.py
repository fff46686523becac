"""The file behind the journal: opened, locked, and its errors in our words."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from decamp.errors import DestinationFull, JournalDamaged, Locked
from decamp.filesystems import is_network, make_private, publish
from decamp.journal import checksum
from decamp.journal.codec import DAMAGED_HINT
from decamp.journal.schema import VERSION, create, require_ours, upgrade

__all__ = ["Database"]

_CHECKPOINT_PAGES = 8_000
"""A checkpoint syncs the disk; intents are large, so SQLite's 1 000 pages come too often."""

_OPEN: Counter[str] = Counter()
"""How often this process has each file open. While it has, nothing but SQLite may open it:
closing any descriptor of a file lets go of all locks that the process has on it (fcntl(2))."""

_UNWRITTEN = frozenset(
    f"SQLITE_IOERR{kind}" for kind in ("_WRITE", "_FSYNC", "_TRUNCATE", "_SHMSIZE", "_SHMMAP")
)
"""What SQLite also says on a full disk, beside that it is full: for one, it opens an index of 32 KiB."""

_ROOM = 1 << 20
_BUSY_STEPS, _BUSY_STEP_MS = 120, 250
"""Half a minute for another writer. As long as SQLite itself waits, Python answers no signal."""

_GATE = threading.Lock()
"""One thread at a time opens or closes a journal."""


class Database:
    """One SQLite file, with one writer at a time and any number of readers.

    WAL with ``synchronous=NORMAL`` survives a killed process with every commit, and a power
    cut without its last commits, which costs work and no data: an importer that needs it
    syncs before its receipts are committed, and the others get a full commit per window.
    """

    def __init__(self, db: sqlite3.Connection, file: Path, path: Path) -> None:
        self._db = db
        self._file = file
        self._closed = False
        self.path = path
        self.salt: bytes = db.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()[0]
        _OPEN[str(file)] += 1

    @staticmethod
    def exists(path: Path) -> bool:
        """Tell whether there is a journal, or what is left of one; yes if that cannot be told."""
        for suffix in ("", "-wal"):
            try:
                os.lstat(f"{path}{suffix}")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                pass  # opening it says why
            return True
        return False

    @classmethod
    def open(cls, path: Path, shown: Path | None = None) -> Self:
        """Open the journal, or make a new one; the file is for its owner alone.

        A new file gets its name when it is complete, so one that holds nothing is damaged.

        Args:
            shown: The file of which it is a copy; errors name that.

        Raises:
            JournalDamaged: It cannot be read or trusted, or was written by a newer decamp.
            Locked: Another process keeps it busy for longer than half a minute.
        """
        if is_network(path.parent):
            raise JournalDamaged(
                f"The journal would lie on a network file system: {path.parent}. "
                "Locks are not reliable there.",
                hint="Set DECAMP_HOME to a folder on a local disk.",
            )
        make_private(path.parent)
        shown = shown or path
        with _explained(shown), _GATE:
            if not os.path.lexists(path):
                _make(path, shown)
            changed = False
            if not _OPEN[str(path)]:
                _require_file(path, shown)
                changed = checksum.differs(shown)
            db = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                version = require_ours(db, shown)
                _require_sound(db, shown)
                checksum.require_same(shown, changed=changed)
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                if version != VERSION:
                    checksum.forget(path)
                    upgrade(db, path, version)
                db.execute(f"PRAGMA busy_timeout = {_BUSY_STEP_MS}")
                return cls(db, path, shown)
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
        with _GATE:
            if self._closed:
                return
            self._closed = True
            name = str(self._file)
            _OPEN[name] -= 1
            if _OPEN[name]:
                self._db.close()
            else:
                checksum.close(self._db, self._file)

    def require_integrity(self) -> None:
        """Let SQLite look at everything, indexes too, which takes a while.

        Raises:
            JournalDamaged: Something does not fit together.
        """
        [found] = next(self._read("PRAGMA integrity_check(1)"))
        if found != "ok":
            raise _damaged(self.path, found)

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with _explained(self.path):
            self._begin()
            try:
                # Each time, and with the lock: another program may have noted one since.
                checksum.forget(self._file)
                yield self._db
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _begin(self) -> None:
        for left in reversed(range(_BUSY_STEPS)):
            try:
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not left or not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    raise
            else:
                return

    @contextmanager
    def _durable(self) -> Iterator[None]:
        """Let what is committed inside survive a power cut too."""
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")

    def _read(self, query: str, *values: Any) -> Iterator[Any]:
        with _explained(self.path):
            # A reader may be let go of after the journal was closed; `yield from` would then
            # close the cursor, which SQLite's module takes for a use of it.
            for row in self._db.execute(query, values):  # noqa: UP028
                yield row


def _make(path: Path, shown: Path) -> None:
    """Make a new journal, and give it its name once it is whole."""
    if os.path.lexists(f"{path}-wal"):
        raise _damaged(shown, "the file is gone, and only its write-ahead log is left")
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
    os.close(descriptor)
    made = Path(name)
    try:
        db = sqlite3.connect(made, isolation_level=None)
        try:
            create(db)
            db.execute("PRAGMA journal_mode = WAL")
        finally:
            db.close()
        with suppress(FileExistsError):  # another program was quicker: its journal it is
            publish(made, path)
    finally:
        with suppress(FileNotFoundError):
            made.unlink()


def _require_file(path: Path, shown: Path) -> None:
    mode = path.stat()
    if not stat.S_ISREG(mode.st_mode):
        what = "a folder" if stat.S_ISDIR(mode.st_mode) else "not a file"
        raise _damaged(shown, f"it is {what}")
    if not mode.st_size:
        raise _damaged(shown, "it is empty")
    with path.open("rb"):  # SQLite would only say that it was unable
        pass


def _require_sound(db: sqlite3.Connection, shown: Path) -> None:
    """Let SQLite look at the structure: some 15 ms for a million delivered rows."""
    [found] = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _damaged(shown, " ".join(found.replace("***", "").split()))


def _damaged(path: Path, why: str) -> JournalDamaged:
    return JournalDamaged(f"The journal {path} is damaged: {why}.", hint=DAMAGED_HINT)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a fault of ours, such as the use of a closed journal; the file is none the worse
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Locked(
                f"Another program keeps the journal {path} busy.",
                hint="Wait for it to end, then run the same command again.",
            ) from error
        if code.startswith("SQLITE_FULL") or (code in _UNWRITTEN and _is_full(path.parent)):
            raise _full(path) from error
        raise _damaged(path, str(error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        raise JournalDamaged(
            f"The journal {path} cannot be opened: {error.strerror}.",
            hint="Check its permissions and those of its folder, or set DECAMP_HOME to another "
            "folder.",
        ) from error


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def _full(path: Path) -> DestinationFull:
    return DestinationFull(
        f"The disk that holds decamp's journal is full: {path.parent}.",
        hint="Free some space, then run the same command again.",
    )
