"""Where things lie in a bundle. Pure: nothing here touches a file system.

A place follows from the item's id and, for rows, from their header and digest; never
from the time or number of a run. So the same item has the same place in every run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from attrs import frozen

from decamp.bundle.content import Content
from decamp.bundle.names import marked_file_name, safe_file_name, safe_name
from decamp.bundle.record import record_bytes, segment_header
from decamp.errors import ItemError
from decamp.model import Blob, Item

__all__ = ["Part", "Place", "is_segment", "names_of", "parts", "place"]

_POST = re.compile(r"post:(\d{4})(-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)Z(?:#(\d+))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@frozen
class Place:
    """Where an item lies."""

    folder: str
    """Relative to the bundle, with slashes: ``data/posts/2023/2023-05-01T120000Z``."""

    record: str
    """Name of the file in it that holds the record: ``post.json``."""

    owned: bool
    """The folder belongs to this item alone, so all of it can appear at once."""


@frozen
class Part:
    """One file of an item: a record, a blob, or a header with rows behind it."""

    path: str
    """Relative to the bundle, with slashes."""

    head: bytes = b""
    """The bytes before the blob: all of a record, the header line of a segment."""

    blob: Blob | None = None

    def body(self) -> Iterable[bytes]:
        """Give the bytes behind the head; a `Content` if there are any."""
        return () if self.blob is None else Content(self.path, self.blob)

    @property
    def known(self) -> bool:
        """Length and digest are known, so the bytes need not be read to compare them."""
        return self.blob is None or None not in (self.blob.size, self.blob.sha256)

    def fits(self, size: int, head: bytes, body_sha256: str) -> bool:
        """Tell whether a file can be this part, as far as length and digest are known.

        Args:
            size: Bytes of the whole file.
            head: Its first bytes, as many as the head of this part has.
            body_sha256: Digest of what follows them.
        """
        if head != self.head:
            return False
        if self.blob is None:
            return size == len(head)
        right_size = self.blob.size in (None, size - len(head))
        return right_size and self.blob.sha256 in (None, body_sha256)


def is_segment(item: Item) -> bool:
    """Tell whether an item is a segment: rows behind a header, in one file."""
    return len(item.blobs) == 1 and item.blobs[0].rows is not None


def place(item: Item) -> Place:
    """Tell where an item lies.

    Raises:
        ItemError: A segment whose blob has no digest yet.
    """
    if is_segment(item):
        return _segment(item)
    kind, _, key = item.id.partition(":")
    key = key if kind == item.kind else item.id
    match item.kind:
        case "profile":
            return Place("data/profile", "profile.json", owned=True)
        case "post":
            return _post(item.id, key)
        case "conversation":
            return Place(f"data/messages/{safe_name(key)}", "conversation.json", owned=False)
        case "section":
            return Place("data/sections", _section(item), owned=False)
        case _:
            folder = f"data/other/{safe_name(item.kind)}/{safe_name(key)}"
            return Place(folder, "record.json", owned=True)


def parts(item: Item) -> tuple[Part, ...]:
    """List the files of an item, the record last: whoever sees it sees the rest too.

    Raises:
        ItemRejected: The record is not plain JSON.
    """
    where = place(item)
    record = f"{where.folder}/{where.record}"
    if is_segment(item):
        return (Part(record, segment_header(item), item.blobs[0]),)
    blobs = tuple(
        Part(f"{where.folder}/{_blob_name(blob, where)}", blob=blob) for blob in item.blobs
    )
    return (*blobs, Part(record, record_bytes(item.id, item.record)))


def names_of(item: Item) -> Iterator[str]:
    """Name the folders and files of an item; neither its record nor its digests need be known.

    Of a segment they are its folders: the name of its file is plain and short.
    """
    if is_segment(item):
        yield from _collection(item).split("/")
        return
    where = place(item)
    yield from (*where.folder.split("/"), where.record)
    yield from (_blob_name(blob, where) for blob in item.blobs)


def _blob_name(blob: Blob, where: Place) -> str:
    name = safe_file_name(blob.name)
    return marked_file_name(blob.name) if name == where.record else name


def _post(item_id: str, key: str) -> Place:
    match = _POST.fullmatch(item_id)
    if match is None:
        return Place(f"data/posts/undated/{safe_name(key)}", "post.json", owned=True)
    year, date, hour, minute, second, ordinal = match.groups()
    folder = f"data/posts/{year}/{year}{date}T{hour}{minute}{second}Z"
    return Place(f"{folder}-{ordinal}" if ordinal else folder, "post.json", owned=True)


def _section(item: Item) -> str:
    name = safe_name(str(item.record.get("name", "section")), max_bytes=80)
    digest = hashlib.sha256(item.id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name}-{digest[:12]}.json"


def _segment(item: Item) -> Place:
    digest = item.blobs[0].sha256
    if digest is None:
        raise ItemError(f"{item.id}: a segment needs the digest of its rows.")
    again = item.record.get("again")  # equal rows that came another time
    mark = f"-{again}" if isinstance(again, int) else ""
    name = f"{_span(item)}_{digest[:12]}{mark}.jsonl"
    return Place(_collection(item), name, owned=False)


def _collection(item: Item) -> str:
    area = "messages" if item.kind == "message" else "activity"
    return f"data/{area}/{safe_name(str(item.record.get('collection', item.kind)))}"


def _span(item: Item) -> str:
    dates = [str(item.record.get(name, ""))[:10] for name in ("since", "until")]
    return "_".join(dates) if all(map(_DATE.fullmatch, dates)) else "undated"
