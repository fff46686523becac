"""Takes back what was delivered: exactly that, and only while it is as it was left."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import evolve

from decamp.bundle.entries import Entry, File
from decamp.bundle.site import FORMER, Folder
from decamp.bundle.writing.bagging import Bag
from decamp.errors import Conflict
from decamp.model import Receipt

__all__ = ["former_of", "keep_former", "remove", "with_former"]

_FORMER = "former"
_KEPT = 2
"""So many former records stay in a receipt, the latest first: one to take back the last
delivery, one more since one run may deliver an item twice."""
_LARGEST_FORMER = 1 << 20
"""A record that was replaced is kept in the receipt, which has to stay small."""


def keep_former(folder: Folder, record: bytes) -> None:
    """Keep a record that is about to be replaced, until the run has finished."""
    if len(record) > _LARGEST_FORMER:
        return
    with folder.staged_file() as stage:
        folder.write(stage, record)
        with suppress(FileExistsError):
            folder.publish_file(stage, f"{FORMER}/{_sha256(record)}")


def former_of(folder: Folder, sha256: str) -> bytes | None:
    """Give a record that this run, or a killed one before it, has replaced."""
    record = folder.read(f"{FORMER}/{sha256}")
    return record if record is not None and _sha256(record) == sha256 else None


def with_former(
    data: Mapping[str, Any], previous: Mapping[str, Any], record: bytes | None
) -> dict[str, Any]:
    """Keep in the data of a receipt what the record said before.

    Args:
        data: Of the new receipt.
        previous: Of the receipt before it.
        record: The record that was replaced; None if none was, or it is not known.
    """
    texts = list(previous.get(_FORMER, ()))
    if record is not None:
        texts.insert(0, record.decode("utf-8", "replace"))  # ours are UTF-8
    return {**data, _FORMER: texts[:_KEPT]} if texts else dict(data)


def remove(folder: Folder, bag: Bag, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
    """Remove the files of a delivery, or put the version before it back.

    Of an item that a person took out since, nothing comes back.

    Raises:
        Conflict: A file is not as it was left, or the former record is not known. Nothing
            was changed.
    """
    entry = Entry.from_data(receipt.data)
    before = None if previous is None else Entry.from_data(previous.data)
    if before is not None and all(folder.is_gone(file.path) for file in before.files):
        previous = before = None
    going = _going(entry, before)
    there = [file for file in going if _is_unchanged(folder, file)]
    former = None if before is None else _former(folder, receipt, entry.record, before.record)
    bag.open()
    if before is not None and former is not None:
        folder.make(before.record.path.rpartition("/")[0])
        with folder.staged_file() as stage:
            folder.write(stage, former)
            folder.replace_file(stage, before.record.path)
    for file in going:  # the record first: whoever sees it sees the rest too
        if file in there:
            folder.remove(file.path)
        folder.prune(file.path.rpartition("/")[0])
    if previous is None or before is None:
        return None
    return evolve(previous, data={**previous.data, **_as_it_is(folder, before).to_data()})


def _going(entry: Entry, before: Entry | None) -> list[File]:
    """List the files that are not of the version before, the record first.

    A blob that was taken out and came again with other bytes is one of them too.
    """
    if before is None:
        return list(entry.files)
    staying = {(file.path, file.sha256) for file in before.files}
    return [
        file
        for file in entry.files
        if file.path != before.record.path and (file.path, file.sha256) not in staying
    ]


def _as_it_is(folder: Folder, entry: Entry) -> Entry:
    """Give an entry with the time that its record has now."""
    record, *blobs = entry.files
    stamp = folder.stamp(record.path)
    if stamp is not None:
        record = evolve(record, mtime=stamp[1])
    return evolve(entry, files=(record, *blobs))


def _former(folder: Folder, receipt: Receipt, now: File, then: File) -> bytes | None:
    """Give the bytes of the former record; None if it is in its place already."""
    held = folder.held(then.path)
    if held is not None and held.sha256 == then.sha256:
        return None
    if held is not None and held.sha256 != now.sha256:
        raise _changed(folder.path(then.path))
    for text in receipt.data.get(_FORMER, ()):
        if _sha256(text.encode()) == then.sha256:
            former: bytes = text.encode()
            return former
    raise Conflict(
        f"{folder.path(then.path)} cannot be put back: its former version is not known.",
        hint="It stays as it is now. An older copy of the bundle may have it.",
    )


def _is_unchanged(folder: Folder, file: File) -> bool:
    """Make sure that a file is as it was left; False if it is gone.

    Raises:
        Conflict: It has other bytes.
    """
    held = folder.held(file.path)
    if held is not None and held.sha256 != file.sha256:
        raise _changed(folder.path(file.path))
    return held is not None


def _changed(path: str) -> Conflict:
    return Conflict(
        f"{path} was changed since decamp wrote it.",
        hint="Nothing of its item was taken back. Move that file away, and undo once more.",
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
