"""Reads a bundle back: its items with their ids, and what a receipt says of their files.

Nothing here trusts the bundle: it may come from another machine, be damaged, or have been
edited. What cannot be read is told, with its reason, and the rest is read all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from attrs import define, field, frozen

from decamp.bundle.bag import MANIFEST, PAYLOAD
from decamp.bundle.entries import Entry, File
from decamp.bundle.marker import MARKER, Marker, read_marker
from decamp.bundle.names import safe_file_name
from decamp.bundle.reading.payload import POST, Payload, Place
from decamp.bundle.record import ITEM_ID
from decamp.bundle.site import Folder, Stamp
from decamp.identity import segment_id
from decamp.model import Blob, Item

__all__ = ["BundleReader", "Found", "listed"]

_ALONE = ("conversation", "section")
"""Kinds whose records share a folder with others, and have no files beside them."""
_LARGEST_RECORD = 64 << 20
_LARGEST_HEADER = 1 << 20
_CHUNK = 256 << 10
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@frozen
class Found:
    """One item of a bundle."""

    item: Item
    entry: Entry


class _Unreadable(Exception):
    """A file of the bundle is not what its name says; the text says why."""


@define
class BundleReader:
    """Reads one bundle."""

    folder: Folder
    where: str
    """What to call it in errors."""
    scratch: Path
    """A private folder of this machine."""
    unread: Callable[[str, str], None] = lambda path, reason: None
    """Told of each file that is not an item or part of one, and why."""
    _payload: Payload | None = field(default=None, init=False)

    def marker(self) -> Marker | None:
        """Read ``decamp.json``; None if this is no bundle.

        Raises:
            DestinationRefused: It is damaged, or of a newer format.
        """
        data = self.folder.read(MARKER)
        return None if data is None else read_marker(data, self.where)

    def files(self) -> Iterator[Place]:
        """Go through the payload, as it was when it was first looked at."""
        return self._stock().files()

    def found(self) -> Iterator[Found]:
        """Go through all items: segments first, those of one collection together."""
        yield from self.segments()
        yield from self.items()

    def segments(self) -> Iterator[Found]:
        """Go through the segments: by collection, oldest rows first."""
        for place in self._stock().segments():
            found = self._tried(place, self._segment)
            if found is not None:
                yield found

    def items(self) -> Iterator[Found]:
        """Go through everything else, in order of ids that share a beginning."""
        payload = self._stock()
        for place, kind, there in payload.records():
            found = self._tried(place, partial(self._item, kind=kind, there=there))
            files = found.entry.files if found is not None else ()
            payload.use([place.path, *(file.path for file in files)])
            if found is not None:
                yield found
        for path in payload.unused():
            self.unread(path, "decamp did not write it")

    def close(self) -> None:
        """Let go of what was found out; it is found out anew if somebody asks again."""
        if self._payload is not None:
            self._payload.close()
            self._payload = None

    # --- one file ------------------------------------------------------------------------

    def _stock(self) -> Payload:
        """Look what is there, once."""
        if self._payload is None:
            self._payload = payload = Payload(self.scratch)
            manifest = self.folder.read(MANIFEST) or b""
            payload.note(self.folder.files_below(PAYLOAD), manifest)
        return self._payload

    def _tried(self, place: Place, read: Callable[[Place], Found]) -> Found | None:
        try:
            return read(place)
        except _Unreadable as error:
            self.unread(place.path, str(error))
            return None

    def _item(self, place: Place, *, kind: str, there: Mapping[str, Place]) -> Found:
        record, path = self._record(place), place.path
        item_id = record.pop(ITEM_ID, None) or _derived_id(path, kind, record)
        if not isinstance(item_id, str):
            raise _Unreadable("it does not say which item it is")
        kind = kind or item_id.partition(":")[0]
        files, blobs = [self._file(place)], []
        folder = path.rpartition("/")[0]
        for entry in listed(record, "media") if kind not in _ALONE else ():
            beside = there.get(f"{folder}/{safe_file_name(entry['name'])}")
            if beside is None or beside.path == path:
                continue
            file = self._file(beside, entry)
            files.append(file)
            blobs.append(self._blob(beside, file, entry))
        return Found(Item(item_id, kind, record, tuple(blobs)), Entry(kind, tuple(files)))

    def _record(self, place: Place) -> dict[str, Any]:
        size = self._stamp(place)[0]
        if size > _LARGEST_RECORD:
            raise _Unreadable("it is too large for a record")
        data = self.folder.read(place.name)
        if data is None:
            raise _Unreadable("it went away while it was read")
        try:
            return _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _Unreadable("it is no JSON object") from error

    def _segment(self, place: Place) -> Found:
        whole, rows, size = hashlib.sha256(), hashlib.sha256(), 0
        with self.folder.open(place.name) as file:
            line = file.readline(_LARGEST_HEADER)
            header = _header(line)
            whole.update(line)
            last = b"\n"
            while chunk := file.read(_CHUNK):
                whole.update(chunk)
                rows.update(chunk)
                size += len(chunk)
                last = chunk[-1:]
        if last != b"\n":
            raise _Unreadable("its last line breaks off")
        kind, collection, digest = header["kind"], header["collection"], rows.hexdigest()
        blob = Blob(
            "rows.jsonl",
            "application/x-ndjson",
            partial(self._rows, place.name, len(line)),
            size,
            digest,
            rows=kind,
        )
        again = header.get("again", 1)
        again = again if isinstance(again, int) else 1
        item = Item(segment_id(kind, collection, digest, again), kind, header, (blob,))
        count = header.get("rows")
        return Found(
            item,
            Entry(
                kind,
                (self._file(place, digest=whole.hexdigest()),),
                count if isinstance(count, int) else None,
            ),
        )

    def _rows(self, name: str, start: int) -> BinaryIO:
        file = self.folder.open(name)
        file.seek(start)
        return file

    def _stamp(self, place: Place) -> Stamp:
        if place.size >= 0:
            return place.size, place.mtime
        stamp = self.folder.stamp(place.name)
        if stamp is None:
            raise _Unreadable("it went away while it was read")
        return stamp

    def _file(
        self, place: Place, described: Mapping[str, Any] | None = None, digest: str = ""
    ) -> File:
        """Describe a file as its receipt did: with the digest that the bag gives it.

        A file that was edited or damaged since then has another; it stays noticeable.
        """
        path = place.path
        size, time = self._stamp(place)
        known = place.sha256 or digest
        if not known and described is not None and described.get("size") == size:
            known = str(described.get("sha256") or "")
        if not known:
            known = self._measured(place.name)
        name = "" if described is None else _blob_name(str(described["name"]), known)
        return File(path, size, known, time, "" if name == path.rpartition("/")[2] else name)

    def _measured(self, name: str) -> str:
        digest = hashlib.sha256()
        with self.folder.open(name) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def _blob(self, place: Place, file: File, described: Mapping[str, Any]) -> Blob:
        """Describe a blob as the record does: bytes that differ from it were damaged."""
        size, sha256 = described.get("size"), described.get("sha256")
        return Blob(
            described["name"],
            str(described.get("media_type") or "application/octet-stream"),
            partial(self.folder.open, place.name),
            size if isinstance(size, int) else file.size,
            sha256 if isinstance(sha256, str) else file.sha256,
        )


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unreadable("its first line is no header") from error
    if header.get("kind") not in ("message", "event") or not isinstance(
        header.get("collection"), str
    ):
        raise _Unreadable("its first line is no header")
    return header


def listed(record: Mapping[str, Any], member: str) -> Iterator[dict[str, Any]]:
    """Go through the files that a record lists as its `media`, or as `missing`."""
    files = record.get(member)
    for entry in files if isinstance(files, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield entry


def _blob_name(name: str, sha256: str) -> str:
    """Give the name that a blob came with: another version of one has its digest in its name."""
    return name.replace(f"-{sha256[:12]}.", ".") if f"-{sha256[:12]}." in name else name


def _derived_id(path: str, kind: str, record: Mapping[str, Any]) -> str | None:
    """Find the id of an item whose record does not say it, where its place tells."""
    if kind == "profile":
        return "profile"
    if kind == "conversation" and isinstance(record.get("key"), str):
        return f"conversation:{record['key']}"
    match = POST.fullmatch(path)
    if match is None:
        return None
    date, hour, minute, second, number = match.groups()
    return f"post:{date}T{hour}:{minute}:{second}Z" + (f"#{number}" if number else "")
