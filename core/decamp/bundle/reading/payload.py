"""What lies in the payload of a bundle that is read back: records, segments, and files beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from decamp.bundle.bag import manifest_entries
from decamp.bundle.site import Stamp
from decamp.tables import Tables, in_groups, to_bytes, to_text

__all__ = ["POST", "Payload", "Place"]

POST = re.compile(r"data/posts/\d{4}/(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-(\d+))?/post\.json")
_SEGMENT = re.compile(r"data/(?:messages|activity)/[^/]+/[^/]+\.jsonl")
_RECORDS = {
    "profile": re.compile(r"data/profile/profile\.json"),
    "post": re.compile(r"data/posts/[^/]+/[^/]+/post\.json"),
    "conversation": re.compile(r"data/messages/[^/]+/conversation\.json"),
    "section": re.compile(r"data/sections/[^/]+\.json"),
    "": re.compile(r"data/other/[^/]+/[^/]+/record\.json"),
}
_KINDS = tuple(_RECORDS)
_SORT_OF_SEGMENTS, _NO_SORT = len(_KINDS), len(_KINDS) + 1

_SCHEMA = """
CREATE TABLE files (
  path BLOB PRIMARY KEY, name BLOB, size INTEGER, mtime INTEGER, sort INTEGER, base BLOB,
  number INTEGER, sha256 TEXT DEFAULT '', used INTEGER DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX sorted ON files (sort, base, number) WHERE base NOT NULL;
"""
"""Paths are in normal form C, and in bytes, for a name may be no UTF-8. ``name`` is the path that the
file has there. Of records and segments, posts of one second have one ``base``, and are in order of
their numbers."""
_SELECT = "SELECT path, name, size, mtime, sha256 FROM files"
_AT_A_TIME = 500
_LARGEST_NUMBER = (1 << 63) - 1  # of SQLite

_Found: TypeAlias = tuple[bytes, bytes, int, "int | None", str]
"""What `_place` takes."""


@frozen
class Place:
    """Where a file lies."""

    path: str
    """In normal form C."""
    name: str
    """As the file system has it."""
    size: int
    """Bytes; negative if nobody tells."""
    mtime: int | None
    """As in `decamp.bundle.site.Held`."""
    sha256: str
    """As the manifest has it; empty if it does not list it."""


class Payload:
    """The files of one bundle.

    Args:
        folder: A private folder: there can be more than there is room for in memory.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = Tables(folder, "payload", _SCHEMA)
        self._used: list[bytes] = []

    def close(self) -> None:
        """Let go of all of it."""
        self._tables.close()

    def note(self, found: Iterable[tuple[str, Stamp]], manifest: bytes) -> None:
        """Take note of what is there, and of what the manifest says of it."""
        for some in in_groups(found, _AT_A_TIME):
            self._tables.run_many(
                "INSERT OR REPLACE INTO files (path, name, size, mtime, sort, base, number) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [_row(name, *stamp) for name, stamp in some],
            )
        for lines in in_groups(manifest_entries(manifest), _AT_A_TIME):
            self._tables.run_many(
                "UPDATE files SET sha256 = ? WHERE path = ?",
                [(digest, to_bytes(path)) for path, digest in lines],
            )

    def files(self) -> Iterator[Place]:
        """Go through all files, in order of their paths."""
        for row in self._tables.rows(f"{_SELECT} ORDER BY path"):
            yield _place(*row)

    def segments(self) -> Iterator[Place]:
        """Go through the segments, in order of their paths."""
        for row in self._of_sort(_SORT_OF_SEGMENTS):
            yield _place(*row)

    def records(self) -> Iterator[tuple[Place, str, Mapping[str, Place]]]:
        """Go through the records, each with its kind and, by their paths, the files in its folder.

        The kind is empty where only the record tells it. There may be other files among those.
        """
        for sort, kind in enumerate(_KINDS):
            for some in in_groups(self._of_sort(sort), _AT_A_TIME):
                folders = [path.rpartition(b"/")[0] for path, *_ in some]
                near = self._tables.run(
                    f"{_SELECT} WHERE path > ? AND path < ?",
                    # The sign behind a slash; what a number ends comes before the slash.
                    *(min(one + b"/" for one in folders), max(one + b"0" for one in folders)),
                )
                there = {place.path: place for place in (_place(*row) for row in near)}
                for path, *_ in some:
                    yield there[to_text(path)], kind, there

    def use(self, paths: Iterable[str]) -> None:
        """Take note that these are of an item."""
        self._used += map(to_bytes, paths)
        if len(self._used) >= _AT_A_TIME:
            self._note_used()

    def _note_used(self) -> None:
        for some in in_groups(self._used, _AT_A_TIME):
            marks = ", ".join("?" * len(some))
            self._tables.run(f"UPDATE files SET used = 1 WHERE path IN ({marks})", *some)  # noqa: S608
        self._used = []

    def unused(self) -> Iterator[str]:
        """Go through what is of no item, and no segment."""
        self._note_used()
        for (path,) in self._tables.rows(
            "SELECT path FROM files WHERE NOT used AND sort != ? ORDER BY path", _SORT_OF_SEGMENTS
        ):
            yield to_text(path)

    def _of_sort(self, sort: int) -> Iterator[_Found]:
        return self._tables.rows(
            f"{_SELECT} WHERE sort = ? AND base NOT NULL ORDER BY base, number, path",
            sort,
        )


def _row(name: str, size: int, mtime: int | None) -> tuple[Any, ...]:
    path = name if name.isascii() else unicodedata.normalize("NFC", name)
    sort = _sort(path)
    base, number = (None, 1) if sort == _NO_SORT else _by_number(path)
    base_bytes = None if base is None else to_bytes(base)
    return to_bytes(path), to_bytes(name), size, mtime, sort, base_bytes, number


def _sort(path: str) -> int:
    if path.endswith(".jsonl"):
        return _SORT_OF_SEGMENTS if _SEGMENT.fullmatch(path) else _NO_SORT
    if path.endswith(".json"):
        for sort, pattern in enumerate(_RECORDS.values()):
            if pattern.fullmatch(path):
                return sort
    return _NO_SORT


def _by_number(path: str) -> tuple[str, int]:
    """Order posts of one second by their numbers."""
    match = POST.fullmatch(path)
    if match is None or match[5] is None:
        return path, 1
    return path.replace(f"Z-{match[5]}/", "Z/"), min(int(match[5]), _LARGEST_NUMBER)


def _place(path: bytes, name: bytes, size: int, mtime: int | None, sha256: str) -> Place:
    return Place(to_text(path), to_text(name), size, mtime, sha256)
