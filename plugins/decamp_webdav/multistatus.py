"""Reads what servers list (RFC 4918 section 14.16). What comes from a server may be hostile.

No DTD and so no entity; a bound on bytes, on depth and on the number of entries; and nothing
is built but the few values that we want.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

from attrs import frozen

from decamp.http_times import http_date

__all__ = ["MOST_BYTES", "Malformed", "Resource", "path_of", "read_multistatus"]

MOST_BYTES = 64 << 20
"""Bytes of one answer: some hundred thousand files in one folder."""

_PIECE = 1 << 20
_MOST_ENTRIES = 200_000
_MOST_DEPTH = 32
_LONGEST_TEXT = 16 << 10
_MORE = re.compile(r"[?\x00-\x20]")
_SLASHES = re.compile("//+")
_WANTED = {"href", "status", "getcontentlength", "getlastmodified", "getetag"}
_KNOWN = _WANTED | {"multistatus", "response", "propstat", "prop", "resourcetype", "collection"}
_NAMES = {f"DAV:}}{name}": name for name in _KNOWN}
"""The elements that say something, as expat names them."""


class Malformed(Exception):
    """It is no list that could be used; the text says why, in a few words of ours."""


@frozen
class Resource:
    """One file or folder, as a server describes it."""

    path: str
    """Decoded, without a slash at its end."""
    folder: bool
    size: int | None = None
    changed: int | None = None
    """Microseconds since 1970; servers tell whole seconds (RFC 9110 section 5.6.7)."""
    etag: str = ""
    status: int = 200


def read_multistatus(chunks: Iterable[bytes]) -> list[Resource]:
    """Read a whole answer.

    Raises:
        Malformed: It is not XML, too large, too deep, has a DTD, or is no multistatus.
    """
    return _Reader().read(_pieces(chunks))


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytearray]:
    """Gather small chunks: a token that comes in many pieces costs expat quadratic time.

    Larger pieces than these would not help, for Python itself hands them on like this.
    """
    data, size = bytearray(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise Malformed(f"it is longer than {MOST_BYTES >> 20} MiB")
        data += chunk
        if len(data) >= _PIECE:
            yield data
            data = bytearray()
    yield data


def path_of(href: str) -> str:
    """Give the decoded path of an address in an answer, without a slash at its end.

    It is a whole address or a path (RFC 4918 section 8.3), so two slashes at its beginning are
    one too many, as anywhere in it, and no host. What is no UTF-8 is somebody else's; Python
    names such files of a disk in the same way.

    An address there has no fragment (RFC 4918 section 8.3), so a ``#`` is one of the name that
    the server forgot to encode, as webdav-server for Node and phodav do.

    Raises:
        Malformed: It is no address.
    """
    text = href.strip().replace("#", "%23")
    if text[:2] == "//":
        text = f"/{text.lstrip('/')}"
    try:
        plain = text[:1] == "/" and not _MORE.search(text)
        path = text if plain else urlsplit(text).path
    except ValueError as error:
        raise Malformed("it names a file whose address cannot be read") from error
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return unquote(path, errors="surrogateescape").rstrip("/")


class _Reader:
    """Keeps one response at a time.

    It is expat's own, for a list of each post's folder is read, and there are thousands. A
    document type is refused at its first sign, so no entity is ever declared; expat asks for
    nothing from elsewhere.
    """

    def __init__(self) -> None:
        self._resources: list[Resource] = []
        self._is_multistatus = False
        self._stack: list[str] = []
        self._text = ""
        self._href = self._status = ""
        self._found: dict[str, str] = {}
        self._propstat: dict[str, str] = {}

    def read(self, pieces: Iterable[bytearray]) -> list[Resource]:
        parser = self._parser = ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            for piece in pieces:
                _parse(parser, piece)
            _parse(parser, b"", end=True)
        finally:  # it has much memory, and refers to us as we to it
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.CharacterDataHandler = None
        if not self._is_multistatus:
            raise Malformed("it is another kind of XML")
        return self._resources

    def _start(self, tag: str, attributes: Any) -> None:  # noqa: ARG002 - expat's
        stack = self._stack
        name = _NAMES.get(tag, "")
        if not stack:
            self._is_multistatus = name == "multistatus"
        elif len(stack) >= _MOST_DEPTH:
            raise Malformed("it is nested too deeply")
        elif stack[-1] in _WANTED:
            self._parser.CharacterDataHandler = None
        stack.append(name)
        if name in _WANTED:
            self._text = ""
            self._parser.CharacterDataHandler = self._data
        elif name == "response":
            self._href, self._status, self._found = "", "", {}
        elif name == "propstat":
            self._propstat = {}
        elif name == "collection" and len(stack) > 1 and stack[-2] == "resourcetype":
            self._propstat["collection"] = "yes"

    def _data(self, text: str) -> None:
        self._text += text
        if len(self._text) > _LONGEST_TEXT:
            raise Malformed("one of its values is far too long")

    def _end(self, _: str) -> None:
        stack = self._stack
        name = stack.pop()
        above = stack[-1] if stack else ""
        if name in _WANTED:
            self._parser.CharacterDataHandler = None
            text = self._text.strip()
            if above == "prop":
                self._propstat.setdefault(name, text)
            elif name == "href" and above == "response":
                self._href = self._href or text
            elif name == "status" and above == "response":
                self._status = text
            elif name == "status" and above == "propstat":
                self._propstat["status"] = text
        elif name == "propstat":
            if _code(self._propstat.get("status", "HTTP/1.1 200 OK")) == 200:
                self._found |= self._propstat
        elif name == "response" and above == "multistatus":
            self._add()

    def _add(self) -> None:
        if len(self._resources) >= _MOST_ENTRIES:
            raise Malformed(f"it lists more than {_MOST_ENTRIES} files")
        if not self._href:
            raise Malformed("an entry of it has no address")
        found = self._found
        length = found.get("getcontentlength", "")
        self._resources.append(
            Resource(
                path_of(self._href),
                "collection" in found,
                int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None,
                _moment(found.get("getlastmodified", "")),
                found.get("getetag", ""),
                _code(self._status) if self._status else 200,
            )
        )


def _parse(parser: XMLParserType, data: bytes | bytearray, *, end: bool = False) -> None:
    try:
        parser.Parse(data, end)
    except (ExpatError, ValueError, LookupError, UnicodeError) as error:
        raise Malformed("it is cut off, or no XML") from error


def _refuse_doctype(*_: object) -> None:
    raise Malformed("it has a document type, which no server needs here")


@lru_cache(64)
def _code(line: str) -> int:
    """Give the code of a status line, ``HTTP/1.1 404 Not Found``; 500 if there is none."""
    parts = line.split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() and len(parts[1]) == 3 else 500


@lru_cache(1024)
def _moment(text: str) -> int | None:
    moment = http_date(text)
    if moment is None:
        with suppress(ValueError):  # phodav tells it in this form
            told = datetime.fromisoformat(text)
            moment = told if told.tzinfo else told.replace(tzinfo=UTC)
    return None if moment is None else round(moment.timestamp() * 1_000_000)
