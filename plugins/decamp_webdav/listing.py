"""Lists of folders, each asked for once while very many files are looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

from decamp_webdav.address import name_key
from decamp_webdav.client import DavClient
from decamp_webdav.multistatus import Resource

__all__ = ["Listing"]

_AT_A_TIME = 8

_Listed = dict[str, tuple[str, Resource]]
"""What lies in a folder: by its name in normal form C, its own name and what is told of it."""


class Listing:
    """The lists of a bundle's folders. Thread-safe."""

    def __init__(self, client: DavClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._users = 0
        self._known: dict[str, _Listed | None] = {}

    @contextmanager
    def used(self) -> Iterator[None]:
        """Remember lists for the time of this context."""
        with self._lock:
            self._users += 1
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

    def forget(self, relative: str) -> None:
        """Ask again about a file or folder, what is below it, and the folders above it."""
        key = name_key(relative)
        with self._lock:
            for known in list(self._known):
                if (
                    not known
                    or key == known
                    or f"{key}/".startswith(f"{known}/")
                    or known.startswith(f"{key}/")
                ):
                    del self._known[known]

    def find(self, relative: str) -> Resource | None:
        """Describe a file or folder, by the list of its folder."""
        folder, _, name = name_key(relative).rpartition("/")
        listed = self._load_all(folder)
        found = None if listed is None else listed.get(name)
        return found[1] if found else None

    def walk(self, relative: str) -> Iterator[tuple[str, Resource]]:
        """Go through all that is below a folder, several folders at a time."""
        if self.in_use and name_key(relative) in self._known:
            yield from self._walk_known(relative)
            return
        asked = 1
        answered: SimpleQueue[tuple[str, Future[_Listed | None]]] = SimpleQueue()
        with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="webdav-list") as pool:

            def ask(folder: str) -> None:
                future = pool.submit(self._list, folder)
                future.add_done_callback(lambda done: answered.put((folder, done)))

            ask(relative)
            try:
                while asked:
                    folder, done = answered.get()
                    asked -= 1
                    for name, resource in (done.result() or {}).values():
                        path = f"{folder}/{name}"
                        if resource.folder:
                            asked += 1
                            ask(path)
                        yield path, resource
            finally:
                pool.shutdown(cancel_futures=True)

    def _walk_known(self, relative: str) -> Iterator[tuple[str, Resource]]:
        folders = [relative]
        while folders:
            folder = folders.pop()
            for name, resource in (self._list(folder) or {}).values():
                path = f"{folder}/{name}"
                if resource.folder:
                    folders.append(path)
                yield path, resource

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
        found = self._client.listed(self._client.address.folder(relative))
        listed: _Listed | None = None
        if found is not None and found[0].folder:
            names = [(one.path.rpartition("/")[2], one) for one in found[1:]]
            listed = {name_key(name): (name, one) for name, one in names}
        with self._lock:
            if self._users:
                self._known[key] = listed
        return listed
