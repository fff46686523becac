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

_STATUS = re.compile(r"HTTP/1\.([01]) +([0-9]{3})(?: .*)?", re.DOTALL)
_DIGITS = re.compile(r"[0-9]{1,18}")
_NO_BODY = (204, 304)
_SWITCHING = 101
_BLANK = " \t\r"

Fields = list[tuple[str, str]]


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
    """Its headers in their order, in latin-1, with their names in lower case."""
    told: dict[str, str]
    """The same by name; what comes several times is joined (RFC 9110 section 5.3)."""

    def begin(self) -> None:
        """Read the head.

        Raises:
            http.client.HTTPException: It is none.
        """
        while True:
            status, *lines = _head(self.fp)
            found = _STATUS.fullmatch(status)
            if found is None:
                raise http.client.BadStatusLine(status[:80])
            self.status = int(found[2])
            if self.status >= 200 or self.status == _SWITCHING:
                break
        self.fields, self.told = _fields(lines)
        told = self.told
        self.chunked = told.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(told.get("content-length", ""))
        if self.status in _NO_BODY or self.status < 200 or self._method == "HEAD":  # type: ignore[attr-defined]
            self.length, self.chunked = 0, False
        wish = told.get("connection", "").lower()
        self.will_close = "close" in wish or (found[1] == "0" and "keep-alive" not in wish)
        if not self.chunked and self.length is None:
            self.will_close = True


def _head(file: io.BufferedReader) -> list[str]:
    """Read the lines of a head: nearly always, all of it has come at once."""
    end = file.peek().find(b"\r\n\r\n")
    if end >= 0:
        text = file.read(end + 4)[:-4].decode("latin-1")
        lines = text.replace("\r\n", "\n").split("\n")
    else:
        lines = []
        while line := file.readline(_LONGEST + 1).rstrip(b"\r\n"):
            if len(line) > _LONGEST:
                raise http.client.LineTooLong("header line")
            lines.append(line.decode("latin-1"))
            if len(lines) > _MOST + 1:
                break
    if len(lines) > _MOST + 1:
        raise http.client.HTTPException("too many headers")
    return lines or [""]


def _fields(lines: list[str]) -> tuple[Fields, dict[str, str]]:
    fields: Fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and fields:  # folded, as old servers do
            name, value = fields.pop()
            fields.append((name, f"{value} {line.strip(_BLANK)}"))
            continue
        name = name.strip(_BLANK).lower()
        if not colon or not name:
            raise http.client.HTTPException("a header without a name")
        fields.append((name, value.strip(_BLANK)))
    told = dict(fields)
    if len(told) < len(fields):
        told = {}
        for name, value in fields:
            told[name] = f"{told[name]}, {value}" if name in told else value
    return fields, told


def _length(text: str) -> int | None:
    if "," in text:
        if len({part.strip(_BLANK) for part in text.split(",")}) > 1:
            raise http.client.HTTPException("two lengths")
        text = text.partition(",")[0].strip(_BLANK)
    return int(text) if _DIGITS.fullmatch(text) else None
