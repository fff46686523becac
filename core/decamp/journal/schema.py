"""Tables of the journal, and how an older file becomes a current one."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from decamp.errors import JournalDamaged

__all__ = ["APPLICATION_ID", "VERSION", "create", "format_of", "require_ours", "upgrade"]

APPLICATION_ID = 0x64656361  # "deca": tells our file from any other SQLite file
VERSION = 4

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE routes (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, destination TEXT NOT NULL,
    place TEXT NOT NULL, created TEXT NOT NULL, finish_due INTEGER NOT NULL DEFAULT 0,
    newest TEXT NOT NULL DEFAULT '');
CREATE TABLE aliases (
    route INTEGER NOT NULL REFERENCES routes (id), name TEXT NOT NULL,
    PRIMARY KEY (route, name)) WITHOUT ROWID;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, route INTEGER REFERENCES routes (id), command TEXT NOT NULL,
    state TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, source TEXT NOT NULL,
    destination TEXT NOT NULL, fingerprint TEXT NOT NULL, exit_code INTEGER, report TEXT,
    pid INTEGER NOT NULL);
CREATE TABLE items (
    route INTEGER NOT NULL REFERENCES routes (id), id TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, digest TEXT NOT NULL, mapping INTEGER NOT NULL, receipt TEXT,
    media TEXT NOT NULL DEFAULT '[]', reason TEXT NOT NULL DEFAULT '', intent TEXT,
    run TEXT NOT NULL, PRIMARY KEY (route, id)) WITHOUT ROWID;
CREATE INDEX items_by_state ON items (route, state);
CREATE TABLE ordinals (
    route INTEGER NOT NULL REFERENCES routes (id), key TEXT NOT NULL,
    ordinal INTEGER NOT NULL, match TEXT NOT NULL,
    PRIMARY KEY (route, key, ordinal)) WITHOUT ROWID;
CREATE TABLE rows (
    route INTEGER NOT NULL, item TEXT NOT NULL, collection TEXT NOT NULL,
    bucket TEXT NOT NULL, count INTEGER NOT NULL, total INTEGER NOT NULL, keys BLOB NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0, UNIQUE (route, item, bucket));
CREATE INDEX rows_by_collection ON rows (route, collection, bucket);
"""

_MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE routes ADD COLUMN token TEXT NOT NULL DEFAULT '';
ALTER TABLE routes ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE routes ADD COLUMN people TEXT NOT NULL DEFAULT '';
ALTER TABLE routes ADD COLUMN people_check TEXT NOT NULL DEFAULT '';
ALTER TABLE items ADD COLUMN as_of TEXT NOT NULL DEFAULT '';
ALTER TABLE items ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN proof TEXT NOT NULL DEFAULT '';
ALTER TABLE items ADD COLUMN proved TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN as_of TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN newest_before TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN names_before TEXT;
UPDATE ordinals SET match = '{"features":' || CAST(match AS TEXT) || ',"fields":{}}';
CREATE TABLE versions (
    route INTEGER NOT NULL, item TEXT NOT NULL, digest TEXT NOT NULL,
    superseded INTEGER NOT NULL, PRIMARY KEY (route, item, digest)) WITHOUT ROWID;
CREATE TABLE renames (
    route INTEGER NOT NULL, name TEXT NOT NULL, first TEXT NOT NULL,
    PRIMARY KEY (route, name)) WITHOUT ROWID;
CREATE TABLE effects (
    seq INTEGER PRIMARY KEY, route INTEGER NOT NULL, run TEXT NOT NULL, item TEXT NOT NULL,
    before TEXT, done INTEGER NOT NULL DEFAULT 0, UNIQUE (route, item, run));
CREATE INDEX effects_by_run ON effects (run);
""",
    2: """
ALTER TABLE routes ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
CREATE TABLE requests (
    number INTEGER PRIMARY KEY, source TEXT NOT NULL, account TEXT NOT NULL,
    consent TEXT NOT NULL, single INTEGER NOT NULL, title TEXT NOT NULL, asked TEXT NOT NULL,
    id TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, changed TEXT NOT NULL,
    until TEXT NOT NULL DEFAULT '');
CREATE TABLE waiters (
    request INTEGER NOT NULL REFERENCES requests (number), destination TEXT NOT NULL,
    place TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (request, destination, place)) WITHOUT ROWID;
""",
    3: """
CREATE TABLE spending (
    plugin TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
    amount INTEGER NOT NULL, PRIMARY KEY (plugin, place, name, at)) WITHOUT ROWID;
""",
}
"""From version n to n + 1, as a script. A new file goes the same way, so both end alike."""


def create(db: sqlite3.Connection) -> None:
    """Make the tables of a new file."""
    steps = " ".join(_MIGRATIONS[number] for number in sorted(_MIGRATIONS))
    db.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} {steps} INSERT INTO meta VALUES ('salt', randomblob(16));"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    )


def require_ours(db: sqlite3.Connection, shown: Path) -> int:
    """Make sure that a file is a journal that this decamp understands.

    Returns:
        Its version.

    Raises:
        JournalDamaged: The file is not ours, or was written by a newer decamp.
    """
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise JournalDamaged(
            f"{shown} is not a decamp journal.",
            hint="Move the file away, or set DECAMP_HOME to another folder.",
        )
    if version > VERSION:
        raise JournalDamaged(
            f"The journal {shown} was written by a newer decamp (format {version}, "
            f"this one knows {VERSION}).",
            hint="Update decamp, then run the same command again.",
        )
    return version


def format_of(path: Path) -> int | None:
    """Tell the version of a journal's file without opening it; None if it is not one.

    Source: https://sqlite.org/fileformat.html section 1.3.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(b"SQLite format 3\0") or len(head) < 100:
        return None
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        return None
    return int.from_bytes(head[60:64], "big")


def upgrade(db: sqlite3.Connection, path: Path, version: int) -> None:
    """Bring an older file up to date, step by step, each with a backup beside it."""
    while version < VERSION:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or the copy would lack what it holds
        shutil.copy2(path, path.with_name(f"{path.name}.v{version}.bak"))
        db.executescript(
            f"BEGIN IMMEDIATE; {_MIGRATIONS[version]}; PRAGMA user_version = {version + 1}; COMMIT;"
        )
        version += 1
