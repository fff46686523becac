"""Puts items into the bundle, finds them there, and brings them up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from attrs import evolve

from decamp import Conflict, Corrupted, Item, Receipt
from decamp.bundle import Entry, File, Part, is_segment, merge_record, parts, place, record_bytes
from decamp_disk.bag import Bag
from decamp_disk.folder import Held, LocalFolder

__all__ = ["ItemWriter", "find"]


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
            files = self._publish_whole(item, where.folder, wanted)
            if files is not None:
                return _receipt(self._folder, item, files, existed=False)
        # One by one: others share the folder, or something is in it already.
        placed = [self._place(item, part) for part in wanted]
        existed = all(was_there for _, was_there in placed)
        return _receipt(self._folder, item, [file for file, _ in placed], existed=existed)

    def update(self, item: Item, previous: Receipt) -> Receipt:
        """Merge a changed item into what is there.

        Raises:
            Conflict: It is not as we left it.
        """
        if is_segment(item) or item.kind == "section":
            return self.add(item)  # their content is part of their name
        entry = Entry.from_data(previous.data)
        path = entry.record.path
        held = self._folder.read(path)
        if held is None or any(
            self._folder.size(file.path) != file.size for file in entry.files[1:]
        ):
            raise _edited(item, self._folder.path(path))
        new, beside = self._new_blobs(item, entry)
        merged = merge_record(_decoded(held, item), _renamed(item.record, beside))
        wanted = record_bytes(item.id, merged)
        digest = hashlib.sha256(wanted).hexdigest()
        if hashlib.sha256(held).hexdigest() != entry.record.sha256 and held != wanted:
            # Had it been our own update whose answer was lost, merging would change nothing.
            raise _edited(item, self._folder.path(path))
        added = [self._place(item, part)[0] for part in new]
        if held != wanted:
            self._bag.open()
            with self._folder.staging() as stage:
                self._folder.write(f"{stage}/record", wanted)
                self._folder.replace_file(f"{stage}/record", path)
        record = File(path, len(wanted), digest)
        return _receipt(self._folder, item, [*entry.files[1:], *added, record], existed=False)

    def _new_blobs(self, item: Item, entry: Entry) -> tuple[list[Part], dict[str, str]]:
        """List the blobs to add, and the new names of those that must not replace others."""
        there = {file.path: file.sha256 for file in entry.files}
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

    def _publish_whole(self, item: Item, folder: str, wanted: Sequence[Part]) -> list[File] | None:
        """Let a folder appear with everything in it; None if its name was taken meanwhile."""
        with self._folder.staging() as stage:
            files = [
                _file(part, self._stage(item, part, f"{stage}/{part.path.rpartition('/')[2]}"))
                for part in wanted
            ]
            self._bag.open()
            try:
                self._folder.publish_folder(stage, folder)
            except FileExistsError:
                return None
            return files

    def _place(self, item: Item, part: Part) -> tuple[File, bool]:
        """Let one file appear, and tell whether it was there.

        Raises:
            Conflict: Something else has its name.
        """
        held = self._folder.held(part.path, len(part.head))
        if held is not None and part.known and _fits(part, held):
            return _file(part, held), True
        with self._folder.staging() as stage:
            path = f"{stage}/file"
            staged = self._stage(item, part, path)
            if held is None:
                self._bag.open()
                try:
                    self._folder.publish_file(path, part.path)
                    return _file(part, staged), False
                except FileExistsError:
                    held = self._folder.held(part.path)
            if held is not None and held.sha256 == staged.sha256:
                return _file(part, staged), True
            if self._folder.is_torn(part.path, path):
                self._bag.open()
                self._folder.replace_file(path, part.path)
                return _file(part, staged), False
        raise _taken(item, self._folder.path(part.path))

    def _stage(self, item: Item, part: Part, path: str) -> Held:
        staged = self._folder.write(path, part.head, part.body())
        if not _fits(part, staged):
            name = part.blob.name if part.blob else part.path
            raise Corrupted(
                f"{item.id}: {name} came with another length or digest than it should have.",
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
            raise _taken(item, folder.path(part.path))
        files.append(_file(part, held))
    if len(files) < len(wanted):
        return None
    return _receipt(folder, item, files, existed=True)


def _receipt(folder: LocalFolder, item: Item, files: Sequence[File], *, existed: bool) -> Receipt:
    """Make a receipt of files with the record last."""
    *others, record = files
    rows = item.record.get("rows") if is_segment(item) else None
    entry = Entry(item.kind, (record, *others), rows)
    where = place(item)
    location = folder.path(where.folder if where.owned else record.path)
    return Receipt(item.id, location, existed, entry.to_data())


def _file(part: Part, held: Held) -> File:
    return File(part.path, held.size, held.sha256)


def _fits(part: Part, held: Held) -> bool:
    return part.fits(held.size, held.head, held.body_sha256)


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


def _decoded(data: bytes, item: Item) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Conflict(
            f"{item.id}: its record in the bundle is no longer valid JSON.",
            hint="Put the file back as it was, or move its folder away and forget the item.",
        ) from error


def _taken(item: Item, path: str) -> Conflict:
    return Conflict(
        f"{item.id}: {path} is there already, with other content.",
        hint="Nothing was overwritten. To take the new one, move the old away and run again.",
    )


def _edited(item: Item, path: str) -> Conflict:
    return Conflict(
        f"{item.id}: {Path(path).parent} was changed since decamp wrote it.",
        hint="Your change stays. To take the new version, move the folder away and run again.",
    )
