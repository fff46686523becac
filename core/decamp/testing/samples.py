"""Items to try an importer with: ordinary ones, and those that break careless code."""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO, cast

import msgspec

from decamp.model import Blob, Item

__all__ = ["NASTY_NAMES", "broken_blob", "large_blob", "post_item", "sample_items", "segment_item"]

NASTY_NAMES = (
    "alice",
    "Alice",
    "ALICE",
    "con",
    "COM1.txt",
    "a/b",
    "..",
    "../../etc/passwd",
    "C:\\Windows",
    "trailing.",
    "trailing ",
    " leading",
    "-rf",
    "line\nbreak",
    "tab\tstop",
    "quote\"'`$(x)",
    "null\u0000byte",
    "caf\u00e9",
    "cafe\u0301",
    "\u65e5\u672c\u8a9e",
    "\u0645\u0631\u062d\u0628\u0627",
    "\u202eright-to-left",
    "\U0001f600" * 30,
    "x" * 300,
    "%41",
    "<script>alert(1)</script>",
    "",
)
"""User names that a file system, a shell or a page could stumble over."""


def post_item(
    second: int = 0, *, caption: str = "Hello", blobs: tuple[Blob, ...] = (), **fields: Any
) -> Item:
    """Make a post of its own second; `fields` are further members of its record."""
    time = f"2024-05-01T12:{second // 60:02d}:{second % 60:02d}Z"
    record: dict[str, Any] = {"time": time, "type": "video", "audience": "private"}
    record |= {"caption": caption, **fields}
    if blobs:
        record["media"] = [_described(blob) for blob in blobs]
    return Item(f"post:{time}", "post", record, blobs)


def segment_item(collection: str = "watched", rows: int = 3) -> Item:
    """Make a segment of activity."""
    lines = b"".join(
        msgspec.json.encode({"time": f"2024-01-01T00:00:{n % 60:02d}Z", "object": f"o{n}"}) + b"\n"
        for n in range(rows)
    )
    digest = hashlib.sha256(lines).hexdigest()
    record = {
        "kind": "event",
        "collection": collection,
        "verb": collection,
        "rows": rows,
        "since": "2024-01-01T00:00:00Z",
        "until": f"2024-01-01T00:00:{(rows - 1) % 60:02d}Z",
    }
    blob = Blob(
        "rows.jsonl",
        "application/x-ndjson",
        lambda: io.BytesIO(lines),
        size=len(lines),
        sha256=digest,
        rows="event",
    )
    return Item(f"event:{collection}:{digest[:32]}", "event", record, (blob,))


def sample_items() -> tuple[Item, ...]:
    """Make a set of items that an importer of any kind has to take, or reject item by item."""
    items = [
        Item("profile", "profile", {"username": "ada.example", "bio": "I film birds. \U0001f426"}),
        post_item(1, caption="No media"),
        post_item(2, caption="One file", blobs=(known_blob("1.mp4", b"video" * 1000),)),
        post_item(
            3,
            caption="Several \u0645\u0631\u062d\u0628\u0627",
            blobs=tuple(known_blob(f"{n}.jpg", bytes([n]) * 100) for n in range(1, 4)),
        ),
        post_item(4, caption="An empty file", blobs=(known_blob("1.jpg", b""),)),
        segment_item("watched"),
        segment_item("searched", 1),
        Item(
            "section:Settings:00112233",
            "section",
            {"name": "Settings", "path": "App Settings/Settings", "value": {"Language": "en"}},
        ),
    ]
    items += [
        Item(f"conversation:{name}", "conversation", {"key": name, "title": name})
        for name in NASTY_NAMES
    ]
    return tuple(items)


def known_blob(name: str, data: bytes) -> Blob:
    """Make a blob with its size and digest, as the host hands them to importers."""
    kind = "video/mp4" if name.endswith(".mp4") else "image/jpeg"
    return Blob(name, kind, lambda: io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())


def large_blob(name: str, size: int) -> Blob:
    """Make a blob of so many zero bytes that are never all in memory."""
    digest = hashlib.sha256()
    chunk = bytes(1 << 16)
    for start in range(0, size, len(chunk)):
        digest.update(chunk[: min(len(chunk), size - start)])
    return Blob(name, "video/mp4", lambda: _stream(size), size, digest.hexdigest())


def broken_blob(name: str, size: int) -> Blob:
    """Make a blob that breaks off in the middle with an `OSError`."""
    return Blob(name, "video/mp4", lambda: _stream(size, size // 2), size, "0" * 64)


def _described(blob: Blob) -> dict[str, Any]:
    return {
        "name": blob.name,
        "media_type": blob.media_type,
        "size": blob.size,
        "sha256": blob.sha256,
    }


class _Zeros(io.RawIOBase):
    """Zero bytes, at most a megabyte at a time."""

    def __init__(self, size: int, breaks_at: int | None = None) -> None:
        self._left = size
        self._read = 0
        self._breaks_at = breaks_at

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._breaks_at is not None and self._read >= self._breaks_at:
            raise OSError("the source broke off")
        count = min(self._left, 1 << 20, size if size >= 0 else self._left)
        self._left -= count
        self._read += count
        return bytes(count)

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _stream(size: int, breaks_at: int | None = None) -> BinaryIO:
    return cast("BinaryIO", _Zeros(size, breaks_at))
