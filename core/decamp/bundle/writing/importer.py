"""A bundle as a destination: from the first look to the finished bag."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from decamp.bundle.entries import Entry
from decamp.bundle.marker import require_same_account
from decamp.bundle.reading.reader import BundleReader
from decamp.bundle.site import Site
from decamp.bundle.writing.bagging import Bag
from decamp.bundle.writing.removal import remove
from decamp.bundle.writing.survey import seal
from decamp.bundle.writing.verification import verify
from decamp.bundle.writing.writer import ItemWriter, find, receipt_of
from decamp.model import Depth, Destination, Finding, Holding, Item, Origin, Receipt
from decamp.spec import ImporterCapabilities

__all__ = ["BundleImporter"]


class BundleImporter:
    """One bundle. What each method promises stands in `decamp.spec`.

    Args:
        site: Where it lies.
        capabilities: Of that place.
        log: Told what a person has changed, and what cannot be read back.
        scratch: A private folder of this machine.
    """

    def __init__(
        self, site: Site, capabilities: ImporterCapabilities, log: logging.Logger, scratch: Path
    ) -> None:
        self._site = site
        self._capabilities = capabilities
        self._log = log
        self._scratch = scratch
        self._folder = site.folder
        self._lock = site.lock
        self._begun: tuple[Bag, ItemWriter] | None = None

    def check(self) -> Destination:
        """Look at the folder."""
        marker = self._site.survey()
        return Destination(
            self._site.identity,
            self._site.title,
            marker.origin if marker else None,
            seal(self._folder, marker) if marker else "",
            self._site.settings,
        )

    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        """Look at the files of these items."""
        with self._folder.listed():
            yield from verify(self._folder, receipts, depth)

    def begin(self, origin: Origin, token: str) -> ImporterCapabilities:
        """Make the folder and take its lock. The bag stays as it is until the first write."""
        self._site.survey()
        self._lock.acquire()
        # Once more, now that no other run can change it.
        marker = self._site.survey()
        held = marker.origin.account if marker else None
        require_same_account(held, origin.account, self._site.title)
        self._folder.prepare()
        bag = Bag(self._folder, origin, token, self._log, self._scratch)
        self._begun = bag, ItemWriter(self._folder, bag)
        return self._capabilities

    def import_item(self, item: Item) -> Receipt:
        """Write an item's files, each whole or not at all."""
        return self._writer.add(item)

    def find_item(self, item: Item) -> Receipt | None:
        """Compare an item with the files in its place."""
        return find(self._folder, item)

    def update_item(self, item: Item, previous: Receipt) -> Receipt:
        """Merge the record, and add blobs; none is removed or replaced."""
        return self._writer.update(item, previous)

    def fill_item(self, item: Item, previous: Receipt) -> Receipt:
        """Add what only an older export has; nothing that is there is changed."""
        return self._writer.fill(item, previous)

    def remove(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        """Take back what was written for an item."""
        return remove(self._folder, self._bag, receipt, previous)

    def known(self) -> Iterator[Holding]:
        """Read back what the bundle holds."""
        reader = BundleReader(self._folder, self._site.title, self._scratch, self._unread)
        with closing(reader), self._folder.listed():
            for found in reader.found():
                receipt = receipt_of(self._folder, found.item, found.entry, existed=True)
                yield Holding(found.item, receipt)

    def _unread(self, path: str, reason: str) -> None:
        self._log.warning("%s: not read back: %s", self._folder.path(path), reason)

    def sync(self) -> None:
        """Flush what was written to the disk."""
        self._folder.sync()

    def finish(self, receipts: Iterable[Receipt]) -> None:
        """Write the manifests and the page, and mark the bag complete."""
        self._lock.confirm()
        self._bag.finish(Entry.from_data(receipt.data) for receipt in receipts)

    def close(self) -> None:
        """Remove temporaries and let go of the lock."""
        try:
            self._folder.close()
            self._lock.release()
        finally:
            if self._begun is not None:
                self._bag.close()
            self._site.disconnect()

    @property
    def _bag(self) -> Bag:
        return self._require_begun()[0]

    @property
    def _writer(self) -> ItemWriter:
        return self._require_begun()[1]

    def _require_begun(self) -> tuple[Bag, ItemWriter]:
        if self._begun is None:
            raise RuntimeError("begin() comes before anything that writes")
        return self._begun
