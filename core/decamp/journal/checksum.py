"""Tells whether the journal's file is as decamp left it.

SQLite notices damage to the structure of its file, not to the values in it. So the digest of
the whole file lies beside it, from the moment when the last program closed it to the moment
before the next one writes. While something waits in the write-ahead log, SQLite's own
checksums of that log judge, and a file without a digest is judged by its structure alone.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from io import BufferedReader
from pathlib import Path

from decamp.errors import JournalDamaged
from decamp.filesystems import sync_folder

__all__ = ["SUFFIX", "close", "differs", "forget", "require_same"]

SUFFIX = ".sum"
_PATIENCE_MS = 250
"""How long closing waits for others; whoever closes last writes the digest anyway."""


def differs(path: Path) -> bool:
    """Compare the file with the digest beside it, if there is one that counts.

    Not while this process has the file open: reading it would let go of SQLite's locks.

    Raises:
        OSError: It cannot be read.
    """
    wanted = _read(path)
    # Another program may begin to write meanwhile; before that it takes the digest away.
    if not wanted or _waiting(path):
        return False
    return _digest(path) != wanted and _read(path) == wanted


def require_same(path: Path, *, changed: bool) -> None:
    """Refuse a file that was changed by something else than decamp.

    Raises:
        JournalDamaged: It was.
    """
    if changed:
        raise JournalDamaged(
            f"The journal {path} is damaged: it is not as decamp left it.",
            hint="If you put it back from a backup, delete the file "
            f"{path.name}{SUFFIX} beside it. Otherwise see: decamp doctor",
        )


def forget(path: Path) -> None:
    """Take the digest away, durably, before the file is changed."""
    place = _place(path)
    if place.exists():
        place.unlink(missing_ok=True)
        sync_folder(path.parent)


def close(db: sqlite3.Connection, path: Path) -> None:
    """Note the digest as the last step, and close the file. Never fails.

    What cannot be noted, because another program uses the file or the disk is full, is left
    out: then the structure alone is judged.
    """
    with closing(db), suppress(sqlite3.Error, OSError):
        if _read(path) and not _waiting(path):
            return
        forget(path)
        db.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return
        db.execute("BEGIN IMMEDIATE")  # nobody writes while the file is read
        # It stays open until SQLite has closed it too, which lets go of the same locks.
        with path.open("rb") as file:
            try:
                if not _waiting(path):
                    _write(path, _digest_of(file))
            finally:
                db.execute("ROLLBACK")
                db.close()


def _place(path: Path) -> Path:
    return path.with_name(f"{path.name}{SUFFIX}")


def _waiting(path: Path) -> bool:
    """Tell whether the write-ahead log holds anything."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _digest_of(file)


def _digest_of(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> str:
    try:
        return _place(path).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _write(path: Path, digest: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{digest}\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(_place(path))
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
