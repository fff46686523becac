"""The values that cross the border between plugins and the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO, Literal

from attrs import evolve, field, frozen

from decamp.errors import ItemError

__all__ = [
    "Account",
    "Blob",
    "Collection",
    "Depth",
    "Destination",
    "Finding",
    "Holding",
    "Item",
    "Link",
    "Loss",
    "Missing",
    "Origin",
    "Page",
    "Preview",
    "Receipt",
    "RowBatch",
]


@frozen
class Account:
    """Whose data it is, as far as the source can tell."""

    id: str | None = None
    """The service's stable id for the account, if it gives one."""

    names: tuple[str, ...] = ()
    """User names, newest first. They may change; see aliases in the glossary."""

    service: str = ""
    """The service that the account is of: the name of its source. Empty: the exporter's own."""


@frozen
class Origin:
    """Whose data it is, and from when."""

    account: Account
    as_of: datetime | None = None
    """When the newest of it was exported; aware, UTC."""

    people: str = "keep"
    """What became of other people's names in it: ``keep``, ``alias`` or ``drop``. An importer
    that can keeps this and `people_check` and shows them as `Destination.holds`."""

    people_check: str = ""
    """By it the host finds the secret behind the aliases again; says nothing about names."""


@frozen
class Destination:
    """What `Importer.check` found."""

    id: str
    """Stable identity of this destination account, for example a canonical path."""

    title: str
    """The same, for people."""

    holds: Origin | None = None
    """Whose data decamp wrote here before; None if decamp wrote nothing here yet."""

    seal: str = ""
    """What `Begins` left here: the token of an unfinished run; else a digest of what `finish`
    wrote, which is another one after any other finished run. Empty if neither can be told."""

    settings: Mapping[str, str] = field(factory=dict)
    """The settings that lead here again, as they would be typed, without those that were meant
    for one run alone. Empty: the id is the location, and nothing else is needed."""

    mute: bool = False
    """Nothing there can say whose data decamp wrote: no marker belongs in a person's public
    account. The journal alone knows then, and fills in `holds`."""


@frozen
class Link:
    """Bytes that a URL from the data names. The host fetches them, without credentials."""

    url: str = field(repr=False)  # signed links must not reach a log
    expires_at: datetime | None = None
    """When the link stops working, if it says so; aware, UTC."""

    key: str = ""
    """What stays the same when the link is signed anew: a path or an object name."""


@frozen
class Missing:
    """A blob that could not be had, and why."""

    name: str
    code: str
    """A stable word: ``expired``, ``gone``, ``empty``, ``truncated``, ``too-large``,
    ``not-media``, ``refused``, ``unreachable``, ``not-found``, ``taken-away``; and
    ``dead-on-arrival`` for one that nobody could have had, which is not due again."""
    reason: str
    """A sentence for the person. Never the link itself."""


def _not_fetched() -> BinaryIO:
    raise ItemError("this blob is a link that the host has not fetched")


@frozen
class Blob:
    """The bytes that belong to an item."""

    name: str
    """File name with extension, unique within the item: ``1.mp4``."""

    media_type: str
    """As in RFC 6838: ``video/mp4``."""

    open: Callable[[], BinaryIO] = field(default=_not_fetched, repr=False, eq=False)
    """Gives the bytes from the first one, every time it is called."""

    size: int | None = None
    """Bytes, if known."""

    sha256: str | None = None
    """Lower-case hexadecimal, if known."""

    link: Link | None = None
    """Set when the bytes must be fetched first; importers never see such a blob."""

    rows: str | None = None
    """For a segment: the kind of its rows, which are JSON lines."""

    @classmethod
    def from_bytes(cls, name: str, media_type: str, data: bytes) -> Blob:
        """Make a blob of bytes that are in memory already."""
        return cls(name, media_type, lambda: BytesIO(data), size=len(data))


