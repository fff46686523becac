"""Puts items into the bundle, finds them there, and brings them up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
from attrs import evolve, frozen

from decamp import Conflict, Corrupted, Item, Receipt
from decamp.bundle import (
    Entry,
    File,
    Part,
    fill_record,
    is_segment,
    merge_record,
    parts,
    place,
    record_bytes,
    without_media,
)
from decamp_disk.bag import Bag
from decamp_disk.folder import Held, LocalFolder
from decamp_disk.removal import former_of, keep_former, with_former

__all__ = ["ItemWriter", "find", "receipt_of"]


@frozen
class _There:
    """What is there of an item that was delivered before."""

    entry: Entry
    stamp: tuple[int, int] | None
    held: bytes | None
    """The bytes of its record; None if a person has removed it."""
    kept: list[File]
    """Its other files that are as we left them."""
    record: dict[str, Any]
    """The record, without the files that are gone."""

    @property
    def files(self) -> list[File]:
        """The record and the other files."""
        return [self.entry.record, *self.kept]


class ItemWriter:
    """Writes items; thread-safe as long as two threads do not write the same item."""

    def __init__(self, folder: LocalFolder, bag: Bag) -> None:
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
        merged = merge_record(there.record, _renamed(item.record, beside))
        return self._joined(item, there, new, merged)

    def fill(self, item: Item, previous: Receipt) -> Receipt:
        """Add what only this older version of an item has; what is there stays.

        Raises:
            Conflict: Something of it was edited.
        """
        if is_segment(item) or item.kind == "section":
            return self.add(item)
        there = self._there(previous)
        held = {file.path: file.sha256 for file in there.files}
        pairs = list(zip(item.blobs, parts(item), strict=False))
        others = [
            blob.name
            for blob, part in pairs
            if part.path in held and (blob.sha256 or _digest(part)) != held[part.path]
        ]
        new = [part for _, part in pairs if part.path not in held]
        filled, gave_way = fill_record(there.record, without_media(item.record, others))
        receipt = self._joined(item, there, new, filled)
        return evolve(receipt, superseded=gave_way or bool(others))

    def _there(self, previous: Receipt) -> _There:
        """Look at what is there of an item."""
        entry = Entry.from_data(previous.data)
        stamp, held = self._folder.stamp(entry.record.path), self._folder.read(entry.record.path)
        kept, gone = self._kept(entry)
        before = {} if held is None else _decoded(held, self._folder.path(entry.record.path))
        return _There(entry, stamp, held, kept, without_media(before, gone))

    def _joined(
        self, item: Item, there: _There, new: Sequence[Part], record: Mapping[str, Any]
    ) -> Receipt:
        """Bring an item to a new state: its record replaced, files added, none removed."""
        path, stamp = there.entry.record.path, there.stamp
        wanted = record_bytes(item.id, record)
        if there.held not in (None, wanted) and _sha256(there.held) != there.entry.record.sha256:
            # Had it been our own update whose answer was lost, joining would change nothing.
            raise _edited(self._folder.path(path))
        added = [self._place(part)[0] for part in new]
        if stamp is None or there.held != wanted:
            if there.held is not None:
                keep_former(self._folder, there.held)
            file = self._replaced(path, wanted)
        else:
            file = File(path, len(wanted), _sha256(wanted), stamp[1])
        receipt = _receipt(self._folder, item, [*there.kept, *added, file], existed=False)
        former = former_of(self._folder, there.entry.record.sha256)
        if former is None or file.sha256 == there.entry.record.sha256:
            return receipt
        return evolve(receipt, data=with_former(receipt.data, former))

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

    def _replaced(self, path: str, wanted: bytes) -> File:
        self._bag.open()
        self._folder.make(path.rpartition("/")[0])
        with self._folder.staging() as stage:
            staged = self._folder.write(f"{stage}/record", wanted)
            self._folder.replace_file(f"{stage}/record", path)
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
        with self._folder.staging() as stage:
            files = [
                _file(part, self._stage(part, f"{stage}/{part.path.rpartition('/')[2]}"))
                for part in wanted
            ]
            self._bag.open()
            try:
                self._folder.publish_folder(stage, folder)
            except FileExistsError:
                return None
            return files

    def _place(self, part: Part) -> tuple[File, bool]:
        """Let one file appear, and tell whether it was there.

        Raises:
            Conflict: Something else has its name.
        """
        held = self._folder.held(part.path, len(part.head))
        if held is not None and part.known and _fits(part, held):
            return _file(part, held), True
        with self._folder.staging() as stage:
            path = f"{stage}/file"
            staged = self._stage(part, path)
            if held is None:
                self._bag.open()
                try:
                    self._folder.publish_file(path, part.path)
                    return _file(part, staged), False
                except FileExistsError:
                    held = self._folder.held(part.path)
            if held is not None and held.sha256 == staged.sha256:
                return _file(part, held), True
            if self._folder.is_torn(part.path, path):
                self._bag.open()
                self._folder.replace_file(path, part.path)
                return _file(part, staged), False
        raise _taken(self._folder.path(part.path))

    def _stage(self, part: Part, path: str) -> Held:
        staged = self._folder.write(path, part.head, part.body())
        if not _fits(part, staged):
            name = part.blob.name if part.blob else part.path
            raise Corrupted(
                f"{name} came with another length or digest than it should have.",
                hint="Run the same command again; if it stays so, the source is damaged.",
            )
        return staged


def find(folder: LocalFolder, item: Item) -> Receipt | None:
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


def _receipt(folder: LocalFolder, item: Item, files: Sequence[File], *, existed: bool) -> Receipt:
    """Make a receipt of files with the record last."""
    *others, record = files
    rows = item.record.get("rows") if is_segment(item) else None
    return receipt_of(folder, item, Entry(item.kind, (record, *others), rows), existed=existed)


def receipt_of(folder: LocalFolder, item: Item, entry: Entry, *, existed: bool) -> Receipt:
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
