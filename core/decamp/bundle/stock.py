"""What a bundle holds, as it is now: gathered for the manifest and for the page."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from decamp.bundle.bag import decode_path, encode_path, manifest_line
from decamp.bundle.entries import Entry, File
from decamp.bundle.site import Stamp
from decamp.tables import Tables, in_groups

__all__ = ["Stock"]

_SCHEMA = """
CREATE TABLE files (
  line TEXT PRIMARY KEY, name TEXT, size INTEGER, mtime INTEGER, sha256 TEXT, ours INTEGER
) WITHOUT ROWID;
CREATE TABLE entries (
  record TEXT, number INTEGER, kind TEXT, entry BLOB, PRIMARY KEY (record, number)
) WITHOUT ROWID;
"""
"""``line`` is a path as a manifest has it, in normal form C; so they are in order of a manifest,
for SQLite compares UTF-8. ``name`` is the path that a file has there, if that is another one."""

_AT_A_TIME = 500
_LAST = "\U0010ffff"


class Stock:
    """The files of a bundle, in order of their paths, and its entries, by those of their records.

    Args:
        folder: A private folder: there can be more than there is room for in memory.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = Tables(folder, "bundle", _SCHEMA)
        self._numbers = count(1)
        self._counts: Counter[str] = Counter()
        self.nameless: list[str] = []
        """Paths that no manifest can list: it is in UTF-8 (RFC 8493 section 2.1.3)."""

    def __bool__(self) -> bool:
        """Tell whether there is any entry."""
        return bool(self._counts)

    def close(self) -> None:
        """Let go of all of it."""
        self._tables.close()

    # --- in ------------------------------------------------------------------------------

    def note(self, found: Iterable[tuple[str, Stamp]]) -> None:
        """Take note of what lies in the payload."""
        for some in in_groups(found, _AT_A_TIME):
            rows = [row for path, stamp in some if (row := self._row(path, stamp))]
            self._tables.run_many("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, '', 0)", rows)

    def found(self, paths: Iterable[str]) -> dict[str, tuple[str, Stamp]]:
        """Tell of those that lie there under what path, with their length and time."""
        there = {}
        for lines in in_groups(map(encode_path, paths), _AT_A_TIME):
            marks = ", ".join("?" * len(lines))
            query = f"SELECT line, name, size, mtime FROM files WHERE line IN ({marks})"  # noqa: S608
            for line, name, size, mtime in self._tables.run(query, *lines):
                path = decode_path(line)
                there[path] = name or path, (size, mtime)
        return there

    def add(self, entries: Iterable[Entry]) -> None:
        """Take entries in any order; two may name one file: an item that was renamed."""
        files, rows = [], []
        for entry in entries:
            self._counts[entry.kind] += 1 if entry.rows is None else entry.rows
            files += [(encode_path(one.path), one.size, one.sha256) for one in entry.files]
            data = msgspec.json.encode(entry.to_data())
            rows.append((entry.record.path, next(self._numbers), entry.kind, data))
        self._tables.run_many(
            "INSERT INTO files VALUES (?, '', ?, NULL, ?, 1) ON CONFLICT (line) DO UPDATE "
            "SET size = excluded.size, sha256 = excluded.sha256, ours = 1",
            files,
        )
        self._tables.run_many("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)

    def measure_others(self, measured: Callable[[str], File]) -> None:
        """Take the files that are of no entry as they are."""
        last = ""
        while some := self._tables.run(
            "SELECT line, name FROM files WHERE NOT ours AND line > ? ORDER BY line LIMIT ?",
            *(last, _AT_A_TIME),
        ):
            files = [(measured(name or decode_path(line)), line) for line, name in some]
            self._tables.run_many(
                "UPDATE files SET line = ?, size = ?, sha256 = ? WHERE line = ?",
                [(encode_path(one.path), one.size, one.sha256, line) for one, line in files],
            )
            last = some[-1][0]

    def _row(self, path: str, stamp: Stamp) -> tuple[Any, ...] | None:
        plain = unicodedata.normalize("NFC", path)
        try:
            plain.encode()
        except UnicodeEncodeError:
            self.nameless.append(path)
            return None
        return (encode_path(plain), "" if plain == path else path, *stamp)

    # --- out -----------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Count each kind; of messages and events, the rows."""
        return dict(sorted(self._counts.items()))

    def others(self) -> int:
        """Count the files that are of no entry."""
        [(number,)] = self._tables.run("SELECT count(*) FROM files WHERE NOT ours")
        return int(number) + len(self.nameless)

    def total(self, *, others: bool = False) -> tuple[int, int]:
        """Count the files of the entries, and their bytes; with `others`, all of them."""
        query = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE ours OR ?"
        [(files, size)] = self._tables.run(query, others)
        return files, size

    def manifest(self) -> Iterator[bytes]:
        """Give the manifest of all files piece by piece (RFC 8493 section 2.1.3)."""
        rows = self._tables.rows("SELECT sha256, line FROM files ORDER BY line")
        for some in in_groups(rows, _AT_A_TIME):
            yield b"".join(manifest_line(*row) for row in some)

    def records(self, kind: str) -> Iterator[str]:
        """Go through the paths of the records of a kind."""
        for (path,) in self._tables.rows(
            "SELECT record FROM entries WHERE kind = ? ORDER BY record, number", kind
        ):
            yield path

    def entries(self, *kinds: str, first: str = "", last: str = _LAST) -> Iterator[Entry]:
        """Go through the entries of some kinds.

        Args:
            first: The path of the first record.
            last: That of the last one.
        """
        return self._entries("IN", kinds, first, last)

    def entries_but(self, *kinds: str) -> Iterator[Entry]:
        """Go through the entries of all other kinds."""
        return self._entries("NOT IN", kinds, "", _LAST)

    def _entries(self, which: str, kinds: tuple[str, ...], *ends: str) -> Iterator[Entry]:
        marks = ", ".join("?" * len(kinds))
        for (data,) in self._tables.rows(
            f"SELECT entry FROM entries WHERE kind {which} ({marks}) "  # noqa: S608
            "AND record BETWEEN ? AND ? ORDER BY record, number",
            *(*kinds, *ends),
        ):
            yield Entry.from_data(msgspec.json.decode(data))
