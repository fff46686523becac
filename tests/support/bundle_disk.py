"""Runs of the disk importer, as the engine drives it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from decamp import Account, Context, Item, Origin, Receipt
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter

ADA = Account("open-id-1", ("ada.example",))
TOKEN = "0123456789abcdef"


def disk(path: Path) -> DiskImporter:
    """An importer that writes to this folder."""
    log = logging.getLogger("decamp.test")
    return DiskImporter(Context(Config(path), log, lambda: datetime.now(UTC), path.parent))


@contextmanager
def begun(path: Path, account: Account = ADA) -> Iterator[DiskImporter]:
    """An importer between `begin` and `close`."""
    importer = disk(path)
    try:
        importer.begin(Origin(account), TOKEN)
        yield importer
    finally:
        importer.close()


def transfer(path: Path, items: Iterable[Item], account: Account = ADA) -> list[Receipt]:
    """A whole run; returns its receipts, by item id."""
    with begun(path, account) as importer:
        receipts = sorted(map(importer.import_item, items), key=lambda receipt: receipt.item_id)
        importer.sync()
        importer.finish(receipts)
    return receipts
