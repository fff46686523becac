"""Reads a bundle back: its items with their ids, and what a receipt says of their files.

Nothing here trusts the bundle: it may come from another machine, be damaged, or have been
edited. What cannot be read is told, with its reason, and the rest is read all the same.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

import msgspec
from attrs import define, field, frozen

from decamp.bundle.bag import MANIFEST, PAYLOAD, read_manifest
from decamp.bundle.contents import Entry, File
from decamp.bundle.marker import MARKER, Marker, read_marker
from decamp.bundle.names import safe_file_name
from decamp.bundle.record import ITEM_ID
from decamp.bundle.site import Folder, Stamp
from decamp.identity import segment_id
from decamp.model import Blob, Item

__all__ = ["BundleReader", "Found", "listed"]

_RECORDS = {
    "profile": ("profile", re.compile(r"data/profile/profile\.json")),
    "post": ("post", re.compile(r"data/posts/[^/]+/[^/]+/post\.json")),
    "conversation": ("conversation", re.compile(r"data/messages/[^/]+/conversation\.json")),
    "section": ("section", re.compile(r"data/sections/[^/]+\.json")),
    "other": ("", re.compile(r"data/other/[^/]+/[^/]+/record\.json")),
}
_SEGMENT = re.compile(r"data/(?:messages|activity)/[^/]+/[^/]+\.jsonl")
_POST = re.compile(r"data/posts/\d{4}/(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-(\d+))?/post\.json")
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
    unread: Callable[[str, str], None] = lambda path, reason: None
    """Told of each file that is not an item or part of one, and why."""
    _paths: dict[str, str] = field(factory=dict, init=False)
    """Path in normal form C to the path as the file system has it."""
    _digests: dict[str, str] = field(factory=dict, init=False)

    def marker(self) -> Marker | None:
        """Read ``decamp.json``; None if this is no bundle.

        Raises:
            DestinationRefused: It is damaged, or of a newer format.
        """
        data = self.folder.read(MARKER)
        return None if data is None else read_marker(data, self.where)

    def files(self) -> list[str]:
        """List the payload, as it was when it was first looked at."""
        self._take_stock()
        return sorted(self._paths.values())

    def found(self) -> Iterator[Found]:
        """Go through all items: segments first, those of one collection together."""
        self._take_stock()
        yield from self.segments()
        yield from self.items()

    def segments(self) -> Iterator[Found]:
        """Go through the segments: by collection, oldest rows first."""
        self._take_stock()
        for path in sorted(filter(_SEGMENT.fullmatch, self._paths)):
            found = self._tried(path, self._segment)
            if found is not None:
                yield found

    def items(self) -> Iterator[Found]:
        """Go through everything else, in order of ids that share a beginning."""
        self._take_stock()
        used: set[str] = set()
        records = [
            (path, kind)
            for kind, pattern in _RECORDS.values()
            for path in sorted(filter(pattern.fullmatch, self._paths), key=_by_number)
        ]
        for path, kind in records:
            found = self._tried(path, partial(self._item, kind=kind))
            used.add(path)
            if found is not None:
                used.update(file.path for file in found.entry.files)
                yield found
        for path in sorted(self._paths):
            if path not in used and not _SEGMENT.fullmatch(path):
                self.unread(path, "decamp did not write it")

    # --- one file ------------------------------------------------------------------------

    def _take_stock(self) -> None:
        if self._paths:
            return
        for path in self.folder.files_below(PAYLOAD):
            self._paths[unicodedata.normalize("NFC", path)] = path
        self._digests = read_manifest(self.folder.read(MANIFEST) or b"")

    def _tried(self, path: str, read: Callable[[str], Found]) -> Found | None:
        try:
            return read(path)
        except _Unreadable as error:
            self.unread(path, str(error))
            return None

    def _item(self, path: str, *, kind: str) -> Found:
        stamp = self._stamp(path)
        record = self._record(path, stamp[0])
        item_id = record.pop(ITEM_ID, None) or _derived_id(path, kind, record)
        if not isinstance(item_id, str):
            raise _Unreadable("it does not say which item it is")
        kind = kind or item_id.partition(":")[0]
        files, blobs = [self._file(path, stamp)], []
        if kind not in _ALONE:
            for entry in listed(record, "media"):
                beside = f"{path.rpartition('/')[0]}/{safe_file_name(entry['name'])}"
                if beside == path or beside not in self._paths:
                    continue
                file = self._file(beside, self._stamp(beside), entry)
                files.append(file)
                blobs.append(self._blob(file, entry))
        return Found(Item(item_id, kind, record, tuple(blobs)), Entry(kind, tuple(files)))

    def _record(self, path: str, size: int) -> dict[str, Any]:
        if size > _LARGEST_RECORD:
            raise _Unreadable("it is too large for a record")
        data = self.folder.read(self._paths[path])
        try:
            return _decode(data or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _Unreadable("it is no JSON object") from error

    def _segment(self, path: str) -> Found:
        whole, rows, size = hashlib.sha256(), hashlib.sha256(), 0
        with self._opened(path) as file:
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
            partial(self._rows, path, len(line)),
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
                (self._file(path, self._stamp(path), digest=whole.hexdigest()),),
                count if isinstance(count, int) else None,
            ),
        )

    def _rows(self, path: str, start: int) -> BinaryIO:
        file = self._opened(path)
        file.seek(start)
        return file

    def _opened(self, path: str) -> BinaryIO:
        return self.folder.open(self._paths[path])

    def _stamp(self, path: str) -> Stamp:
        stamp = self.folder.stamp(self._paths[path])
        if stamp is None:
            raise _Unreadable("it went away while it was read")
        return stamp

    def _file(
        self,
        path: str,
        stamp: Stamp,
        described: Mapping[str, Any] | None = None,
        digest: str = "",
    ) -> File:
        """Describe a file as its receipt did: with the digest that the bag gives it.

        A file that was edited or damaged since then has another; it stays noticeable.
        """
        size, time = stamp
        known = self._digests.get(path) or digest
        if not known and described is not None and described.get("size") == size:
            known = str(described.get("sha256") or "")
        if not known:
            known = self._measured(path)
        name = "" if described is None else _blob_name(str(described["name"]), known)
        return File(path, size, known, time, "" if name == path.rpartition("/")[2] else name)

    def _measured(self, path: str) -> str:
        digest = hashlib.sha256()
        with self._opened(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def _blob(self, file: File, described: Mapping[str, Any]) -> Blob:
        """Describe a blob as the record does: bytes that differ from it were damaged."""
        size, sha256 = described.get("size"), described.get("sha256")
        return Blob(
            described["name"],
            str(described.get("media_type") or "application/octet-stream"),
            partial(self._opened, file.path),
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
    match = _POST.fullmatch(path)
    if match is None:
        return None
    date, hour, minute, second, number = match.groups()
    return f"post:{date}T{hour}:{minute}:{second}Z" + (f"#{number}" if number else "")


def _by_number(path: str) -> tuple[str, int]:
    """Order posts of one second by their numbers."""
    match = _POST.fullmatch(path)
    if match is None or match[5] is None:
        return path, 1
    return path.replace(f"Z-{match[5]}/", "Z/"), int(match[5])
