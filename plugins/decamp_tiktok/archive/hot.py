"""The shapes that make up most of an archive, mapped at speed.

A shape is a typed struct that has exactly the fields of one generation, so that the decoder
itself proves the fit; then a list comprehension makes the rows. What does not fit, down to
a single odd date, goes the general way (`rows`), which gives the same rows, as long as an
entry has its fields in TikTok's order (it decides which of two links is the better one).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from attrs import define, field, frozen
from msgspec import Meta, Struct, defstruct

from decamp_tiktok.archive.repeats import has_delimiters
from decamp_tiktok.archive.rows import Row
from decamp_tiktok.archive.times import ZONE, all_plain, from_plain
from decamp_tiktok.archive.values import SENTINELS

__all__ = ["CHAT", "HOT", "HotDecoder", "Shape", "Unusual", "message_rows", "plain", "to_rows"]

_Date = Annotated[str, Meta(min_length=19, max_length=19)]
_Name = Annotated[str, Meta(min_length=max(map(len, SENTINELS)) + 1)]


class Unusual(Exception):
    """The entries fit a shape, but one of them needs the general way."""


@frozen
class Shape:
    """One exact set of fields, and how its entries become rows."""

    type: type[Struct]
    """As `HotDecoder` wants it."""

    rows: Callable[[Sequence[Any]], list[Row]]


def _pair(time: str, name: str, target: str, *extras: str) -> Shape:
    """Make the shape of an entry with a date, one field that is mapped, and raw others."""
    kinds = [("time", _Date), ("what", str if target == "text" else _Name)]
    kinds += [(f"extra{number}", str) for number in range(len(extras))]
    names = dict(zip((field for field, _ in kinds), (time, name, *extras), strict=True))
    struct = defstruct("Entry", kinds, rename=names, forbid_unknown_fields=True, gc=False)

    def pairs(batch: Sequence[Any]) -> list[Row]:
        times = all_plain([entry.time for entry in batch])
        return [
            {"time": time, target: entry.what} for time, entry in zip(times, batch, strict=True)
        ]

    def with_extra(batch: Sequence[Any]) -> list[Row]:
        extra = extras[0]
        times = all_plain([entry.time for entry in batch])
        return [
            {"time": time, target: entry.what, "source": {extra: entry.extra0}}
            for time, entry in zip(times, batch, strict=True)
        ]

    return Shape(struct, with_extra if extras else pairs)


class _Comment(Struct, forbid_unknown_fields=True, gc=False):
    """A comment of 2024 and 2025."""

    date: str
    comment: str
    photo: str
    url: str


class _NewComment(Struct, forbid_unknown_fields=True, gc=False):
    """A comment of 2026."""

    date: str
    comment: str
    photo: str
    video: str
    sticker: str
    post_url: str = msgspec.field(name="originalPostUrl")
    post_link: str = msgspec.field(name="original post link")


def _comments(batch: Sequence[_Comment]) -> list[Row]:
    rows = []
    for entry in batch:
        row: Row = {"time": from_plain(entry.date), "text": entry.comment}
        if entry.url in SENTINELS:
            row["source"] = {"photo": entry.photo, "url": entry.url}
        else:
            row["about"] = entry.url
            row["source"] = {"photo": entry.photo}
        rows.append(row)
    return rows


def _new_comments(batch: Sequence[_NewComment]) -> list[Row]:
    rows = []
    for entry in batch:
        source = {"photo": entry.photo, "video": entry.video, "sticker": entry.sticker}
        date = entry.date
        if date[19:]:
            if date[19:] != ZONE:
                raise Unusual
            source["date"] = date
        row: Row = {"time": from_plain(date[:19]), "text": entry.comment}
        if entry.post_url not in SENTINELS:
            row["about"] = entry.post_url
            source["original post link"] = entry.post_link
        else:
            source["originalPostUrl"] = entry.post_url
            if entry.post_link in SENTINELS:
                source["original post link"] = entry.post_link
            else:
                row["about"] = entry.post_link
        row["source"] = source
        rows.append(row)
    return rows


class _Message(Struct, forbid_unknown_fields=True, gc=False):
    date: _Date = msgspec.field(name="Date")
    sender: str = msgspec.field(name="From")
    text: str = msgspec.field(name="Content")


CHAT: tuple[type[Struct], ...] = (_Message,)


def message_rows(batch: Sequence[Any], partner: str) -> list[Row]:
    """Map messages of one conversation; see `rows.message`."""
    times = all_plain([entry.date for entry in batch])
    return [
        {
            "time": time,
            "side": "them" if (sender := entry.sender) == partner or not sender else "me",
            "from": sender,
            "text": entry.text,
        }
        for time, entry in zip(times, batch, strict=True)
    ]


HOT: dict[str, tuple[Shape, ...]] = {
    "watched": (
        _pair("Date", "Link", "object"),
        _pair("Date", "Link", "object", "Title"),
    ),
    "liked": (_pair("date", "link", "object"), _pair("Date", "Link", "object")),
    "favourited-videos": (_pair("Date", "Link", "object"),),
    "searched": (_pair("Date", "SearchTerm", "text"),),
    "followers": (_pair("Date", "UserName", "person"),),
    "following": (_pair("Date", "UserName", "person"),),
    "commented": (
        Shape(_NewComment, _new_comments),
        Shape(_Comment, _comments),
        _pair("Date", "Comment", "text"),
    ),
}
"""By the key of the collection; see `tables`."""


@define
class HotDecoder:
    """Decodes a batch of entries to the first type that fits, beginning with the last used.

    The fields of the types are texts, none can be left out, and no other is let in. So the quotes
    in an entry that fits are four for each field, unless it names one twice.

    Raises:
        msgspec.ValidationError: None fits, or an entry names a key twice; decode the batch to
            plain values instead.
        msgspec.DecodeError: It is no JSON.
    """

    types: Sequence[type[Struct]]
    _decoders: list[tuple[Any, int]] = field(init=False)
    """Each with the quotes of an entry."""

    def __attrs_post_init__(self) -> None:
        self._decoders = [
            (msgspec.json.Decoder(list[kind]), 4 * len(kind.__struct_fields__))  # type: ignore[valid-type]
            for kind in self.types
        ]

    def __call__(self, data: bytes) -> list[Any]:
        """Decode a JSON array of objects."""
        refused: msgspec.ValidationError | None = None
        for place, (decoder, quotes) in enumerate(self._decoders):
            try:
                batch: list[Any] = decoder.decode(data)
            except msgspec.ValidationError as error:
                refused = error
                continue
            if not has_delimiters(data, quotes * len(batch)):
                raise msgspec.ValidationError("an entry names a key twice")
            if place:
                self._decoders.insert(0, self._decoders.pop(place))
            return batch
        raise refused or msgspec.ValidationError("no shape to try")


_ROWS = {(key, shape.type): shape.rows for key, shapes in HOT.items() for shape in shapes}


def to_rows(collection: str, batch: Sequence[Any]) -> list[Row]:
    """Map a batch that a `HotDecoder` with the shapes of this collection made.

    Raises:
        KeyError: A date is not in the plain form.
        Unusual: An entry needs the general way for another reason.
    """
    return _ROWS[collection, type(batch[0])](batch)


def plain(batch: Sequence[Any]) -> list[dict[str, Any]]:
    """Turn decoded structs back into the entries they came from."""
    entries: list[dict[str, Any]] = msgspec.to_builtins(batch)
    return entries
