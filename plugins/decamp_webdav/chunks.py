"""Nextcloud's chunked upload, version 2: a large file in pieces, put together by the server.

Source: docs.nextcloud.com, developer manual, "Chunked file upload". Pieces are files in a
collection of their own, named by numbers from 1 to 10 000, of 5 MB at least but for the last;
a MOVE of ``.file`` in it puts them together. Pieces cannot be read back, but listed.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable

from decamp import Unavailable
from decamp.sending import sending
from decamp_webdav.address import Address
from decamp_webdav.client import DavClient, FileBody

__all__ = ["CHUNK", "Chunks", "upload_id", "uploads_of"]

CHUNK = 8 << 20
"""Bytes of a piece; a file of two or more is sent in pieces."""

_MOST_PIECES = 9_000
_FILES = re.compile(r"(.*/remote\.php/dav)/files/([^/]+)(?:/.*)?")
_STEP_SECONDS = 2.0
_LOOKS = 450
"""A quarter of an hour: a server puts a gigabyte together in some seconds to minutes."""
_LOOKS_IN_DOUBT = 15
_AT_WORK = (423, 502, 504)


def uploads_of(address: Address) -> str | None:
    """Give the address of a user's uploads, with a slash; None if it is no Nextcloud's."""
    found = _FILES.fullmatch(address.path)
    return f"{address.origin}{found[1]}/uploads/{found[2]}/" if found else None


def upload_id(relative: str, size: int, sha256: str) -> str:
    """Name an upload by what it brings, so that a later run finds its pieces."""
    text = f"{relative}\0{size}\0{sha256}"
    return f"decamp-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class Chunks:
    """Sends files in pieces.

    Args:
        client: Speaks to the server.
        uploads: Of `uploads_of`.
        pause: Waits for some seconds.
    """

    def __init__(
        self, client: DavClient, uploads: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._uploads = uploads
        self._pause = pause

    def send(self, staged: str, size: int, name: str, target: str) -> None:
        """Let a file appear whole at an address, sending only the pieces that are not there.

        Args:
            staged: The file.
            size: Its length in bytes.
            name: Of the upload, by `upload_id`.
            target: Where it is to appear; whatever is there is replaced.

        Raises:
            Unavailable: The server does not finish; the pieces may be asked for again.
        """
        upload = f"{self._uploads}{name}/"
        told = {"Destination": target, "OC-Total-Length": str(size)}
        if self._client.send("MKCOL", upload, told, passing=(405,)).status == 405:
            there = {
                one.path.rpartition("/")[2]: one.size for one in self._client.listed(upload) or ()
            }
        else:
            there = {}
        chunk = max(CHUNK, -(-size // _MOST_PIECES))
        tell = sending(staged)
        for number, start in enumerate(range(0, size, chunk), 1):
            piece = f"{number:05}"
            length = min(chunk, size - start)
            if there.get(piece) != length:
                body = FileBody(staged, start, length)
                self._client.send("PUT", upload + piece, told, body)
            tell(start + length)
        self._assemble(upload, told, size, target)

    def _assemble(self, upload: str, told: dict[str, str], size: int, target: str) -> None:
        """Have the pieces put together, and wait for it.

        A server at work answers 423 to whoever asks again; a proxy before it that lost patience
        answers 502 or 504. If the connection broke off, nobody knows whether it was asked.
        """
        looks = 1
        try:
            status = self._client.send(
                "MOVE", f"{upload}.file", told, passing=(404, *_AT_WORK), again=False
            ).status
            looks = _LOOKS if status in _AT_WORK else 1
        except Unavailable as error:
            if error.retry_after is not None:
                raise
            looks = _LOOKS_IN_DOUBT
        for look in range(looks):
            if look:
                self._pause(_STEP_SECONDS)
            found = self._client.find(target)
            if found is not None and found.size == size:
                return
        raise Unavailable(
            f"{target}: the server has not put the pieces of this file together.",
            hint="Run the same command again later; what has arrived is not sent again.",
        )
