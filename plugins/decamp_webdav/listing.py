"""Lists of folders, each asked for once while very many files are looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from decamp_webdav.address import name_key
from decamp_webdav.client import DavClient
from decamp_webdav.multistatus import Resource

__all__ = ["Listing"]

_AT_A_TIME = 8
_MOST_ASKED = 64
"""Folders; each that waits for its turn takes memory."""

_Listed = dict[str, tuple[str, Resource]]
"""What lies in a folder: by its name in normal form C, its own name and what is told of it."""


class Listing:
    """The lists of a bundle's folders. Thread-safe."""

    def __init__(self, client: DavClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._users = 0
        self._known: dict[str, _Listed | None] = {}
        self._told: dict[str, _Listed | None] = {}

    @contextmanager
    def used(self, *, told: bool = False) -> Iterator[None]:
        """Remember lists for the time of this context.

        Args:
            told: Those of `remember` too, which are forgotten then.
        """
        with self._lock:
            self._users += 1
            if told:
                self._known.update(self._told)
                self._told.clear()
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._known.clear()

    @property
    def in_use(self) -> bool:
        """Tell whether lists are remembered now."""
        return self._users > 0

    def remember(self, relative: str, found: list[Resource]) -> None:
        """Take what was just told of a folder, see `used`."""
        listed = _by_name(found)
        with self._lock:
            self._told[name_key(relative)] = listed

    def forget(self, relative: str) -> None:
        """Ask again about a file or folder, and the folders above it."""
        key = name_key(relative)
        with self._lock:
            while key:
                self._drop(key)
                key = key.rpartition("/")[0]
            self._drop("")

    def forget_below(self, relative: str) -> None:
        """Ask again about what is below a folder."""
        above = f"{name_key(relative)}/"
        with self._lock:
            for key in [one for one in (*self._known, *self._told) if one.startswith(above)]:
                self._drop(key)

    def find(self, relative: str) -> Resource | None:
        """Describe a file or folder, by the list of its folder."""
        folder, _, name = name_key(relative).rpartition("/")
        listed = self._load_all(folder)
        found = None if listed is None else listed.get(name)
        return found[1] if found else None

    def walk(self, relative: str) -> Iterator[tuple[str, Resource]]:
        """Go through all that is below a folder, several folders at a time."""
        due, asked = [relative], 0
        asking = _Asking(self._list)
        try:
            while due or asked:
                if due and asked < _MOST_ASKED:
                    folder = due.pop()
                    if not self._is_known(folder):
                        asking.put(folder)
                        asked += 1
                        continue
                    listed = self._list(folder)
                else:
                    folder, listed = asking.get()
                    asked -= 1
                for name, resource in (listed or {}).values():
                    path = f"{folder}/{name}"
                    if resource.folder:
                        due.append(path)
                    yield path, resource
        finally:
            asking.close()

    def _load_all(self, folder: str) -> _Listed | None:
        """Give the list of a folder; the first look into the payload brings all of it."""
        top = folder.partition("/")[0]
        if self._users and top and top not in self._known:
            for _ in self.walk(top):
                pass
        return self._list(folder)

    def _list(self, relative: str) -> _Listed | None:
        key = name_key(relative)
        with self._lock:
            if self._users and key in self._known:
                return self._known[key]
        listed = _by_name(self._client.listed(self._client.address.folder(relative)))
        with self._lock:
            if self._users:
                self._known[key] = listed
        return listed

    def _is_known(self, relative: str) -> bool:
        with self._lock:
            return self._users > 0 and name_key(relative) in self._known

    def _drop(self, key: str) -> None:
        self._known.pop(key, None)
        self._told.pop(key, None)


class _Asking:
    """A few threads that list folders.

    For thousands of folders a pool of `concurrent.futures` takes as long as a tenth of the rest. And
    these are daemons: after an error or Ctrl-C, lists that a server still keeps us waiting for are left.
    """

    def __init__(self, ask: Callable[[str], _Listed | None]) -> None:
        self._ask = ask
        self._wanted: SimpleQueue[str | None] = SimpleQueue()
        self._answered: SimpleQueue[tuple[str, _Listed | None, BaseException | None]] = (
            SimpleQueue()
        )
        self._threads = 0
        self._over = False

    def put(self, folder: str) -> None:
        """Have a folder listed."""
        self._wanted.put(folder)
        if self._threads < _AT_A_TIME:
            self._threads += 1
            threading.Thread(target=self._work, name="webdav-list", daemon=True).start()

    def get(self) -> tuple[str, _Listed | None]:
        """Wait for the next list, and give it with its folder.

        Raises:
            BaseException: What asking for it has raised.
        """
        folder, listed, error = self._answered.get()
        if error is not None:
            raise error
        return folder, listed

    def close(self) -> None:
        """Let the threads end, and leave what is still asked for."""
        self._over = True
        for _ in range(self._threads):
            self._wanted.put(None)

    def _work(self) -> None:
        while (folder := self._wanted.get()) is not None and not self._over:
            try:
                self._answered.put((folder, self._ask(folder), None))
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                self._answered.put((folder, None, error))


def _by_name(found: list[Resource] | None) -> _Listed | None:
    if found is None or not found[0].folder:
        return None
    names = [(one.path.rpartition("/")[2], one) for one in found[1:]]
    return {name_key(name): (name, one) for name, one in names}
