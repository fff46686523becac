"""One connection to a server: writes a request, and reads the head of its answer.

What is read is the standard library's `http.client`, but for the head of an answer (`answers`);
what is written is put together here. For thousands of small files that counts.
"""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore
from attrs import define

from decamp.http.answers import PIECE, Answer, Lines

__all__ = ["Connection", "Fields", "Origin"]

_TOGETHER = 64 << 10
"""Bytes of a body that are copied, so that they go together with the head."""
_CONTROL = re.compile("[\r\n\0]")
_TARGET = re.compile(r"[!-~]+")

Origin = tuple[str, str, int | None, str]
"""Scheme, host, port where it is not that of the scheme, and what ``Host`` says."""

Fields = Iterable[tuple[str, str]]
"""Headers of a request."""


@define(eq=False)
class Connection:
    """One connection, for one request at a time."""

    stream: httpcore.NetworkStream
    origin: Origin
    timeouts: Mapping[str, float | None]
    since: float = 0.0

    def ask(
        self, method: str, target: str, fields: Fields, body: bytes | Iterable[bytes]
    ) -> Answer:
        """Send a request and read the head of its answer."""
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields]
        if not _TARGET.fullmatch(target) or _CONTROL.search("".join(lines)):
            raise httpcore.LocalProtocolError("the request has a sign that no head may have")
        head = "\r\n".join([*lines, "\r\n"]).encode("latin-1")
        try:
            if isinstance(body, bytes):
                self._write(head + body)
            else:
                self._send(head, body, {name.lower(): value for name, value in fields})
        except httpcore.WriteError:
            # A server may refuse a body before all of it has come; then it says why.
            try:
                return self._answered(method)
            except (httpcore.NetworkError, http.client.HTTPException, OSError):
                pass
            raise
        return self._answered(method)

    def _send(self, head: bytes, body: Iterable[bytes], fields: Mapping[str, str]) -> None:
        chunked = "transfer-encoding" in fields
        left = int(fields.get("content-length", "0"))
        for chunk in body:
            left -= len(chunk)
            if left < 0 and not chunked:
                break
            piece = b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked and chunk else chunk
            if head and len(piece) > _TOGETHER:
                self._write(head)
                head = b""
            self._write(head + piece if head else memoryview(piece))
            head = b""
        if left and not chunked:
            raise httpcore.LocalProtocolError("the body has another length than it should have")
        if head or chunked:
            self._write(head + (b"0\r\n\r\n" if chunked else b""))

    def _write(self, data: bytes | memoryview) -> None:
        # Of a view, httpcore need not copy what was not taken at once.
        self.stream.write(data, self.timeouts.get("write"))  # type: ignore[arg-type]

    def _answered(self, method: str) -> Answer:
        answer = Answer(_Wire(self), method=method)  # type: ignore[arg-type]
        answer.begin()
        return answer

    def close(self) -> None:
        """Close it."""
        self.stream.close()


@define
class _Wire:
    """What http.client takes for a socket. When it is closed `KeptOpen.done` decides."""

    connection: Connection

    def makefile(self, *_: Any) -> io.BufferedReader:
        return Lines(_Reader(self.connection), PIECE)


class _Reader(io.RawIOBase):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        connection = self._connection
        data = connection.stream.read(len(buffer), connection.timeouts.get("read"))
        buffer[: len(data)] = data
        return len(data)
