"""The lowest level of the JSON reader: a sliding window over bytes, and its tokens (RFC 8259).

Nothing here decodes. It finds where tokens and list elements begin and end, without
recursion and in linear time; the patterns are possessive, so none can backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from decamp import SourceUnreadable
from decamp_tiktok.archive.limits import DAMAGED, over_limit

__all__ = ["NUMBER", "WHITESPACE", "Window", "scan_elements"]

WHITESPACE = b" \t\n\r"
_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WORD = re.compile(rb'[^ \t\n\r,:"\[\]{}]*+')
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+")

# An object without containers in it counts as one token, so that lists of lists of such
# objects are scanned at the speed of `re`. A lone quote is a string that the buffer cuts off.
_TOKEN = re.compile(
    rb'\{[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+\}'
    rb'|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    rb'|[\[\]{},"]',
    re.DOTALL,
)
_OPENED_BY = {b"}": ord("{"), b"]": ord("[")}
_BOM = b"\xef\xbb\xbf"
_MAX_ENDS = 10_000


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

    def error(self, reason: str, offset: int | None = None) -> SourceUnreadable:
        """Make the error for text that is not what it should be; here, or at another byte."""
        byte = self.offset() if offset is None else offset
        return SourceUnreadable(
            f"{self._name} cannot be read at byte {byte:,}: {reason}.", hint=DAMAGED
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
        if len(token) > 1:  # a whole string or flat object
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
