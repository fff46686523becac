"""The lowest level of the JSON reader: a sliding window over bytes, and its tokens (RFC 8259).

Nothing here decodes. It finds where tokens and list elements begin and end, without
recursion and in linear time; the patterns are possessive, so none can backtrack. Where a list
ends it can say exactly (`scan_elements`), or guess many times as fast (`Layout`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from attrs import frozen

from decamp import SourceUnreadable
from decamp_tiktok.archive.limits import DAMAGED, over_limit

__all__ = ["NUMBER", "WHITESPACE", "Layout", "Window", "scan_elements"]

WHITESPACE = b" \t\n\r"
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(_TEXT, re.DOTALL)
_WORD = re.compile(rb'[^ \t\n\r,:"\[\]{}]*+')
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+")


def _container(inner: bytes) -> bytes:
    """Give the pattern of an object or list that holds nothing but scalars and `inner`."""
    content = rb'[^"\[\]{}]*+(?:(?:' + inner + rb')[^"\[\]{}]*+)*+'
    return rb"\{" + content + rb"\}|\[" + content + rb"\]"


# A container that is up to three deep counts as one token, so that lists of rows with lists of
# objects are scanned at the speed of `re`. More levels would cost more where a row is deeper,
# as each tries anew. A lone quote is a string that the buffer cuts off.
_DEEP = _container(_TEXT + b"|" + _container(_TEXT + b"|" + _container(_TEXT)))
_TOKEN = re.compile(_DEEP + b"|" + _TEXT + rb'|[\[\]{},"]', re.DOTALL)
_OPENED_BY = {b"}": ord("{"), b"]": ord("[")}
_BOM = b"\xef\xbb\xbf"
_MAX_ENDS = 10_000

_CLOSERS = {ord("{"): b"}", ord("["): b"]", ord('"'): b'"'}
_OBJECT_START = re.compile(rb'\{[ \t\n\r]*+"[^"\\]{1,64}+"')
_AFTER_LIST = re.compile(
    rb"[ \t\n\r}]*+(?:\Z|,[ \t\n\r]*+(?:\Z"
    rb'|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:\Z|"[ \t\n\r]*+(?:\Z|:))))',
    re.DOTALL,
)
_MAX_BRACKETS = 2048
_MAX_INDENT = 64


@frozen
class Layout:
    """Guesses where a list and its elements end, from how the list is written.

    Where each element begins a line, so does the bracket that closes the list, and further
    left than they do. A string holds no raw line break (RFC 8259, section 7), so no text can
    look like either. A list on one line ends in a bracket that a key follows, or the end of
    the objects around it; a text can look like that, though hardly any does.

    All of it holds for most documents and none for all: whatever is guessed has to be proved.
    """

    separator: bytes = b""
    """What stands between two elements that begin lines: ``,\\n`` and the indentation. Empty
    for a list on one line."""

    indent: int = 0
    """The bytes of that indentation."""

    def ends(self, data: bytes, start: int) -> Iterator[int]:
        """Yield positions after what may be the bracket that closes the list, nearest first.

        Args:
            data: A part of the text.
            start: Where an element of the list begins in it.
        """
        closer = _CLOSERS.get(data[start], b"") if start < len(data) else b""
        end = start
        for _ in range(_MAX_BRACKETS):
            # The search for one byte is several times as fast as that for two, or for a pattern.
            end = data.find(b"]", end) + 1
            if end == 0:
                return
            if self.indent:
                before = data[max(start, end - 1 - self.indent) : end - 1]
                if before.rstrip(b" \t").endswith(b"\n"):
                    yield end
            else:
                before = data[max(start, end - 1 - _MAX_INDENT) : end - 1]
                if before.rstrip(WHITESPACE).endswith(closer) and _AFTER_LIST.match(data, end):
                    yield end

    def cuts(self, data: bytes, start: int) -> Iterator[int]:
        """Yield positions of commas that may stand between elements, the last one first.

        Args:
            data: A part of the text.
            start: Where an element of the list begins in it.
        """
        stop = len(data)
        if self.indent:
            while (stop := data.rfind(self.separator, start + 1, stop)) > 0:
                begin = stop + len(self.separator)
                after = data[begin : begin + 1]
                if after and after not in WHITESPACE:  # else it is a longer indentation
                    yield stop
            return
        # What begins like this element, with the same key, is probably an element too, and
        # not something nested in one.
        like_this = _OBJECT_START.match(data, start)
        if like_this:
            while (stop := data.rfind(like_this.group(), start + 1, stop)) > 0:
                before = data[max(start, stop - _MAX_INDENT) : stop].rstrip(WHITESPACE)
                if before.endswith(b","):
                    yield max(start, stop - _MAX_INDENT) + len(before) - 1
        elif start < len(data):
            closer = _CLOSERS.get(data[start], b"")
            while (stop := data.rfind(closer + b",", start + 1, stop)) > 0:
                yield stop + len(closer)


class Window:
    """A part of the text that slides forward over it.

    Args:
        read: Gives up to so many bytes, and none at the end.
        size: How many bytes to keep ready.
        max_element: How many bytes one token or element may have.
        name: The file, for messages.
    """

    def __init__(
        self, read: Callable[[int], bytes], size: int, max_element: int, name: str
    ) -> None:
        self._read = read
        self._name = name
        self._max_element = max_element
        self._ended = False
        self._before = 0  # bytes of the text before data[0]
        self.size = size
        self.data = b""
        self.pos = 0
        while len(self.data) < len(_BOM) and self.fill():
            pass
        if self.data.startswith(_BOM):
            self.pos = len(_BOM)

    def fill(self) -> bool:
        """Drop what was read and append at least as much as is still pending.

        Doubling keeps the work linear where something is larger than the window.

        Returns:
            False at the end of the text.
        """
        if self._ended:
            return False
        kept = self.data[self.pos :]
        wanted = max(self.size, len(kept))
        parts = [kept] if kept else []  # a join of one part is not copied
        while wanted > 0:
            part = self._read(wanted)
            if not part:
                self._ended = True
                break
            parts.append(part)
            wanted -= len(part)
        self._before += self.pos
        self.pos = 0
        self.data = b"".join(parts)
        return len(self.data) > len(kept)

    def grow(self) -> None:
        """Make room for what begins at the position and does not end in the window.

        Raises:
            SourceUnreadable: The text ends here, or this is larger than the limit.
        """
        if len(self.data) - self.pos > self._max_element:
            raise over_limit(
                f"A single value in {self._name} at byte {self._before + self.pos:,} "
                "is too large to be held in memory",
                "max_element_bytes",
                self._max_element,
            )
        if not self.fill():
            raise self.error("the file ends in the middle", self.offset(len(self.data)))

    def offset(self, pos: int | None = None) -> int:
        """Give the byte of the text that a position in the window stands for."""
        return self._before + (self.pos if pos is None else pos)

    def error(
        self, reason: str, offset: int | None = None, *, hint: str = DAMAGED
    ) -> SourceUnreadable:
        """Make the error for text that is not what it should be; here, or at another byte."""
        byte = self.offset() if offset is None else offset
        return SourceUnreadable(
            f"{self._name} cannot be read at byte {byte:,}: {reason}.", hint=hint
        )

    def peek(self) -> int:
        """Skip white space and give the next byte; -1 at the end of the text."""
        while True:
            match = _SPACE.match(self.data, self.pos)
            self.pos = match.end() if match else self.pos
            if self.pos < len(self.data):
                return self.data[self.pos]
            if not self.fill():
                return -1

    def layout(self) -> Layout:
        """Skip the white space before the first element of a list, and say what it tells."""
        if len(self.data) - self.pos < _MAX_INDENT:
            self.fill()
        opened = self.offset()
        self.peek()
        space = self.data[max(0, self.pos - (self.offset() - opened)) : self.pos]
        indent = len(space) - space.rfind(b"\n") - 1
        if b"\n" not in space or not 0 < indent <= _MAX_INDENT:
            return Layout()
        return Layout(b"," + space, indent)

    def take(self) -> int:
        """Skip white space and consume one byte; -1 at the end of the text."""
        byte = self.peek()
        self.pos += byte >= 0
        return byte

    def string(self) -> bytes:
        """Consume a string, which begins at the position, and give it with its quotes."""
        while True:
            match = _STRING.match(self.data, self.pos)
            if match:
                self.pos = match.end()
                return match.group()
            self.grow()

    def word(self) -> bytes:
        """Consume a number or literal, or whatever stands in its place; may be empty."""
        while True:
            match = _WORD.match(self.data, self.pos)
            assert match  # the pattern matches the empty string
            if match.end() < len(self.data) or self._ended:
                self.pos = match.end()
                return match.group()
            self.grow()


def scan_elements(window: Window) -> list[int]:
    """Find where the elements of a list end, exactly, from the first byte of one on.

    Returns:
        The positions of the commas after the elements, and of the bracket after the last one
        of the list, as far as they are in the window; at most some thousands.

    Raises:
        SourceUnreadable: Brackets do not match.
    """
    ends: list[int] = []
    open_brackets = bytearray()
    for match in _TOKEN.finditer(window.data, window.pos):
        token = match.group()
        if len(token) > 1:  # a whole string or container
            continue
        if token == b"," or (token == b"]" and not open_brackets):
            if not open_brackets:
                ends.append(match.start())
                if token == b"]" or len(ends) >= _MAX_ENDS:
                    break
        elif token in b"{[":
            open_brackets += token
        elif token == b'"':
            break
        elif not open_brackets or open_brackets.pop() != _OPENED_BY[token]:
            raise window.error("brackets do not match", window.offset(match.start()))
    return ends
