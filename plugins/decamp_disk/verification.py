"""Looks whether files of the bundle are still as they were written. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from decamp import Depth, Finding, Receipt
from decamp.bundle import Entry
from decamp_disk.folder import LocalFolder

__all__ = ["verify"]


def verify(folder: LocalFolder, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
    """Go through the items; one look at each file.

    Raises:
        DestinationRefused: The disk does not tell.
    """
    for receipt in receipts:
        record, *blobs = Entry.from_data(receipt.data).files
        if folder.is_gone(record.path):
            yield Finding(receipt.item_id, problem="missing", places=(folder.path(record.path),))
            continue
        gone = [file for file in blobs if folder.is_gone(file.path)]
        if gone:
            yield Finding(
                receipt.item_id,
                problem="missing",
                blobs=tuple(file.blob_name for file in gone),
                places=tuple(folder.path(file.path) for file in gone),
            )
            continue
        yield Finding(receipt.item_id, depth)
