"""The conformance suite finds importers that do not keep their promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from bundle_suite import DiskSuite
from decamp import Depth, Finding, Holding, Item, Receipt
from decamp.testing import fake_context
from decamp.testing.importer_base import ORIGIN, TOKEN
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter


class TrustsEverything(DiskImporter):
    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        return (Finding(receipt.item_id, depth) for receipt in receipts)


class FindsOutOfOrder(DiskImporter):
    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        return reversed(list(super().verify(receipts, depth)))


class LooksTooClosely(DiskImporter):
    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        return super().verify(receipts, "digest")


class RemovesWholeFolders(DiskImporter):
    def remove(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        self._folder.clear(receipt.data["files"][0][0].rpartition("/")[0])
        return previous


class ForgetsWhatWasThere(DiskImporter):
    def remove(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        return super().remove(receipt, None)


class RestoresNothing(DiskImporter):
    def remove(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        return previous


class UpdatesInsteadOfFilling(DiskImporter):
    def fill_item(self, item: Item, previous: Receipt) -> Receipt:
        return self.update_item(item, previous)


class FillsNothing(DiskImporter):
    def fill_item(self, item: Item, previous: Receipt) -> Receipt:
        return evolve(previous, superseded=False)


class NeverSupersedes(DiskImporter):
    def fill_item(self, item: Item, previous: Receipt) -> Receipt:
        return evolve(super().fill_item(item, previous), superseded=False)


class KnowsNothing(DiskImporter):
    def known(self) -> Iterator[Holding]:
        return iter(())


class KnowsOutOfOrder(DiskImporter):
    def known(self) -> Iterator[Holding]:
        return iter(sorted(super().known(), key=lambda one: one.item.record.get("rows", 0)))


class KnowsNoBlobs(DiskImporter):
    def known(self) -> Iterator[Holding]:
        for one in super().known():
            yield evolve(one, item=one.item.evolve(blobs=()))


LIES: list[tuple[type[DiskImporter], Callable[..., Any], tuple[Any, ...]]] = [
    (TrustsEverything, DiskSuite.test_verify_finds_what_was_taken_away, ()),
    (TrustsEverything, DiskSuite.test_verify_finds_what_was_changed, ()),
    (TrustsEverything, DiskSuite.test_verify_tells_what_is_not_from_decamp, ()),
    (FindsOutOfOrder, DiskSuite.test_verify_proves_what_is_there, ()),
    (LooksTooClosely, DiskSuite.test_verify_finds_what_was_changed, ()),
    (RemovesWholeFolders, DiskSuite.test_remove_takes_one_item_and_no_other, ()),
    (RemovesWholeFolders, DiskSuite.test_remove_leaves_a_persons_edit, ()),
    (ForgetsWhatWasThere, DiskSuite.test_remove_puts_back_what_was_updated, (1,)),
    (RestoresNothing, DiskSuite.test_remove_puts_back_what_was_updated, (2,)),
    (RestoresNothing, DiskSuite.test_remove_after_a_lost_answer, ()),
    (RestoresNothing, DiskSuite.test_remove_of_everything_leaves_nothing, ()),
    (RestoresNothing, DiskSuite.test_fill_can_be_taken_back, ()),
    (UpdatesInsteadOfFilling, DiskSuite.test_fill_leaves_what_is_there, ("value",)),
    (UpdatesInsteadOfFilling, DiskSuite.test_fill_leaves_what_is_there, ("blob",)),
    (UpdatesInsteadOfFilling, DiskSuite.test_fill_with_nothing_more_changes_nothing, ()),
    (FillsNothing, DiskSuite.test_fill_adds_what_is_absent, ()),
    (FillsNothing, DiskSuite.test_fill_leaves_a_persons_edit, ()),
    (NeverSupersedes, DiskSuite.test_fill_leaves_what_is_there, ("value",)),
    (KnowsNothing, DiskSuite.test_known_is_what_was_written, (True,)),
    (KnowsNothing, DiskSuite.test_known_tells_what_is_there_now, ()),
    (KnowsOutOfOrder, DiskSuite.test_known_gives_rows_in_order, ()),
    (KnowsNoBlobs, DiskSuite.test_known_is_what_was_written, (False,)),
]


@pytest.mark.parametrize(
    ("lie", "test", "arguments"),
    LIES,
    ids=[f"{lie.__name__}-{test.__name__}{arguments}" for lie, test, arguments in LIES],
)
@pytest.mark.parametrize("honest", [False, True])
def test_a_lie_is_found(
    tmp_path: Path,
    lie: type[DiskImporter],
    test: Callable[..., Any],
    arguments: tuple[Any, ...],
    honest: bool,
) -> None:
    suite = DiskSuite()
    suite.path = tmp_path / "bundle"
    kind = DiskImporter if honest else lie
    importer = kind(fake_context(Config(suite.path), tmp_path))
    suite.capabilities = importer.begin(ORIGIN, TOKEN)
    try:
        if honest:
            test(suite, importer, *arguments)
        else:
            with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
                test(suite, importer, *arguments)
    finally:
        importer.close()
