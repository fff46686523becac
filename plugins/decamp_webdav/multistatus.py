"""Reads what servers list (RFC 4918 section 14.16). What comes from a server may be hostile.

No DTD and so no entity; a bound on bytes, on depth and on the number of entries; and nothing
is built but the few values that we want.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from attrs import frozen

__all__ = ["MOST_BYTES", "Malformed", "Resource", "path_of", "read_multistatus"]

MOST_BYTES = 64 << 20
"""Bytes of one answer: some hundred thousand files in one folder."""

_MOST_ENTRIES = 200_000
_MOST_DEPTH = 32
_LONGEST_TEXT = 16 << 10
_DAV = "{DAV:}"
_WANTED = {"href", "status", "getcontentlength", "getlastmodified", "getetag"}


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
    from xml.parsers.expat import ExpatError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MOST_BYTES:
            raise Malformed(f"it is longer than {MOST_BYTES >> 20} MiB")
    target = _Target()
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        # In one piece: a token that comes in small ones costs expat quadratic time.
        parser.feed(bytes(data))
        parser.close()
    except DefusedXmlException as error:
        raise Malformed("it has a document type, which no server needs here") from error
    except (ParseError, ExpatError, ValueError, LookupError, UnicodeError) as error:
        raise Malformed("it is cut off, or no XML") from error
    if not target.is_multistatus:
        raise Malformed("it is another kind of XML")
    return target.resources


def path_of(href: str) -> str:
    """Give the decoded path of an address in an answer, without a slash at its end.

    Raises:
        Malformed: It is no address.
    """
    try:
        return unquote(urlsplit(href.strip()).path, errors="strict").rstrip("/")
    except (ValueError, UnicodeDecodeError) as error:
        raise Malformed("it names a file whose address cannot be read") from error


class _Target:
    """What the parser tells: keeps one response at a time."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.is_multistatus = False
        self._stack: list[str] = []
        self._text: list[str] | None = None
        self._length = 0
        self._href = self._status = ""
        self._found: dict[str, str] = {}
        self._propstat: dict[str, str] = {}

    def start(self, tag: str, attributes: Any) -> None:  # noqa: ARG002 - expat's
        if len(self._stack) >= _MOST_DEPTH:
            raise Malformed("it is nested too deeply")
        if not self._stack:
            self.is_multistatus = tag == f"{_DAV}multistatus"
        self._stack.append(tag)
        name = tag.removeprefix(_DAV)
        if name == "response":
            self._href, self._status, self._found = "", "", {}
        elif name == "propstat":
            self._propstat = {}
        elif name == "collection" and self._parent() == "resourcetype":
            self._propstat["collection"] = "yes"
        self._text = [] if tag.startswith(_DAV) and name in _WANTED else None
        self._length = 0

    def data(self, text: str) -> None:
        if self._text is not None:
            self._length += len(text)
            if self._length > _LONGEST_TEXT:
                raise Malformed("one of its values is far too long")
            self._text.append(text)

    def end(self, tag: str) -> None:
        name = tag.removeprefix(_DAV)
        text = "".join(self._text).strip() if self._text is not None else ""
        self._text = None
        self._stack.pop()
        above = self._stack[-1].removeprefix(_DAV) if self._stack else ""
        if name == "href" and above == "response":
            self._href = self._href or text
        elif name == "status" and above == "response":
            self._status = text
        elif name == "status" and above == "propstat":
            self._propstat["status"] = text
        elif above == "prop":
            self._propstat.setdefault(name, text)
        elif name == "propstat":
            if _code(self._propstat.get("status", "HTTP/1.1 200 OK")) == 200:
                self._found |= self._propstat
        elif name == "response" and above == "multistatus":
            self._add()

    def close(self) -> None:
        """Tell that this is the end; the parser asks for it."""

    def _parent(self) -> str:
        return self._stack[-2].removeprefix(_DAV) if len(self._stack) > 1 else ""

    def _add(self) -> None:
        if len(self.resources) >= _MOST_ENTRIES:
            raise Malformed(f"it lists more than {_MOST_ENTRIES} files")
        if not self._href:
            raise Malformed("an entry of it has no address")
        found = self._found
        length = found.get("getcontentlength", "")
        self.resources.append(
            Resource(
                path_of(self._href),
                "collection" in found,
                int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None,
                _moment(found.get("getlastmodified", "")),
                found.get("getetag", ""),
                _code(self._status) if self._status else 200,
            )
        )


def _code(line: str) -> int:
    """Give the code of a status line, ``HTTP/1.1 404 Not Found``; 500 if there is none."""
    parts = line.split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() and len(parts[1]) == 3 else 500


def _moment(text: str) -> int | None:
    try:
        return round(parsedate_to_datetime(text).timestamp() * 1_000_000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
