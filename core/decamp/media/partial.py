"""One file while it arrives: what is on disk so far, and how to ask for the rest."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx

from decamp.http_times import http_date
from decamp.media.sniff import HEAD
from decamp.media.spool import SpoolFile

__all__ = ["Mismatch", "Partial"]

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class Mismatch(Exception):
    """What came does not continue what is there; the file starts again from nothing."""


class Partial:
    """The bytes of one file that have arrived, hashed as they come.

    Use it as a context manager; leaving it closes the file.
    """

    def __init__(self, file: SpoolFile) -> None:
        self.file = file
        self.total: int | None = None
        """Bytes of the whole file, if the server said so."""
        self._body = file.create()
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._body.close()

    def _start(self) -> None:
        self.size = 0
        self.head = b""
        self.total = None
        self._digest = hashlib.sha256()
        self._validator = ""
        self._body.seek(0)
        self._body.truncate()

    @property
    def sha256(self) -> str:
        """Digest of what is there, lower-case hexadecimal."""
        return self._digest.hexdigest()

    @property
    def complete(self) -> bool:
        """All bytes that the server promised are there."""
        return self.total is None or self.size == self.total

    def range_headers(self) -> dict[str, str]:
        """Ask for the rest, if it is certain to be the rest of the same file (RFC 9110 13.1.5)."""
        if not self.size or not self._validator:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._validator}

    def begin(self, response: httpx.Response) -> None:
        """Get ready for the body of an answer: the rest, or all of it.

        Raises:
            Mismatch: It is a part, but not the one that is missing.
        """
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            self._start()
            length = response.headers.get("content-length", "")
            self.total = int(length) if length.isdecimal() else None
            self._validator = _validator(response.headers)
            return
        part = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        first, last, total = map(int, part.groups()) if part else (-1, -1, -1)
        tag = response.headers.get("etag", self._validator)
        if (
            not self._validator
            or (first, last) != (self.size, total - 1)
            or total != (self.total or total)
            or (self._validator.startswith('"') and tag != self._validator)
        ):
            self.forget()
            raise Mismatch
        self.total = total

    def forget(self) -> None:
        """Drop what is there: it cannot be continued."""
        self._start()

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end.

        Raises:
            Mismatch: More than the server promised.
        """
        if self.total is not None and self.size + len(chunk) > self.total:
            self.forget()
            raise Mismatch
        if len(self.head) < HEAD:
            self.head += chunk[: HEAD - len(self.head)]
        self._body.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)


def _validator(headers: httpx.Headers) -> str:
    """Find what If-Range may carry: a strong ETag, or a date that is strong (8.8.2.2)."""
    tag: str = headers.get("etag", "")
    if tag.startswith('"') and tag.isascii():
        return tag
    modified: str = headers.get("last-modified", "")
    when, now = http_date(modified), http_date(headers.get("date", ""))
    strong = when is not None and now is not None and now - when >= timedelta(seconds=1)
    return modified if strong and not tag else ""
