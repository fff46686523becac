"""The text of a post: facets, limits, and where a long one is cut.

Limits of ``app.bsky.feed.post``: 300 graphemes and 3 000 bytes. Facets count bytes of UTF-8
(https://docs.bsky.app/docs/advanced-guides/post-richtext).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import regex
from attrs import field, frozen

__all__ = ["Chunk", "Limits", "facets", "fits", "graphemes", "mentions", "split", "truncated"]

_GRAPHEME = regex.compile(r"\X")
_LINK = regex.compile(r"(?<![\w@])https?://[^\s<>\"\u3000]+", regex.IGNORECASE)
_TAG = regex.compile(r"(?<![\w#&/])[#\uff03]([\p{L}\p{M}\p{N}\p{So}\p{Cf}_]+)")
_MENTION = regex.compile(r"(?<![\w@])@[\w.]+")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_TAG_GRAPHEMES, _TAG_BYTES = 64, 640
_MORE = "\u2026"


@frozen
class Limits:
    """How much text a record takes."""

    graphemes: int = 300
    bytes: int = 3_000


@frozen
class _Facet:
    """A part of a text that means something: offsets in characters, and what it means."""

    start: int
    end: int
    feature: dict[str, Any] = field(eq=False)


@frozen
class Chunk:
    """The text of one record, with its facets."""

    text: str
    facets: tuple[dict[str, Any], ...] = ()


def graphemes(text: str) -> int:
    """Count what a person sees as characters (UAX #29, extended clusters)."""
    return sum(1 for _ in _GRAPHEME.finditer(text))


def fits(text: str, limits: Limits) -> bool:
    """Tell whether a record takes a text."""
    if len(text.encode()) > limits.bytes:
        return False
    return len(text) <= limits.graphemes or graphemes(text) <= limits.graphemes


def facets(text: str) -> list[dict[str, Any]]:
    """Find links and hashtags, as a record lists them."""
    return list(_chunk(text, 0, len(text), _found(text)).facets)


def mentions(text: str) -> int:
    """Count the people who are named; they stay text, since nobody knows who they are here."""
    return len(_MENTION.findall(text))


def split(text: str, limits: Limits) -> list[Chunk]:
    """Cut a text into records, between words where that is possible, never inside a grapheme.

    Nothing is lost but the white space at a cut. A link that is cut leads where it did, in
    both pieces.
    """
    found = _found(text)
    if fits(text, limits):
        return [_chunk(text, 0, len(text), found)]
    chunks = []
    start, end = 0, len(text)
    while True:
        stop = _stop(text, start, limits, found)
        piece = text[start:stop].rstrip() if stop < end else text[start:]
        chunks.append(_chunk(text, start, start + len(piece), found))
        start = stop
        while start < end and text[start].isspace():
            start += 1
        if start >= end:
            return chunks


def truncated(text: str, limits: Limits) -> Chunk:
    """Cut a text to one record that ends with an ellipsis."""
    if fits(text, limits):
        return split(text, limits)[0]
    room = Limits(limits.graphemes - 1, limits.bytes - len(_MORE.encode()))
    chunk = split(text, room)[0]
    return Chunk(chunk.text + _MORE, chunk.facets)


def _found(text: str) -> list[_Facet]:
    links = list(_links(text))
    taken = [(one.start, one.end) for one in links]
    tags = (one for one in _tags(text) if not any(a <= one.start < b for a, b in taken))
    return sorted([*links, *tags], key=lambda one: one.start)


def _links(text: str) -> Iterator[_Facet]:
    for match in _LINK.finditer(text):
        address = match.group()
        while address and (
            address[-1] in ".,;:!?'\"*_~\u2026\u3002\u3001"
            or (
                address[-1] in _CLOSERS
                and address.count(address[-1]) > address.count(_CLOSERS[address[-1]])
            )
        ):
            address = address[:-1]
        if len(address) > len("https://"):
            feature = {"$type": "app.bsky.richtext.facet#link", "uri": address}
            yield _Facet(match.start(), match.start() + len(address), feature)


def _tags(text: str) -> Iterator[_Facet]:
    for match in _TAG.finditer(text):
        tag = match.group(1)
        if tag.isdecimal() or graphemes(tag) > _TAG_GRAPHEMES or len(tag.encode()) > _TAG_BYTES:
            continue
        feature = {"$type": "app.bsky.richtext.facet#tag", "tag": tag}
        yield _Facet(match.start(), match.end(), feature)


def _stop(text: str, start: int, limits: Limits, found: list[_Facet]) -> int:
    """Find where the record that starts here has to end."""
    size = 0
    stop = len(text)
    for count, match in enumerate(_GRAPHEME.finditer(text, start), 1):
        size += len(match.group().encode())
        if count > limits.graphemes or size > limits.bytes:
            stop = int(match.start())
            break
    else:
        return stop
    if stop == start:  # one grapheme alone is too large: it is cut between its characters
        return start + max(1, limits.bytes // 4)
    for place in range(stop, start, -1):
        between = text[place].isspace() if place < len(text) else False
        if between and not any(one.start < place < one.end for one in found):
            return place if text[start:place].strip() else stop
    return stop


def _chunk(text: str, start: int, end: int, found: list[_Facet]) -> Chunk:
    inside = []
    for one in found:
        first, last = max(one.start, start), min(one.end, end)
        if first >= last or (
            one.feature["$type"].endswith("#tag") and (first, last) != (one.start, one.end)
        ):
            continue
        index = {
            "byteStart": len(text[start:first].encode()),
            "byteEnd": len(text[start:last].encode()),
        }
        inside.append({"index": index, "features": [one.feature]})
    return Chunk(text[start:end], tuple(inside))
