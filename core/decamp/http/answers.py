"""Reads the heads of answers (RFC 9112 sections 2 to 6); what follows, the standard library does.

`http.client` has each head read by the parser for mails, which takes longer than all the rest.
"""

from __future__ import annotations

import http.client
import io
import re

__all__ = ["PIECE", "Answer", "Lines"]

PIECE = 64 << 10
"""Bytes that are read at a time."""

_LONGEST = 64 << 10
_MOST = 100
"""Bytes of a line and lines of a head, as in http.client."""

_STATUS = re.compile(rb"HTTP/1\.([01]) +([0-9]{3})(?: .*)?")
_NO_BODY = (204, 304)
_SWITCHING = 101

Fields = list[tuple[bytes, bytes]]


class Lines(io.BufferedReader):
    """What is read; a line that is cut off is none, which http.client does not notice."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line.

        Raises:
            http.client.IncompleteRead: It is cut off.
        """
        line = super().readline(size)
        if not line.endswith(b"\n") and not (size and 0 < size <= len(line)):
            raise http.client.IncompleteRead(line)
        return line


class Answer(http.client.HTTPResponse):
    """An answer; what only says that one is coming is skipped (RFC 9110 section 15.2)."""

    fields: Fields
    """Its headers, as they came."""

    def begin(self) -> None:
        """Read the head.

        Raises:
            http.client.HTTPException: It is none.
        """
        while True:
            status, *lines = _head(self.fp)
            found = _STATUS.fullmatch(status)
            if found is None:
                raise http.client.BadStatusLine(status[:80].decode("latin-1"))
            self.status = int(found[2])
            if self.status >= 200 or self.status == _SWITCHING:
                break
        self.fields = _fields(lines)
        told = {name.lower(): value.lower() for name, value in reversed(self.fields)}
        self.chunked = told.get(b"transfer-encoding") == b"chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(self.fields)
        if self.status in _NO_BODY or self.status < 200 or self._method == "HEAD":  # type: ignore[attr-defined]
            self.length, self.chunked = 0, False
        wish = told.get(b"connection", b"")
        self.will_close = b"close" in wish or (found[1] == b"0" and b"keep-alive" not in wish)
        if not self.chunked and self.length is None:
            self.will_close = True


def _head(file: io.BufferedReader) -> list[bytes]:
    """Read the lines of a head: nearly always, all of it has come at once."""
    end = file.peek().find(b"\r\n\r\n")
    if end >= 0:
        lines = file.read(end + 4)[:-4].replace(b"\r\n", b"\n").split(b"\n")
    else:
        lines = []
        while line := file.readline(_LONGEST + 1).rstrip(b"\r\n"):
            if len(line) > _LONGEST:
                raise http.client.LineTooLong("header line")
            lines.append(line)
            if len(lines) > _MOST + 1:
                break
    if len(lines) > _MOST + 1:
        raise http.client.HTTPException("too many headers")
    return lines or [b""]


def _fields(lines: list[bytes]) -> Fields:
    fields: Fields = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and fields:  # folded, as old servers do
            name, value = fields.pop()
            fields.append((name, value + b" " + line.strip()))
            continue
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            raise http.client.HTTPException("a header without a name")
        fields.append((name.strip(), value.strip()))
    return fields


def _length(fields: Fields) -> int | None:
    told = {value for name, value in fields if name.lower() == b"content-length"}
    if len(told) > 1:
        raise http.client.HTTPException("two lengths")
    text = told.pop() if told else b""
    return int(text) if text.isdigit() and len(text) < 19 else None
