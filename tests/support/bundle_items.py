"""Items as exporters bring them, made up for tests, and what a bundle on disk holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import bagit
import msgspec

from decamp import Blob, Item
from decamp.bundle import Entry, File, Stock, parts


def blob(name: str, data: bytes, media_type: str = "video/mp4", rows: str | None = None) -> Blob:
    """A blob as the host hands it on: with its length and digest."""
    made = Blob.from_bytes(name, media_type, data)
    digest = hashlib.sha256(data).hexdigest()
    return Blob(name, media_type, made.open, len(data), digest, rows=rows)


def post(
    when: str = "2023-05-01T12:00:00Z", *, data: bytes = b"film", mark: str = "", **fields: Any
) -> Item:
    """A post with one video; `mark` is the end of an id such as ``#2``."""
    video = blob("1.mp4", data)
    media = [{"name": "1.mp4", "media_type": "video/mp4", "size": video.size}]
    record = {"time": when, "type": "video", "caption": "Sunrise", "audience": "public"}
    return Item(f"post:{when}{mark}", "post", record | fields | {"media": media}, (video,))


def profile(**fields: Any) -> Item:
    """A profile with a picture."""
    picture = blob("avatar.jpg", b"\xff\xd8picture", "image/jpeg")
    record = {"username": "ada.example", "display_name": "Ada", "bio": "I film birds."}
    media = [{"name": "avatar.jpg", "media_type": "image/jpeg", "size": picture.size}]
    return Item("profile", "profile", record | fields | {"media": media}, (picture,))


def conversation(key: str = "alice", **fields: Any) -> Item:
    """A conversation without its messages."""
    return Item(f"conversation:{key}", "conversation", {"key": key, "title": key} | fields)


def segment(kind: str, collection: str, rows: list[dict[str, Any]], **header: Any) -> Item:
    """Rows as one item, as the engine cuts them."""
    data = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    record = {"kind": kind, "collection": collection, **header, "rows": len(rows)}
    times = [row["time"] for row in rows if "time" in row]
    if times:
        record |= {"since": min(times), "until": max(times)}
    made = blob("rows.jsonl", data, "application/x-ndjson", rows=kind)
    return Item(f"{kind}:{collection}:{(made.sha256 or '')[:32]}", kind, record, (made,))


def messages(key: str = "alice", count: int = 3, year: int = 2024) -> Item:
    """Some messages of a conversation."""
    rows = [
        {"time": f"{year}-01-{day + 1:02}T08:00:00Z", "side": "me", "from": "ada", "text": "hi"}
        for day in range(count)
    ]
    return segment("message", key, rows, conversation=key)


def watched(count: int = 5, year: int = 2024) -> Item:
    """Some videos watched."""
    rows = [
        {"time": f"{year}-02-{day + 1:02}T08:00:00Z", "object": f"https://example.org/{day}"}
        for day in range(count)
    ]
    return segment("event", "watched", rows, verb="watched")


def section(name: str = "Settings", value: Any = None) -> Item:
    """Something without a schema; its id holds its digest."""
    record = {"name": name, "path": f"App/{name}", "value": value or {"Language": "en"}}
    digest = hashlib.sha256(msgspec.json.encode(record)).hexdigest()
    return Item(f"section:{digest}", "section", record)


def sample_items() -> list[Item]:
    """One bundle's worth of every kind, with hard names among them."""
    return [
        profile(),
        post(),
        post(mark="#2", data=b"another", caption="The same second"),
        post("2021-12-31T23:59:59Z", caption="<script>alert(1)</script> \u202egnp.exe"),
        Item(
            "post:drafts/7",
            "post",
            {"type": "photos", "audience": "private"},
            (blob("CON.jpg", b"\xff\xd81", "image/jpeg"), blob("con.jpg", b"\xff\xd82")),
        ),
        conversation(),
        conversation("Alice", group=True, title="Ålice & <b>Bob</b>"),
        messages(),
        messages("Alice", 4, 2025),
        watched(),
        watched(2, 2025),
        segment("event", "logged-in", [{"object": "phone"}], verb="logged-in"),
        section(),
        section("Straße/..\\x"),
        Item("album:Ünïcode/1", "album", {"title": "An unknown kind"}, (blob("0.bin", b""),)),
    ]


def entries_of(items: list[Item]) -> list[Entry]:
    """What the receipts of these items would say of their files."""
    entries = []
    for item in items:
        files = []
        for part in reversed(parts(item)):
            data = part.head + b"".join(part.body())
            files.append(File(part.path, len(data), hashlib.sha256(data).hexdigest()))
        rows = item.record["rows"] if item.kind in ("message", "event") else None
        entries.append(Entry(item.kind, tuple(files), rows))
    return entries


@contextmanager
def stock_of(folder: Path, entries: Iterable[Entry]) -> Iterator[Stock]:
    """What a bundle of these entries holds, without a bundle."""
    with closing(Stock(folder)) as stock:
        stock.add(entries)
        yield stock


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def validate_bag(root: Path) -> None:
    """Let the Library of Congress's library judge; raises `bagit.BagError`."""
    bagit.Bag(str(root)).validate()