@frozen
class Item:
    """One thing a person made or owns, as a plain JSON record and its bytes."""

    id: str
    """The same in every run, and whether it came by API or by file. Several items of one
    export may share an id if `match` tells them apart; the engine then numbers them."""

    kind: str
    """What sort of item it is; there is a JSON Schema of this name."""

    record: Mapping[str, Any]
    """Plain JSON, valid by the schema of its kind."""

    blobs: tuple[Blob, ...] = ()
    missing: tuple[Missing, ...] = ()
    """Blobs that could not be had; set by the host (and by exporters that know)."""

    match: tuple[str, ...] = ()
    """What recognises this very item among others with the same id, strongest first:
    an object path, a caption. Empty strings mean "not known"."""

    def evolve(self, **changes: Any) -> Item:
        """Copy with some fields changed."""
        return evolve(self, **changes)


@frozen
class Collection:
    """Rows that belong together: one conversation, or one sort of activity."""

    kind: str
    """The kind of its rows: ``message`` or ``event``."""

    key: str
    """Unique within the kind and the same in every export: ``alice``, ``watched``."""

    header: Mapping[str, Any] = field(factory=dict, eq=False)
    """What all rows share; it stands once, in the record of each segment."""


@frozen
class RowBatch:
    """Some rows of a collection, in any order."""

    collection: Collection
    rows: Sequence[dict[str, Any]] = field(repr=False)
    """Plain dicts, valid by the schema of the collection's kind. The engine may keep them."""

    path: str = ""
    """Where in the source they lie. Two paths that repeat the same rows count once."""

    segment: Mapping[str, Any] | None = field(default=None, eq=False)
    """The record of the segment that these rows are all of, where a bundle brings them in
    one: if all of them are new, they travel in the same cut again."""


@frozen
class Page:
    """Some items and rows, and the position after them."""

    items: tuple[Item, ...] = ()
    rows: tuple[RowBatch, ...] = ()
    cursor: str | None = None
    """Where to go on after this page; None if the source cannot start there."""

    progress: float | None = None
    """How much of the source has been read, 0 to 1, if known."""

    remaining: int | None = None
    """How many items will still come after this page, if known; for progress only."""


Depth = Literal["exists", "size", "digest"]
"""How closely to look: is there something of that name, has it the right length, is it the
very same, byte for byte."""


@frozen
class Finding:
    """What `Verifies.verify` found out about one item, or about something that is not ours."""

    item_id: str
    """Empty for something that no receipt names."""

    proof: Depth | None = None
    """What is proved; None if something is wrong."""

    problem: str = ""
    """``missing``, ``partial`` (of several records of the item some are gone), ``changed``
    (another length or digest), ``replaced`` (no longer a file), or ``added`` (not from decamp);
    empty if all is well."""

    blobs: tuple[str, ...] | None = None
    """Names of the blobs that the problem is about; None if it is about the item itself."""

    places: tuple[str, ...] = ()
    """Where the problem is, for people."""


@frozen
class Holding:
    """What a destination holds of an item, read back from it."""

    item: Item
    """With its id, its record, and blobs that carry size and digest. The blob of a segment
    can be opened and gives its rows; others need not."""

    receipt: Receipt


@frozen
class Receipt:
    """Proof by the destination that it holds an item."""

    item_id: str
    location: str
    """A URL or path that a person can open."""

    existed: bool = False
    """The destination held the very same already."""

    data: Mapping[str, Any] = field(factory=dict)
    """What the importer needs to find, verify or remove it again; plain JSON, small."""

    superseded: bool = False
    """From `Fills.fill_item`: newer values stayed in the place of some that the item has."""


@frozen
class Loss:
    """Something about an item that a destination cannot hold as it is."""

    code: str
    """A stable word: ``long-text``, ``re-encoded``, ``left-out``."""

    text: str
    """What becomes of it, as a sentence for the person; the same for all items of this code."""

    certain: bool = True
    """It will be so; or it depends on what is known only later, such as the size of a file."""


@frozen
class Preview:
    """What becomes of an item at a destination."""

    losses: tuple[Loss, ...] = ()

    costs: Mapping[str, int] = field(factory=dict)
    """What sending it uses up, by the name of the `decamp.spec.Budget`."""

    before: Mapping[str, str] = field(factory=dict)
    """For an item that changes what a person has there: what is in its place now, by field."""

    after: Mapping[str, str] = field(factory=dict)
    """The same fields as they will be."""

    entries: int = 1
    """How many entries of the destination become of it, such as the posts of a thread."""

    held: str = ""
    """Why it would not be sent yet if it is not there, as `decamp.ItemHeld` says it."""
