"""Takes back what was delivered: exactly that, and only while it is as it was left."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from decamp import Conflict, Receipt
from decamp.bundle import Entry, File
from decamp_disk.bag import Bag
from decamp_disk.folder import FORMER, LocalFolder

__all__ = ["former_of", "keep_former", "remove", "with_former"]

_FORMER = "former"
_LARGEST_FORMER = 1 << 20
"""A record that was replaced is kept in the receipt, which has to stay small."""


def keep_former(folder: LocalFolder, record: bytes) -> None:
    """Keep a record that is about to be replaced, until the run has finished."""
    if len(record) > _LARGEST_FORMER:
        return
    with folder.staging() as stage:
        folder.write(f"{stage}/record", record)
        with suppress(FileExistsError):
            folder.publish_file(f"{stage}/record", f"{FORMER}/{_sha256(record)}")


def former_of(folder: LocalFolder, sha256: str) -> bytes | None:
    """Give a record that this run, or a killed one before it, has replaced."""
    return folder.read(f"{FORMER}/{sha256}")


def with_former(data: Mapping[str, Any], record: bytes) -> dict[str, Any]:
    """Keep in the data of a receipt the bytes of the record that was replaced."""
    try:
        return {**data, _FORMER: record.decode()}
    except UnicodeDecodeError:
        return dict(data)  # never ours: decamp writes UTF-8


def remove(
    folder: LocalFolder, bag: Bag, receipt: Receipt, previous: Receipt | None
) -> Receipt | None:
    """Remove the files of a delivery, or put the version before it back.

    Raises:
        Conflict: A file is not as it was left, or the former record is not known. Nothing
            was changed.
    """
    entry = Entry.from_data(receipt.data)
    before = Entry.from_data(previous.data) if previous is not None else None
    staying = {file.path for file in before.files} if before is not None else set()
    going = [file for file in entry.files if file.path not in staying]
    for file in going:
        _require_unchanged(folder, file)
    former = _former(folder, receipt, entry.record, before.record) if before is not None else None
    bag.open()
    if former is not None:
        folder.make(entry.record.path.rpartition("/")[0])
        with folder.staging() as stage:
            folder.write(f"{stage}/record", former)
            folder.replace_file(f"{stage}/record", entry.record.path)
    for file in going:  # the record first: whoever sees it sees the rest too
        folder.remove(file.path)
        folder.prune(file.path.rpartition("/")[0])
    return previous


def _former(folder: LocalFolder, receipt: Receipt, now: File, then: File) -> bytes | None:
    """Give the bytes of the former record; None if it is in its place already."""
    held = folder.held(now.path)
    if held is not None and held.sha256 == then.sha256:
        return None
    if held is not None and held.sha256 != now.sha256:
        raise _changed(folder.path(now.path))
    former = str(receipt.data.get(_FORMER, "")).encode()
    if _sha256(former) != then.sha256:
        raise Conflict(
            f"{folder.path(now.path)} cannot be put back: its former version is not known.",
            hint="It stays as it is now. An older copy of the bundle may have it.",
        )
    return former


def _require_unchanged(folder: LocalFolder, file: File) -> None:
    held = folder.held(file.path)
    if held is not None and held.sha256 != file.sha256:
        raise _changed(folder.path(file.path))


def _changed(path: str) -> Conflict:
    return Conflict(
        f"{path} was changed since decamp wrote it.",
        hint="It stays. Remove it yourself if you do not want it.",
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
