"""What an importer keeps that can look back: verify, take back, fill gaps, read back.

A protocol that an importer does not have is skipped, and so is what a person cannot do to
its destination.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, get_args

import pytest

from decamp.errors import Conflict
from decamp.model import Blob, Depth, Finding, Holding, Item, Receipt
from decamp.spec import Fills, Importer, Knows, Removes, Updates, Verifies
from decamp.testing.importer_base import ImporterBase
from decamp.testing.samples import known_blob, post_item, sample_items, segment_item

__all__ = ["FillsTests", "KnowsTests", "RemovesTests", "VerifiesTests"]

_DEPTHS: tuple[Depth, ...] = get_args(Depth)
_VIDEO = known_blob("1.mp4", b"video")
_PHOTO = known_blob("2.jpg", b"photo")
_PLACE = "Rotterdam"


def _needs(importer: Importer, *protocols: type[Any]) -> Any:
    """Give the importer, or skip the test with the name of the protocol that it lacks."""
    for protocol in protocols:
        if not isinstance(importer, protocol):
            pytest.skip(f"the importer does not implement {protocol.__name__}")
    return importer


def _sound(found: list[Finding], receipts: list[Receipt]) -> bool:
    """Tell whether there is one finding for each receipt, in order, and nothing is wrong."""
    ids = [finding.item_id for finding in found]
    assert all(finding.proof in _DEPTHS for finding in found if not finding.problem)
    return ids == [one.item_id for one in receipts] and not any(one.problem for one in found)


class VerifiesTests(ImporterBase):
    """`decamp.Verifies`."""

    def test_verify_proves_what_is_there(self, ready: Importer) -> None:
        """Everything that was delivered is found, at each depth, and nothing is changed."""
        importer = _needs(ready, Verifies)
        receipts = [one for item in self.taken(sample_items()) if (one := self.put(ready, item))]
        self.finish(ready, receipts)
        before = self.content()
        for depth in _DEPTHS:
            assert _sound(list(importer.verify(iter(receipts), depth)), receipts), depth
        assert _sound(list(importer.verify(receipts[::-1], "exists")), receipts[::-1])
        assert self.content() == before

    def test_verify_finds_what_was_taken_away(self, ready: Importer) -> None:
        """An item that is gone is missing, at each depth; the others are there."""
        importer = _needs(ready, Verifies)
        gone, stays = ready.import_item(post_item(10)), ready.import_item(post_item(11))
        if not self.take_away(gone):
            pytest.skip("take_away is not given")
        for depth in _DEPTHS:
            found = {one.item_id: one for one in importer.verify([gone, stays], depth)}
            missing = found[gone.item_id]
            assert (missing.problem, missing.blobs, missing.proof) == ("missing", None, None)
            assert missing.places
            assert found[stays.item_id].proof

    def test_verify_finds_what_was_changed(self, ready: Importer) -> None:
        """An edit is no matter to a quick look, and a change to every other."""
        importer = _needs(ready, Verifies)
        receipt = ready.import_item(post_item(12))
        if not self.edit(receipt):
            pytest.skip("edit is not given")
        for depth in _DEPTHS:
            [found] = [one for one in importer.verify([receipt], depth) if one.item_id]
            assert found.problem == ("" if depth == "exists" else "changed")

    def test_verify_tells_what_is_not_from_decamp(self, ready: Importer) -> None:
        """It follows the items, without an item, but not in a quick look."""
        importer = _needs(ready, Verifies)
        receipts = [ready.import_item(post_item(13))]
        if not self.leave_something():
            pytest.skip("leave_something is not given")
        for depth in _DEPTHS:
            first, *others = importer.verify(receipts, depth)
            assert _sound([first], receipts)
            expected = [] if depth == "exists" else [("", None, "added")]
            assert [(one.item_id, one.proof, one.problem) for one in others] == expected
            assert all(one.places for one in others)


class RemovesTests(ImporterBase):
    """`decamp.Removes`."""

    def test_remove_takes_one_item_and_no_other(self, ready: Importer) -> None:
        """What is there then is what was there before; doing it again does no harm."""
        importer = _needs(ready, Removes)
        for item in self.taken(sample_items()):
            self.put(ready, item)
        before = self.content()
        for item in self.taken((post_item(20, blobs=(_VIDEO,)), segment_item("watched", 7))):
            receipt = self.put(ready, item)
            if receipt is None:
                continue
            for _ in range(2):
                assert importer.remove(receipt, None) is None
                assert self.content() == before
            again = self.put(ready, item)
            assert again is not None
            assert not again.existed
            importer.remove(again, None)

    def test_remove_of_everything_leaves_nothing(self, ready: Importer) -> None:
        """When all was taken back and finished, the destination is as before the first item."""
        importer = _needs(ready, Removes)
        before = self.content()
        receipts = [one for item in self.taken(sample_items()) if (one := self.put(ready, item))]
        self.finish(ready, receipts)
        for receipt in receipts:
            assert importer.remove(receipt, None) is None
        self.finish(ready, [])
        assert self.content() == before

    @pytest.mark.parametrize("updates", [1, 2])
    def test_remove_puts_back_what_was_updated(self, ready: Importer, updates: int) -> None:
        """What one run changed, be it in two steps, is as before the run."""
        importer = _needs(ready, Removes, Updates)
        first = last = ready.import_item(post_item(21, caption="Before", blobs=(_VIDEO,)))
        before = self.content()
        for number in range(updates):
            photo = known_blob(f"{number + 2}.jpg", b"photo")
            last = importer.update_item(
                post_item(21, caption=f"After {number}", blobs=(_VIDEO, photo)), last
            )
        for _ in range(2):
            back = importer.remove(last, first)
            assert isinstance(back, Receipt)
            assert (back.item_id, back.location) == (first.item_id, first.location)
            assert self.content() == before
        self._holds(ready, back)

    def test_remove_after_a_lost_answer(self, ready: Importer) -> None:
        """The receipt of a repeated update is as good as the one that was lost."""
        importer = _needs(ready, Removes, Updates)
        first = ready.import_item(post_item(22, caption="Before"))
        before = self.content()
        importer.update_item(post_item(22, caption="After"), first)
        again = importer.update_item(post_item(22, caption="After"), first)
        back = importer.remove(again, first)
        assert back is not None
        assert self.content() == before

    def test_remove_leaves_a_persons_edit(self, ready: Importer) -> None:
        """An item that was edited is a conflict, and nothing of it goes."""
        importer = _needs(ready, Removes)
        receipt = ready.import_item(post_item(23, blobs=(_VIDEO,)))
        if not self.edit(receipt):
            pytest.skip("edit is not given")
        before = self.content()
        with pytest.raises(Conflict):
            importer.remove(receipt, None)
        assert self.content() == before

    def test_remove_of_what_a_person_took_away(self, ready: Importer) -> None:
        """What is gone already is no obstacle."""
        importer = _needs(ready, Removes)
        before = self.content()
        receipt = ready.import_item(post_item(24))
        if not self.take_away(receipt):
            pytest.skip("take_away is not given")
        assert importer.remove(receipt, None) is None
        assert self.content() == before

    @staticmethod
    def _holds(importer: Importer, receipt: Receipt) -> None:
        if isinstance(importer, Verifies):
            found = list(importer.verify([receipt], "digest"))
            assert _sound([one for one in found if one.item_id], [receipt])


class FillsTests(ImporterBase):
    """`decamp.Fills`."""

    def test_fill_adds_what_is_absent(self, ready: Importer) -> None:
        """Members and blobs that are absent are added; doing it again changes nothing."""
        importer = _needs(ready, Fills)
        first = ready.import_item(post_item(30, blobs=(_VIDEO,)))
        before = self.content()
        older = post_item(30, blobs=(_VIDEO, _PHOTO), place=_PLACE)
        receipt = importer.fill_item(older, first)
        assert receipt.item_id == older.id
        assert not receipt.superseded
        after = self.content()
        assert after is None or after != before
        again = importer.fill_item(older, first)
        assert (again.data, again.superseded) == (receipt.data, False)
        assert not importer.fill_item(older, receipt).superseded
        assert self.content() == after

    def test_fill_with_nothing_more_changes_nothing(self, ready: Importer) -> None:
        """An older version that says less is no news, also where likes are counted."""
        importer = _needs(ready, Fills)
        first = ready.import_item(post_item(31, blobs=(_VIDEO,), counts={"likes": 9}, place=_PLACE))
        before = self.content()
        for older in (post_item(31, counts={"likes": 1}), post_item(31, blobs=(_VIDEO,))):
            assert not importer.fill_item(older, first).superseded
            assert self.content() == before

    @pytest.mark.parametrize("what", ["value", "blob"])
    def test_fill_leaves_what_is_there(self, ready: Importer, what: str) -> None:
        """Other values and files that are there stay, and the receipt says so."""
        importer = _needs(ready, Fills)
        first = ready.import_item(post_item(32, caption="Newer", blobs=(_VIDEO,)))
        before = self.content()
        older = (
            post_item(32, caption="Older")
            if what == "value"
            else post_item(32, caption="Newer", blobs=(known_blob("1.mp4", b"older"),))
        )
        assert importer.fill_item(older, first).superseded
        assert self.content() == before

    def test_fill_leaves_a_persons_edit(self, ready: Importer) -> None:
        """An item that was edited is a conflict, whether the older version has more or not."""
        importer = _needs(ready, Fills)
        first = ready.import_item(post_item(33))
        if not self.edit(first):
            pytest.skip("edit is not given")
        before = self.content()
        for older in (post_item(33), post_item(33, place=_PLACE)):
            with pytest.raises(Conflict):
                importer.fill_item(older, first)
            assert self.content() == before

    def test_fill_can_be_taken_back(self, ready: Importer) -> None:
        """What an older export added goes again, and nothing else."""
        importer = _needs(ready, Fills, Removes)
        first = ready.import_item(post_item(34, blobs=(_VIDEO,)))
        before = self.content()
        receipt = importer.fill_item(post_item(34, blobs=(_VIDEO, _PHOTO), place=_PLACE), first)
        assert importer.remove(receipt, first) is not None
        assert self.content() == before


class KnowsTests(ImporterBase):
    """`decamp.Knows`."""

    @pytest.mark.parametrize("finished", [True, False])
    def test_known_is_what_was_written(self, ready: Importer, finished: bool) -> None:  # noqa: FBT001
        """Items come back with their records, blobs and receipts, and nothing is changed."""
        importer = _needs(ready, Knows)
        items = {item.id: item for item in self.taken(sample_items())}
        receipts = {i: one for i, item in items.items() if (one := self.put(ready, item))}
        if finished:
            self.finish(ready, receipts.values())
        before = self.content()
        known = [_checked(holding) for holding in importer.known()]
        assert self.content() == before
        assert sorted(one.item.id for one in known) == sorted(receipts)
        for holding in known:
            written = items[holding.item.id]
            assert holding.item.kind == written.kind
            assert _record(holding.item) == _record(written)
            assert _blobs(holding.item) == _blobs(written)
        if isinstance(ready, Verifies):
            held = [one.receipt for one in known]
            assert _sound(list(ready.verify(held, "digest")), held)

    def test_known_gives_rows_in_order(self, ready: Importer) -> None:
        """Segments of one collection come together, and give their rows when they are opened."""
        importer = _needs(ready, Knows)
        items = [segment_item(name, rows) for rows in (1, 2) for name in ("watched", "searched")]
        written = {item.id: item for item in self.taken(tuple(items)) if self.put(ready, item)}
        known = [_checked(one).item for one in importer.known() if one.item.id in written]
        assert len(known) == len(written)
        names = [name for name, _ in groupby(one.record["collection"] for one in known)]
        assert len(set(names)) == len(names)
        for item in known:
            assert _bytes(item.blobs[0]) == _bytes(written[item.id].blobs[0])

    def test_known_tells_what_is_there_now(self, ready: Importer) -> None:
        """After an update it is the new version; its receipt serves for the next update."""
        importer = _needs(ready, Knows, Updates)
        first = ready.import_item(post_item(40, caption="Before", blobs=(_VIDEO,)))
        importer.update_item(post_item(40, caption="After", place=_PLACE), first)
        [holding] = map(_checked, importer.known())
        assert holding.item.record["caption"] == "After"
        assert [blob.name for blob in holding.item.blobs] == [_VIDEO.name]
        before = self.content()
        again = post_item(40, caption="After", place=_PLACE)
        assert importer.update_item(again, holding.receipt).item_id == again.id
        assert self.content() == before

    def test_known_of_an_empty_destination(self, ready: Importer) -> None:
        """There is nothing to know."""
        assert list(_needs(ready, Knows).known()) == []


def _checked(holding: Holding) -> Holding:
    assert isinstance(holding, Holding)
    assert holding.receipt.item_id == holding.item.id
    assert holding.receipt.location
    return holding


def _record(item: Item) -> dict[str, Any]:
    """Give a record without the id, which a destination may put into it."""
    return {name: value for name, value in item.record.items() if name != "item_id"}


def _blobs(item: Item) -> list[tuple[str, int | None, str | None, str | None]]:
    return sorted((blob.name, blob.size, blob.sha256, blob.rows) for blob in item.blobs)


def _bytes(blob: Blob) -> bytes:
    with blob.open() as body:
        return body.read()
