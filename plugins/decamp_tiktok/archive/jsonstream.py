"""A strict JSON reader with flat memory: one pass, lists decoded in batches.

It walks the objects of a document and decodes the lists in them some thousand elements at a
time. That is fast because of one fact: if a buffer starts at a list element, and ``[`` +
``buffer[:k]`` + ``]`` decodes, then an element ends at ``k``. A cut inside a string leaves the
string open, a cut inside a nested value leaves a bracket unbalanced, and no cut is made inside
a number. So the end of a batch is *guessed* (see `jsonscan.Layout`) and proved by the decoder, which
has to read those bytes anyway. Where guessing fails, `scan_elements` finds the ends exactly.

Numbers: integers keep every digit; fractions become 64-bit floats, as everywhere in JSON.
Repeated keys: in walked objects each comes as an event of its own; a list element with one is
rejected, because decoding keeps the last value only. The decoders of a route check that themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from attrs import frozen

from decamp import SourceUnreadable
from decamp_tiktok.archive.jsonscan import NUMBER, WHITESPACE, Layout, Window, scan_elements
from decamp_tiktok.archive.repeats import drops_values

__all__ = ["Decode", "Event", "JsonPath", "Rejected", "Route", "Rows", "Value", "read_events"]

JsonPath = tuple[str, ...]
"""The keys that lead to a value, from the outermost on."""

Decode = Callable[[bytes], list[Any]]
"""Decodes a JSON list, as ``msgspec.json.Decoder(list[Row]).decode`` does. It has to look at
every byte: a `msgspec.Struct` in it needs ``forbid_unknown_fields=True``. It raises
`msgspec.ValidationError` for what it would lose, as where an element names a key twice."""

Route = Callable[[JsonPath], Decode | None]
"""Chooses the decoder for the list at a path; None for plain Python values."""


@frozen
class Rows:
    """Consecutive elements of a list."""

    path: JsonPath
    index: int
    """The index of the first one in the list."""

    batch: list[Any]
    typed: bool = False
    """True if the decoder that the route gave made them; False for plain Python values."""


@frozen
class Value:
    """A scalar that is in no list, or an empty object or list."""

    path: JsonPath
    value: Any


@frozen
class Rejected:
    """A list element, or a scalar in no list, that JSON can delimit but Python cannot hold."""

    path: JsonPath
    index: int | None
    """Its index in the list; None for a scalar in no list."""

    raw: bytes
    """The element as it came, so that nothing is lost."""

    reason: str
    """What is wrong with it, as the end of a sentence: ``is not UTF-8``."""

    offset: int
    """The byte of the document where it begins."""


Event = Rows | Value | Rejected

_QUOTE, _COMMA, _COLON = b'",:'
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_LIST, _CLOSE_LIST = b"{}[]"
_AS_MADE = "TikTok does not write it so: give the zip file just as TikTok made it."
_GUESSES = 2  # a wrong one may cost the decoding of all that is in the window
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

_Scalar = str | int | float | bool | None
_flat: Decode = msgspec.json.Decoder(list[dict[str, _Scalar] | _Scalar]).decode
_plain: Decode = msgspec.json.Decoder(list[Any]).decode


def read_events(
    read: Callable[[int], bytes],
    route: Route | None = None,
    *,
    name: str = "The JSON",
    window: int = 1 << 18,
    max_element: int = 64 << 20,
    max_depth: int = 64,
) -> Iterator[Event]:
    """Read a JSON document whose top is an object.

    Args:
        read: Gives up to so many bytes, and none at the end.
        route: Called once for each list that is not empty, with its path. If the decoder it
            gives raises `msgspec.ValidationError`, that batch is decoded plainly.
        name: The file, for messages.
        window: Bytes to decode at a time.
        max_element: The most bytes that one element or string may have. One that fits into
            the window is never refused.
        max_depth: The deepest nesting of objects, and again of each plain list element.

    Raises:
        SourceUnreadable: It is not JSON, ends early, is nested too deeply, or has an element
            that is too large. The message gives the byte.
    """
    return _Reader(Window(read, window, max_element, name), route, max_depth).events()


class _Reader:
    def __init__(self, window: Window, route: Route | None, max_depth: int) -> None:
        self._window = window
        self._route = route
        self._max_depth = max_depth

    def events(self) -> Iterator[Event]:
        """Walk the objects, without recursion."""
        window = self._window
        self._open_document()
        path: JsonPath = ()
        if window.peek() == _CLOSE_OBJECT:
            window.pos += 1
            yield Value(path, {})
        else:
            outer: list[JsonPath] = []
            while True:
                child = (*path, self._key())
                first = window.peek()
                if first == _OPEN_LIST:
                    yield from self._list(child)
                elif first != _OPEN_OBJECT:
                    yield self._scalar(child)
                else:
                    window.pos += 1
                    if window.peek() != _CLOSE_OBJECT:
                        if len(child) >= self._max_depth:
                            raise window.error(
                                f"it is nested more than {self._max_depth} deep", hint=_AS_MADE
                            )
                        outer.append(path)
                        path = child
                        continue
                    window.pos += 1
                    yield Value(child, {})
                while (byte := window.take()) == _CLOSE_OBJECT and outer:
                    path = outer.pop()
                if byte == _CLOSE_OBJECT:
                    break
                if byte != _COMMA:
                    raise self._unexpected("a comma or the end of an object", byte)
        if window.peek() >= 0:
            raise window.error("something follows the end of the JSON")

    def _open_document(self) -> None:
        window = self._window
        byte = window.take()
        if byte == _OPEN_OBJECT:
            return
        if byte < 0:
            raise window.error("the file is empty")
        window.pos -= 1
        if window.data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise window.error("it is encoded as UTF-16, and JSON has to be UTF-8", hint=_AS_MADE)
        raise window.error("it has to begin with an object, and does not", hint=_AS_MADE)

    def _key(self) -> str:
        window = self._window
        byte = window.peek()
        if byte != _QUOTE:
            window.pos += byte >= 0
            raise self._unexpected("a key in double quotes", byte)
        start = window.offset()
        token = window.string()
        try:
            key: str = msgspec.json.decode(token, type=str)
        except ValueError:
            if not _is_nearly_text(token):
                raise window.error("a key is not valid text", start) from None
            key = token[1:-1].decode()  # as it is written, escapes and all
        if (byte := window.take()) != _COLON:
            raise self._unexpected("a colon after a key", byte)
        return key

    def _unexpected(self, wanted: str, byte: int) -> SourceUnreadable:
        """Make the error for a byte that was just taken; -1 stands for the end."""
        if byte < 0:
            return self._window.error("the file ends in the middle")
        return self._window.error(f"expected {wanted}", self._window.offset() - 1)

    def _scalar(self, path: JsonPath) -> Value | Rejected:
        window = self._window
        offset = window.offset()
        is_text = window.peek() == _QUOTE
        token = window.string() if is_text else window.word()
        try:
            return Value(path, msgspec.json.decode(token))
        except ValueError:
            if is_text or NUMBER.fullmatch(token):
                return Rejected(path, None, token, self._reason(token), offset)
            if window.peek() < 0:
                raise window.error("the file ends in the middle") from None
            raise window.error("expected a value", offset) from None

    def _list(self, path: JsonPath) -> Iterator[Event]:
        window = self._window
        window.pos += 1
        layout = window.layout()
        if window.peek() == _CLOSE_LIST:
            window.pos += 1
            yield Value(path, [])
            return
        decode = self._route(path) if self._route else None
        index = 0
        while True:
            if len(window.data) - window.pos < window.size // 4:
                window.fill()
            guessed = self._guess(path, index, decode, layout)
            if guessed is not None:
                rows, closed = guessed
                yield rows
                index += len(rows.batch)
                if closed:
                    return
            else:
                ends = scan_elements(window)
                if not ends:
                    window.grow()
                    continue
                yield from self._scanned(path, index, decode, ends)
                index += len(ends)
                window.pos = ends[-1]
            byte = window.take()
            if byte == _CLOSE_LIST:
                return
            if byte != _COMMA:
                raise self._unexpected("a comma or the end of a list", byte)
            if window.peek() == _CLOSE_LIST:
                raise window.error("a value is missing")

    def _guess(
        self, path: JsonPath, index: int, decode: Decode | None, layout: Layout
    ) -> tuple[Rows, bool] | None:
        """Decode up to the end of the list, or to the last element that ends in the window.

        Returns:
            The rows, and whether they end the list. None if no guess was right.
        """
        window = self._window
        data, start = window.data, window.pos
        for end in islice(layout.ends(data, start), _GUESSES):
            rows = self._decode(path, index, decode, data, start, end, b"")
            if rows is not None:
                window.pos = end
                return rows, True
        for cut in islice(layout.cuts(data, start), _GUESSES):
            rows = self._decode(path, index, decode, data, start, cut, b"]")
            if rows is not None:
                window.pos = cut
                return rows, False
        return None

    def _scanned(
        self, path: JsonPath, index: int, decode: Decode | None, ends: Sequence[int]
    ) -> Iterator[Rows | Rejected]:
        """Decode elements of which only the ends are known; those that fail are rejected.

        Halving finds a bad one among thousands in a dozen steps.
        """
        window = self._window
        starts = [window.pos, *(end + 1 for end in ends[:-1])]
        pending = [(0, len(ends))]
        while pending:
            first, last = pending.pop()
            start, end = starts[first], ends[last - 1]
            rows = self._decode(path, index + first, decode, window.data, start, end, b"]")
            if rows is not None and rows.batch:
                yield rows
            elif last - first > 1:
                middle = (first + last) // 2
                pending += [(middle, last), (first, middle)]
            else:
                raw = window.data[start:end].lstrip(WHITESPACE)
                offset = window.offset(end - len(raw))
                if not raw:
                    raise window.error("a value is missing", offset)
                raw = raw.rstrip(WHITESPACE)
                yield Rejected(path, index + first, raw, self._reason(raw), offset)

    def _decode(
        self,
        path: JsonPath,
        index: int,
        decode: Decode | None,
        data: bytes,
        start: int,
        end: int,
        tail: bytes,
    ) -> Rows | None:
        """Decode some bytes as a list; None if they are not whole elements, or bad ones."""
        text = b"".join((b"[", memoryview(data)[start:end], tail))
        try:
            if decode is not None:
                try:
                    return Rows(path, index, decode(text), typed=True)
                except msgspec.ValidationError:
                    pass  # another shape than the route expects, or not JSON at all
            batch = self._decode_plainly(text)
            if drops_values(text, batch):
                return None
            return Rows(path, index, batch)
        except (ValueError, RecursionError):
            return None

    def _reason(self, raw: bytes) -> str:
        """Say why an element cannot be decoded, without quoting it."""
        try:
            self._decode_plainly(b"[" + raw + b"]")
        except UnicodeDecodeError:
            return "is not UTF-8"
        except RecursionError:
            return "is nested too deeply"
        except msgspec.ValidationError:
            return "holds a number that is too large"
        except msgspec.DecodeError:
            if _SURROGATE.search(raw):
                return "holds half of a surrogate pair"
            return "is not valid JSON"
        return "names a key twice"

    def _decode_plainly(self, text: bytes) -> list[Any]:
        """Decode a list to plain Python values; RecursionError if one is nested too deeply."""
        try:
            return _flat(text)  # as fast as `_plain`, and needs no look at the depth
        except msgspec.ValidationError:
            batch = _plain(text)
        if _is_deeper(batch, self._max_depth):
            raise RecursionError
        return batch


def _is_nearly_text(token: bytes) -> bool:
    """Tell whether a string is JSON, though half of a surrogate pair makes it no Unicode."""
    try:
        json.loads(token.decode())
    except ValueError:
        return False
    return True


def _is_deeper(values: list[Any], limit: int) -> bool:
    """Tell whether any value is nested in itself more than so many levels deep."""
    for _ in range(limit):
        inner: list[Any] = []
        for value in values:
            if type(value) is dict:
                inner.extend(value.values())
            elif type(value) is list:
                inner.extend(value)
        values = inner
    return any(type(value) is dict or type(value) is list for value in values)
