"""Lists of folders, each asked for once while very many files are looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from decamp.tables import Tables, to_bytes, to_text
from decamp_webdav.address import name_key
from decamp_webdav.asking import Asking
from decamp_webdav.client import DavClient
from decamp_webdav.marks import Marks
from decamp_webdav.multistatus import Resource

__all__ = ["Listed", "Listing"]

_AT_A_TIME = 8
_MOST_ASKED = 64
"""Folders; each that waits for its turn takes memory."""

_SCHEMA = """
CREATE TABLE folders (folder BLOB PRIMARY KEY, told INTEGER) WITHOUT ROWID;
CREATE TABLE lists (
  folder BLOB, key BLOB, name BLOB, is_folder INTEGER, size INTEGER, changed INTEGER,
  PRIMARY KEY (folder, key)
) WITHOUT ROWID;
"""
"""Folders are those whose lists are known, by their paths in normal form C, as the names in them are
by their keys; in bytes, for a name may be no UTF-8. What was told counts later, see `Listing.used`."""
_KNOWN = (  # a row without a name for an empty one
    "SELECT name, is_folder, size, changed FROM folders LEFT JOIN lists USING (folder) "
    "WHERE folder = ? AND told <= ?"
)
_ONE = (
    "SELECT name, is_folder, size, changed FROM folders "
    "LEFT JOIN lists ON lists.folder = folders.folder AND key = ? "
    "WHERE folders.folder = ? AND told <= ?"
)


@frozen
class Listed:
    """What a list tells of a file or folder."""

    name: str
    folder: bool
    size: int | None
    changed: int | None
    """Microseconds since 1970."""


class Listing:
    """The lists of a bundle's folders. Thread-safe.

    Args:
        client: Speaks to the server.
        scratch: A private folder of this machine: in memory there is no room for all of them.
    """

    def __init__(self, client: DavClient, scratch: Path) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._users = 0
        self._tables = Tables(scratch, "lists", _SCHEMA)
        self._kept = Marks()
        self._trusts = False

    @contextmanager
    def used(self, *, told: bool = False) -> Iterator[None]:
        """Remember lists for the time of this context, after which all are forgotten.

        Args:
            told: Those of `remember` count too.
        """
        with self._lock:
            self._users += 1
            self._trusts = self._trusts or told
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._trusts = False
                    self._kept = Marks()
                    self._tables.close()

    def close(self) -> None:
        """Forget all of it."""
        self._tables.close()

    @property
    def in_use(self) -> bool:
        """Tell whether lists are remembered now."""
        return self._users > 0

    def remember(self, relative: str, found: list[Resource]) -> None:
        """Take what was just told of a folder, see `used`."""
        self._keep(relative, _listed(found), told=True)

    def forget(self, relative: str) -> None:
        """Ask again about a file or folder, and the folders above it."""
        key = name_key(relative)
        keys = [key]
        while key:
            key = key.rpartition("/")[0]
            keys.append(key)
        with self._lock:
            for key in filter(self._kept.__contains__, keys):
                self._drop("folder = ?", to_bytes(key))

    def forget_below(self, relative: str) -> None:
        """Ask again about what is below a folder."""
        above = name_key(relative)
        with self._lock:
            self._drop("folder > ? AND folder < ?", to_bytes(f"{above}/"), to_bytes(f"{above}0"))

    def find(self, relative: str) -> Listed | None:
        """Describe a file or folder, by the list of its folder; only while it is used."""
        folder, _, name = name_key(relative).rpartition("/")
        with self._lock:
            known = self._tables.run(_ONE, to_bytes(name), to_bytes(folder), self._trusts)
        if known:
            return _read(known[0])
        top = folder.partition("/")[0]
        if top and self._known(top) is None:
            for _ in self.walk(top):  # the first look into the payload brings all of it
                pass
        listed = self._known(folder)
        if listed is None:
            listed = self._list(folder)
        return next((one for one in listed if name_key(one.name) == name), None)

    def walk(self, relative: str) -> Iterator[tuple[str, Listed]]:
        """Go through all that is below a folder, several folders at a time.

        Those side by side are asked for together once one of them had no folders in it. Others are
        finished one by one: the lists of years of posts, all together, would be those of all posts.
        """
        due, asked = [relative], 0
        together: set[str] = set()
        asking = Asking(self._list, _AT_A_TIME)
        try:
            while due or asked:
                if due and (not asked or (asked < _MOST_ASKED and _above(due[-1]) in together)):
                    folder = due.pop()
                    known = self._known(folder)
                    if known is None:
                        asking.put(folder)
                        asked += 1
                        continue
                else:
                    folder, known = asking.get()
                    asked -= 1
                if not any(one.folder for one in known):
                    together.add(_above(folder))
                for one in known:
                    path = f"{folder}/{one.name}"
                    if one.folder:
                        due.append(path)
                    yield path, one
        finally:
            asking.close()

    def _list(self, relative: str) -> list[Listed]:
        """Ask for a list; that of nothing, or of a file, is empty."""
        listed = _listed(self._client.listed(self._client.address.folder(relative)))
        self._keep(relative, listed)
        return listed

    def _known(self, relative: str) -> list[Listed] | None:
        with self._lock:
            rows = self._tables.run(_KNOWN, to_bytes(name_key(relative)), self._trusts)
        return [one for one in map(_read, rows) if one] if rows else None

    def _keep(self, relative: str, listed: list[Listed], *, told: bool = False) -> None:
        key = name_key(relative)
        folder = to_bytes(key)
        rows = [
            (
                folder,
                to_bytes(name_key(one.name)),
                to_bytes(one.name),
                one.folder,
                one.size,
                one.changed,
            )
            for one in listed
        ]
        with self._lock:
            if not told and not self._users:
                return
            if key in self._kept:
                self._drop("folder = ?", folder)
            self._kept.add(key)
            self._tables.insert_later("folders", (folder, told))
            self._tables.insert_later("lists", *rows)

    def _drop(self, which: str, *values: bytes) -> None:
        """Forget some folders."""
        of = f"folder IN (SELECT folder FROM folders WHERE {which})"  # noqa: S608
        self._tables.run(f"DELETE FROM lists WHERE {of}", *values)  # noqa: S608
        self._tables.run(f"DELETE FROM folders WHERE {which}", *values)  # noqa: S608


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _listed(found: list[Resource] | None) -> list[Listed]:
    if found is None or not found[0].folder:
        return []
    return [
        Listed(one.path.rpartition("/")[2], one.folder, one.size, one.changed) for one in found[1:]
    ]


def _read(row: tuple[bytes | None, int, int | None, int | None]) -> Listed | None:
    name, folder, size, changed = row
    return Listed(to_text(name), bool(folder), size, changed) if name is not None else None
