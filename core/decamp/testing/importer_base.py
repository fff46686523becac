"""What the tests of every importer share: the importer, and what a person does to its destination."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from decamp.errors import ItemError
from decamp.model import Account, Item, Origin, Receipt
from decamp.spec import Begins, Finishes, Importer, ImporterCapabilities

__all__ = ["ORIGIN", "TOKEN", "ImporterBase"]

ORIGIN = Origin(
    Account(names=("ada.example",), service="tiktok"), people="alias", people_check="5f0a:77b0"
)
TOKEN = "0123456789abcdef"  # noqa: S105 - no secret


class ImporterBase:
    """What the tests of every importer share."""

    capabilities = ImporterCapabilities()
    """What the spec declares; what `begin` returns takes its place."""

    @pytest.fixture
    def importer(self) -> Importer:
        """Give a new importer on an empty destination."""
        # Only a subclass can give it; its author reads this where it was forgotten.
        raise NotImplementedError("give the fixture 'importer'")

    def content(self) -> object | None:
        """Read back everything that the destination holds; None if that cannot be done."""
        return None

    def take_away(self, receipt: Receipt) -> bool:
        """Remove an item behind the importer's back; False if a person could not do that."""
        return False

    def edit(self, receipt: Receipt) -> bool:
        """Change the record of an item, to one of another length; False if that cannot be."""
        return False

    def leave_something(self) -> bool:
        """Put something there that is not from decamp; False if that cannot be."""
        return False

    def password(self) -> str:
        """Give what `decamp.SignsIn.sign_in` takes; empty if nobody can sign in."""
        return ""

    @pytest.fixture
    def ready(self, importer: Importer) -> Importer:
        """Give an importer that has begun."""
        if isinstance(importer, Begins):
            self.capabilities = importer.begin(ORIGIN, TOKEN)
        return importer

    def taken(self, items: tuple[Item, ...]) -> list[Item]:
        """Keep the items whose kind the importer takes."""
        kinds = self.capabilities.kinds
        return [item for item in items if kinds is None or item.kind in kinds]

    def put(self, importer: Importer, item: Item) -> Receipt | None:
        """Import an item; None if the importer rejects it, which it may."""
        try:
            receipt = importer.import_item(item)
        except ItemError:
            return None
        assert isinstance(receipt, Receipt)
        assert receipt.item_id == item.id
        assert receipt.location
        return receipt

    @staticmethod
    def finish(importer: Importer, receipts: Iterable[Receipt]) -> None:
        """Complete the destination as the engine does, if that is to be done."""
        if isinstance(importer, Finishes):
            importer.finish(iter(sorted(receipts, key=lambda receipt: receipt.item_id)))
