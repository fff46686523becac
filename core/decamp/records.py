"""Records as classes: the typed way to build and read the JSON that travels in items.

The schemas are the contract; a test holds these classes to them field by field. A field
that a record may lack is None here and absent there. What a record holds beyond its
schema is kept in the record and not seen here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import attrs
from attrs import frozen

__all__ = [
    "Allows",
    "Conversation",
    "Event",
    "MediaFile",
    "Message",
    "MissingFile",
    "Platform",
    "Post",
    "PostCounts",
    "Profile",
    "ProfileCounts",
    "ProfileLink",
    "Section",
    "SegmentHeader",
    "Source",
    "from_record",
    "to_record",
]

T = TypeVar("T")

_PLAIN = {"from_": "from"}
"""Python keywords, and the names that they have in JSON."""


@frozen(kw_only=True)
class Source:
    """Where a record came from, and every value that has no home in its schema."""

    path: str | None = None
    fields: dict[str, Any] | None = None


@frozen(kw_only=True)
class MediaFile:
    """A file that lies beside the record."""

    name: str
    media_type: str
    size: int | None = None
    sha256: str | None = None


@frozen(kw_only=True)
class MissingFile:
    """A file that could not be had."""

    name: str
    code: str


@frozen(kw_only=True)
class ProfileLink:
    """A link to another profile."""

    service: str
    address: str


@frozen(kw_only=True)
class Platform:
    """A linked sign-in platform."""

    platform: str | None = None
    name: str | None = None
    description: str | None = None


@frozen(kw_only=True)
class ProfileCounts:
    """Counters of an account at the time of the export."""

    likes_received: int | None = None
    followers: int | None = None
    following: int | None = None


@frozen(kw_only=True)
class Profile:
    """The account: ``profile.schema.json``."""

    item_id: str | None = None
    username: str | None = None
    display_name: str | None = None
    bio: str | None = None
    region: str | None = None
    birth_date: str | None = None
    email: str | None = None
    phone: str | None = None
    gender: str | None = None
    links: tuple[ProfileLink, ...] | None = None
    platforms: tuple[Platform, ...] | None = None
    counts: ProfileCounts | None = None
    media: tuple[MediaFile, ...] | None = None
    missing: tuple[MissingFile, ...] | None = None
    source: Source | None = None


@frozen(kw_only=True)
class Allows:
    """What others may do with a post."""

    comments: bool | None = None
    stitches: bool | None = None
    duets: bool | None = None
    stickers: bool | None = None
    sharing_to_story: bool | None = None


@frozen(kw_only=True)
class PostCounts:
    """Counters of a post at the time of the export."""

    likes: int | None = None
    collections: int | None = None


@frozen(kw_only=True)
class Post:
    """A video or a set of photos: ``post.schema.json``."""

    item_id: str | None = None
    type: Literal["video", "photos", "unknown"]
    audience: Literal["public", "friends", "private", "unknown"]
    time: str | None = None
    caption: str | None = None
    allows: Allows | None = None
    sound: str | None = None
    place: str | None = None
    alt_text: str | None = None
    add_yours: str | None = None
    content_disclosure: bool | None = None
    ai_generated: bool | None = None
    counts: PostCounts | None = None
    deleted: str | None = None
    media: tuple[MediaFile, ...] | None = None
    missing: tuple[MissingFile, ...] | None = None
    source: Source | None = None


@frozen(kw_only=True)
class Conversation:
    """Who talked with whom: ``conversation.schema.json``."""

    item_id: str | None = None
    key: str
    title: str | None = None
    group: bool | None = None
    participants: tuple[str, ...] | None = None
    source: Source | None = None


@frozen(kw_only=True)
class Message:
    """A row of a conversation: ``message.schema.json``."""

    side: Literal["me", "them"]
    text: str
    time: str | None = None
    from_: str | None = None
    source: dict[str, Any] | None = None


@frozen(kw_only=True)
class Event:
    """A row of activity: ``event.schema.json``."""

    time: str | None = None
    object: str | None = None
    text: str | None = None
    person: str | None = None
    about: str | None = None
    details: dict[str, Any] | None = None
    source: dict[str, Any] | None = None


@frozen(kw_only=True)
class SegmentHeader:
    """The first line of a file of rows: ``segment.schema.json``."""

    kind: Literal["message", "event"]
    collection: str
    rows: int
    verb: str | None = None
    type: str | None = None
    conversation: str | None = None
    since: str | None = None
    until: str | None = None
    again: int | None = None
    source: dict[str, Any] | None = None


@frozen(kw_only=True)
class Section:
    """Something without a schema of its own: ``section.schema.json``."""

    item_id: str | None = None
    name: str
    path: str
    value: Any
    part: int | None = None
    reason: str | None = None


def to_record(value: Any) -> dict[str, Any]:
    """Turn one of these objects into plain JSON, without what is None."""
    return {
        _PLAIN.get(field.name, field.name): _plain(held)
        for field in attrs.fields(type(value))
        if (held := getattr(value, field.name)) is not None
    }


def from_record(kind: type[T], record: Mapping[str, Any]) -> T:
    """Read a valid record as one of these classes.

    Raises:
        ValueError: The record does not fit; validate it first.
    """
    import msgspec

    names = {json: python for python, json in _PLAIN.items()}
    try:
        return msgspec.convert({names.get(key, key): record[key] for key in record}, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return to_record(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
