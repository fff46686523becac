"""Names on the server that are only ours for a moment, all in one folder of this run."""

from __future__ import annotations

import secrets
from contextlib import suppress
from itertools import count

from decamp import TransferError
from decamp.bundle import TEMPORARY
from decamp_webdav.client import DavClient
from decamp_webdav.collections import Collections
from decamp_webdav.leftovers import Leftovers

__all__ = ["Temporaries"]


class Temporaries:
    """The temporary files and folders of one run. Thread-safe."""

    def __init__(self, client: DavClient, folders: Collections, leftovers: Leftovers) -> None:
        self.name = f"{TEMPORARY}{secrets.token_hex(4)}"
        """Of the folder that they are in."""
        self._client = client
        self._address = client.address
        self._folders = folders
        self._leftovers = leftovers
        self._numbers = count(1)
        self._used = False
        self.left: list[str] = []
        """Of killed runs, and not removed yet."""

    def path(self) -> str:
        """Name one, relative to the bundle."""
        if not self._used:
            self._leftovers.add(self.name)
            self._used = True  # also if folders are forgotten after a failure
        self._folders.make(self.name)
        return f"{self.name}/{next(self._numbers)}"

    def folder(self) -> str:
        """Give the address of one that is to be a folder."""
        return self._address.folder(self.path())

    def close(self) -> None:
        """Remove them."""
        for name in (*self.left, *([self.name] if self._used else ())):
            with suppress(TransferError):  # the next run removes it
                self._folders.forget(name)
                self._client.send("DELETE", self._address.folder(name), passing=(404, 410))
                self._leftovers.drop(name)
