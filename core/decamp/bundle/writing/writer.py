"""Puts items into the bundle, finds them there, and brings them up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
from attrs import evolve, frozen

from decamp.bundle.content import damaged
from decamp.bundle.entries import Entry, File
from decamp.bundle.layout import Part, is_segment, parts, place
from decamp.bundle.record import fill_record, merge_record, record_bytes, without_media
from decamp.bundle.site import Folder, Held, Stamp
from decamp.bundle.writing.bagging import Bag
from decamp.bundle.writing.removal import former_of, keep_former, with_former
from decamp.errors import Conflict
from decamp.model import Item, Receipt

__all__ = ["ItemWriter", "find", "receipt_of"]


@frozen
class _There:
    """What is there of an item that was delivered before."""

    previous: Receipt
    entry: Entry
    path: str
    """Where its record lies, for people."""
    stamp: Stamp | None
    held: bytes | None
    """The bytes of its record; None if a person has removed it."""
    delivered: bytes | None
    """Its record as the receipt has it, also if our own update has replaced it; None if it
    is gone, or was edited."""
    kept: list[File]
    """Its other files that are as we left them."""
    gone: set[str]
    """Names of its files that a person took out."""

    @property
    def files(self) -> list[File]:
        """The record and the other files."""
        return [self.entry.record, *self.kept]

    def record(self, data: bytes | None) -> dict[str, Any]:
        """Read the record, without the files that are gone.

        Raises:
            Conflict: It is no JSON.
        """
        return {} if data is None else without_media(_decoded(data, self.path), self.gone)


class ItemWriter:
    """Writes items; thread-safe as long as two threads do not write the same item."""

    def __init__(self, folder: Folder, bag: Bag) -> None:
        self._folder = folder
        self._bag = bag

    def add(self, item: Item) -> Receipt:
        """Write an item that is new, or find that the very same is there."""
        where = place(item)
        wanted = parts(item)
        if where.owned and not self._folder.exists(where.folder):
            files = self._publish_whole(where.folder, wanted)
            if files is not None:
                return _receipt(self._folder, item, files, existed=False)
        # One by one: others share the folder, or something is in it already.
        placed = [self._place(part) for part in wanted]
        existed = all(was_there for _, was_there in placed)
        return _receipt(self._folder, item, [file for file, _ in placed], existed=existed)

    def update(self, item: Item, previous: Receipt) -> Receipt:
        """Merge a changed item into what is there. What a person took out is absent.

        Raises:
            Conflict: Something of it was edited.
        """
        if is_segment(item) or item.kind == "section":
            return self.add(item)  # their content is part of their name
        there = self._there(previous)
        new, beside = self._new_blobs(item, there.files)
        merged = merge_record(there.record(there.held), _renamed(item.record, beside))
        wanted = self._wanted(item.id, there, merged)
        added = [self._place(part)[0] for part in new]
        return self._brought(item, there, added, wanted)

    def fill(self, item: Item, previous: Receipt) -> Receipt:
        """Add what only this older version of an item has; what is there stays.

        Raises:
            Conflict: Something of it was edited.
        """
        if is_segment(item) or item.kind == "section":
            return self.add(item)
        there = self._there(previous)
        if there.delivered is None and there.held not in (None, record_bytes(item.id, item.record)):
            # Filling an edited record may change nothing, which is no proof that it is ours.
            raise _edited(there.path)
        added, others = self._fill_files(item, there.files)
        record = without_media(item.record, others)
        filled, gave_way = fill_record(there.record(there.delivered), record)
        receipt = self._brought(item, there, added, self._wanted(item.id, there, filled))
        return evolve(receipt, superseded=gave_way or bool(others))

    def _fill_files(self, item: Item, files: Sequence[File]) -> tuple[list[File], set[str]]:
        """Put blobs where nothing is, and name those in whose place something else stays.

        Args:
            files: What is there of the item.
        """
        new, beside = self._new_blobs(item, files)
        added: list[File] = []
        others: set[str] = set()
        for part in new:
            name = part.blob.name if part.blob else ""
            if name in beside:  # a newer version has its place
                others.add(name)
                continue
            try:
                added.append(self._place(part)[0])
            except Conflict:
                others.add(name)
        return added, others

    def _there(self, previous: Receipt) -> _There:
        """Look at what is there of an item.

        Raises:
            Conflict: One of its blobs was edited.
        """
        entry = Entry.from_data(previous.data)
        path, digest = entry.record.path, entry.record.sha256
        stamp, held = self._folder.stamp(path), self._folder.read(path)
        as_delivered = held is None or _sha256(held) == digest
        delivered = held if as_delivered else former_of(self._folder, digest)
        kept, gone = self._kept(entry)
        where = self._folder.path(path)
        return _There(previous, entry, where, stamp, held, delivered, kept, gone)

    @staticmethod
    def _wanted(item_id: str, there: _There, record: Mapping[str, Any]) -> bytes:
        """Give the bytes of the new record.

        Raises:
            Conflict: What is there is neither the record that was delivered nor this one.
        """
        wanted = record_bytes(item_id, record)
        if there.held not in (None, wanted) and _sha256(there.held) != there.entry.record.sha256:
            # Had it been our own update whose answer was lost, joining would change nothing.
            raise _edited(there.path)
        return wanted

    def _brought(self, item: Item, there: _There, added: Sequence[File], wanted: bytes) -> Receipt:
        """Put the record of an item in place, once its files are."""
        path = there.entry.record.path
        if there.stamp is None or there.held != wanted:
            file = self._replaced(path, wanted, there.held)
        else:
            file = File(path, len(wanted), _sha256(wanted), there.stamp[1])
        receipt = _receipt(self._folder, item, [*there.kept, *added, file], existed=False)
        former = there.delivered if file.sha256 != there.entry.record.sha256 else None
        return evolve(receipt, data=with_former(receipt.data, there.previous.data, former))

    def _kept(self, entry: Entry) -> tuple[list[File], set[str]]:
        """Tell which blobs of an item are as we left them, and the names of those gone."""
        kept: list[File] = []
        gone: set[str] = set()
        for file in entry.files[1:]:
            stamp = self._folder.stamp(file.path)
            if stamp is None:
                gone |= {file.blob_name, file.name}
            elif stamp[0] != file.size:
                raise _edited(self._folder.path(file.path))
            else:
                kept.append(file)
        # Another version of a blob lies beside the first, which may be the one that is left.
        return kept, gone - {file.name for file in kept}

    def _replaced(self, path: str, wanted: bytes, held: bytes | None) -> File:
        self._bag.open()
        if held is not None:
            keep_former(self._folder, held)
        self._folder.make(path.rpartition("/")[0])
        with self._folder.staged_file() as stage:
            staged = self._folder.write(stage, wanted)
            self._folder.replace_file(stage, path)
        staged = self._folder.as_published(path, staged)
        return File(path, staged.size, staged.sha256, staged.mtime)

    def _new_blobs(self, item: Item, files: Sequence[File]) -> tuple[list[Part], dict[str, str]]:
        """List the blobs to add, and the new names of those that must not replace others.

        Args:
            files: What is there of the item.
        """
        there = {file.path: file.sha256 for file in files}
        new: list[Part] = []
        beside: dict[str, str] = {}
        for blob, part in zip(item.blobs, parts(item), strict=False):
            if part.path not in there:
                new.append(part)
                continue
            digest = blob.sha256 or _digest(part)
            if digest == there[part.path]:
                continue
            path = PurePosixPath(part.path)
            path = path.with_name(f"{path.stem}-{digest[:12]}{path.suffix}")
            beside[blob.name] = path.name
            if str(path) not in there:
                new.append(evolve(part, path=str(path)))
        return new, beside

    def _publish_whole(self, folder: str, wanted: Sequence[Part]) -> list[File] | None:
        """Let a folder appear with everything in it; None if its name was taken meanwhile."""
        with self._folder.staged_folder() as stage:
            names = [part.path.rpartition("/")[2] for part in wanted]
            staged = [
                self._stage(part, f"{stage}/{name}")
                for part, name in zip(wanted, names, strict=True)
            ]
            self._bag.open()
            try:
                self._folder.publish_folder(stage, folder, names)
            except FileExistsError:
                return None
            return [self._published(*pair) for pair in zip(wanted, staged, strict=True)]

    def _place(self, part: Part) -> tuple[File, bool]:
        """Let one file appear, and tell whether it was there.

        Raises:
            Conflict: Something else has its name.
        """
        held = self._folder.held(part.path, len(part.head))
        if held is not None and part.known and _fits(part, held):
            return _file(part, held), True
        with self._folder.staged_file() as path:
            staged = self._stage(part, path)
            if held is None:
                self._bag.open()
                try:
                    self._folder.publish_file(path, part.path)
                    return self._published(part, staged), False
                except FileExistsError:
                    held = self._folder.held(part.path)
            if held is not None and held.sha256 == staged.sha256:
                return _file(part, held), True
            if self._folder.is_torn(part.path, path):
                self._bag.open()
                self._folder.replace_file(path, part.path)
                return self._published(part, staged), False
        raise _taken(self._folder.path(part.path))

    def _published(self, part: Part, staged: Held) -> File:
        if part.blob is None:
            self._bag.remember(part.path, staged.sha256, part.head)
        return _file(part, self._folder.as_published(part.path, staged))

    def _stage(self, part: Part, path: str) -> Held:
        staged = self._folder.write(path, part.head, part.body())
        if not _fits(part, staged):
            raise damaged(part.blob.name if part.blob else part.path)
        return staged


def find(folder: Folder, item: Item) -> Receipt | None:
    """Look for an item with all its blobs, by their lengths and digests.

    Raises:
        Conflict: Something else is in its place.
    """
    files = []
    wanted = parts(item)
    for part in wanted:
        held = folder.held(part.path, len(part.head))
        if held is None:
            continue
        if not _fits(part, held):
            raise _taken(folder.path(part.path))
        files.append(_file(part, held))
    if len(files) < len(wanted):
        return None
    return _receipt(folder, item, files, existed=True)


def _receipt(folder: Folder, item: Item, files: Sequence[File], *, existed: bool) -> Receipt:
    """Make a receipt of files with the record last."""
    *others, record = files
    rows = item.record.get("rows") if is_segment(item) else None
    return receipt_of(folder, item, Entry(item.kind, (record, *others), rows), existed=existed)


def receipt_of(folder: Folder, item: Item, entry: Entry, *, existed: bool) -> Receipt:
    """Make the receipt of an item that lies in these files."""
    where = place(item)
    location = folder.path(where.folder if where.owned else entry.record.path)
    return Receipt(item.id, location, existed, entry.to_data())


def _file(part: Part, held: Held) -> File:
    name = part.blob.name if part.blob and not part.head else ""
    file = File(part.path, held.size, held.sha256, held.mtime)
    return file if name in ("", file.name) else evolve(file, blob=name)


def _fits(part: Part, held: Held) -> bool:
    return part.fits(held.size, held.head, held.body_sha256)


def _sha256(data: bytes | None) -> str:
    return hashlib.sha256(data or b"").hexdigest()


def _digest(part: Part) -> str:
    digest = hashlib.sha256()
    for chunk in part.body():
        digest.update(chunk)
    return digest.hexdigest()


def _renamed(record: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    """Let the media of a record carry the names that their files have got."""
    if not names or "media" not in record:
        return record
    media = [file | {"name": names.get(file["name"], file["name"])} for file in record["media"]]
    return {**record, "media": media}


def _decoded(data: bytes, path: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Conflict(
            f"{path} was changed since decamp wrote it, and is no longer valid JSON.",
            hint="Move that file away and run again: decamp then writes it anew.",
        ) from error


def _taken(path: str) -> Conflict:
    return Conflict(
        f"{path} is there already, with other content.",
        hint="Nothing was overwritten. To take the new one, move the old away and run again.",
    )


def _edited(path: str) -> Conflict:
    return Conflict(
        f"{path} was changed since decamp wrote it.",
        hint="Your change stays. To take the new version, move that file away and run again.",
    )
