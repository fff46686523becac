"""Runs of the disk importer to an address, as the engine drives it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bundle_disk import ADA, TOKEN
from decamp import Context, Item, Origin, Receipt
from decamp.testing import ImporterSuite
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class RemoteSuite(ImporterSuite):
    """The suite that every importer has to pass; what a person does goes past the importer."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file into the bundle."""
        raise NotImplementedError

    def drop(self, name: str) -> None:
        """Remove a file of the bundle."""
        raise NotImplementedError

    def take_away(self, receipt: Receipt) -> bool:
        for name, *_ in receipt.data["files"]:
            self.drop(name)
        return True

    def edit(self, receipt: Receipt) -> bool:
        self.write(receipt.data["files"][0][0], b'{"caption": "mine"}')
        return True

    def leave_something(self) -> bool:
        self.write("data/mine.txt", b"mine")
        return True


def remote(address: str, scratch: Path, **options: Any) -> DiskImporter:
    """An importer that writes to this address."""
    log = logging.getLogger("decamp.test")
    options.setdefault("in_memory", address.startswith("memory:"))
    return DiskImporter(Context(Config(address, **options), log, lambda: MOMENT, scratch))


@contextmanager
def begun(address: str, scratch: Path, **options: Any) -> Iterator[DiskImporter]:
    """An importer between `begin` and `close`."""
    importer = remote(address, scratch, **options)
    try:
        importer.begin(Origin(ADA), TOKEN)
        yield importer
    finally:
        importer.close()


def transfer(address: str, scratch: Path, items: Iterable[Item], **options: Any) -> list[Receipt]:
    """A whole run; returns its receipts, by item id."""
    with begun(address, scratch, **options) as importer:
        receipts = sorted(map(importer.import_item, items), key=lambda receipt: receipt.item_id)
        importer.sync()
        importer.finish(receipts)
    return receipts


def payload(found: dict[str, bytes]) -> dict[str, str]:
    """Digest everything but the marks of a run that is under way."""
    return {
        name: hashlib.sha256(data).hexdigest()
        for name, data in found.items()
        if name.startswith("data/")
    }
