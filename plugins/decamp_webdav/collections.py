"""Folders on a server, which WebDAV calls collections: making them, and removing empty ones."""

from __future__ import annotations

import threading

from decamp import DestinationRefused
from decamp_webdav.address import name_key
from decamp_webdav.answers import gone
from decamp_webdav.client import DavClient
from decamp_webdav.multistatus import Resource

__all__ = ["Collections", "is_empty", "names_in"]


class Collections:
    """The folders of one bundle that are known to be there. Thread-safe."""

    def __init__(self, client: DavClient) -> None:
        self._client = client
        self._address = client.address
        self._lock = threading.Lock()
        self._made: set[str] = set()
        self._new: set[str] = set()
        self._roots: list[str] = []
        self._has_root = False
        self.tells_new = False
        """A folder that is there is not said to be made (RFC 4918 section 9.3.1)."""

    def make(self, relative: str) -> None:
        """Make a folder and those above it.

        Raises:
            DestinationRefused: One of them is something else.
            Unavailable: One of them was removed meanwhile.
        """
        if relative not in self._made:
            with self._lock:
                self._make(relative)

    def is_made(self, relative: str) -> bool:
        """Tell whether a folder is known to be there."""
        return relative in self._made

    def is_new(self, relative: str) -> bool:
        """Tell whether this run has made a folder, so that only its own names are in it."""
        return relative in self._new

    def forget(self, relative: str = "") -> None:
        """Make a folder and those below it anew when they are needed; all of them by default."""
        with self._lock:
            gone = {made for made in self._made if not relative or _is_in(made, relative)}
            self._made -= gone
            self._new -= gone

    def let_go(self, relative: str) -> None:
        """Forget a folder that nothing more will be put into."""
        with self._lock:
            self._made.discard(relative)
            self._new.discard(relative)

    def remove_roots(self) -> None:
        """Remove the folders that were made of the address itself, as far as they are empty."""
        while self._roots:
            found = self._client.listed(self._roots[-1])
            if found is not None and is_empty(found):
                self._client.send("DELETE", self._roots[-1], passing=(404,))
            self._roots.pop()
        self._has_root = False
        self.forget()

    def _make(self, relative: str) -> None:
        if relative in self._made:
            return
        if not relative:
            self._make_root()
        else:
            above = relative.rpartition("/")[0]
            self._make(above)
            url = self._address.folder(relative)
            if self._client.send("MKCOL", url, passing=(403, 405, 409)).status != 201:
                self._require(url, self._address.folder(above))
            elif self.tells_new:
                self._new.add(relative)
        self._made.add(relative)

    def _make_root(self) -> None:
        """Make what is missing of the address, from the outermost folder on.

        Only once: if it goes away later, marker and lock went with it, and what is sent then
        would be a heap of files that no run knows as ours.
        """
        missing: list[str] = []
        for url in reversed(list(self._address.parents())):
            found = None
            try:
                found = self._client.find(url)
            except DestinationRefused:
                if not missing:  # our own folder has to answer
                    raise
                break  # those above the user's own often do not
            if found is not None:
                if not found.folder:
                    raise _in_the_way(url)
                break
            if self._has_root:
                raise gone(self._address.url)
            missing.append(url)
        for url in reversed(missing):
            self._roots.append(url)
            if self._client.send("MKCOL", url, passing=(405,)).status == 405:
                self._require(url)
        self._has_root = True

    def _require(self, url: str, above: str = "") -> None:
        """Make sure that there is a folder.

        Raises:
            DestinationRefused: There is not.
            Unavailable: What it is to be in was there before, and is not any more.
        """
        found = self._client.find(url)
        if found is not None and found.folder:
            return
        if found is None and above and self._client.find(above) is None:
            raise gone(above)
        raise _in_the_way(url)


def is_empty(found: list[Resource]) -> bool:
    """Tell by its list whether nothing is in a folder."""
    return len(found) == 1 and found[0].folder


def names_in(found: list[Resource]) -> set[str]:
    """Give the names of what its list tells of a folder, in normal form C."""
    return {name_key(one.path.rpartition("/")[2]) for one in found[1:]}


def _is_in(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def _in_the_way(url: str) -> DestinationRefused:
    return DestinationRefused(
        f"{url} is in the way: it is not a folder, or cannot be made one.",
        hint="Move it away, or choose another address in which you may write.",
    )
