"""A file on a server, read piece by piece; a broken connection goes on where it stopped."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

from decamp import Corrupted, Unavailable
from decamp_webdav.answers import BrokenOff
from decamp_webdav.client import DavClient

__all__ = ["reader"]

_BUFFER = 256 << 10
_TRIES = 3


def reader(client: DavClient, url: str, size: int) -> BinaryIO:
    """Open a file.

    Args:
        client: Speaks to the server.
        url: Of the file.
        size: Its length, as the server tells it in a list.
    """
    return cast("BinaryIO", io.BufferedReader(_Remote(client, url, size), _BUFFER))


class _Remote(io.RawIOBase):
    """The bytes of a file: one request, as long as it is read in order."""

    def __init__(self, client: DavClient, url: str, size: int) -> None:
        self._client = client
        self._url = url
        self._size = size
        self._at = 0
        self._open = ExitStack()
        self._chunks: Iterator[bytes] | None = None
        self._rest = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        at = max(0, base + offset)
        if at != self._at:
            self._forget()
            self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size or not len(buffer):
            return 0
        if not self._rest:
            self._rest = self._next()
        data = self._rest[: min(len(buffer), self._size - self._at)]
        buffer[: len(data)] = data
        self._rest = self._rest[len(data) :]
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._forget()
        super().close()

    def _next(self) -> bytes:
        for _ in range(_TRIES):
            try:
                return self._fetched()
            except Unavailable as error:
                self._forget()
                broken = error
        if isinstance(broken, BrokenOff):
            self._client.find(self._url)  # if this is answered, it is the file and no network
            raise self._unreadable("breaks off there each time") from broken
        raise broken

    def _fetched(self) -> bytes:
        if self._chunks is None:
            self._chunks = self._open.enter_context(self._client.opened(self._url, self._at))
        if self._chunks is None:
            raise self._unreadable("ends there" if self._at else "is gone")
        for chunk in self._chunks:
            if chunk:
                return chunk
        raise BrokenOff(f"{self._url} ended too early.", hint="Run the same command again.")

    def _unreadable(self, what: str) -> Corrupted:
        return Corrupted(
            f"{self._url} cannot be read as the server lists it, with {self._size} bytes: after "
            f"{self._at} bytes it {what}.",
            hint="Somebody may be changing it, or the server may list what it no longer has. Run "
            "the same command again in some minutes; if it stays so, look at that file there.",
        )

    def _forget(self) -> None:
        self._chunks, self._rest = None, b""
        self._open.close()
        self._open = ExitStack()
