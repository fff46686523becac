"""What every importer has to keep, as tests that a plugin author inherits."""

from __future__ import annotations

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from decamp.errors import ItemError
from decamp.model import Item, Receipt
from decamp.spec import Begins, Closes, Finds, Finishes, Importer, Updates
from decamp.testing.importer_afterwards import FillsTests, KnowsTests, RemovesTests, VerifiesTests
from decamp.testing.importer_base import ORIGIN
from decamp.testing.importer_more import (
    AuthenticatesTests,
    BatchesTests,
    PreviewsTests,
    SignsInTests,
)
from decamp.testing.samples import (
    NASTY_NAMES,
    broken_blob,
    known_blob,
    large_blob,
    post_item,
    sample_items,
)

__all__ = ["ImporterSuite"]


class ImporterSuite(
    VerifiesTests,
    RemovesTests,
    FillsTests,
    KnowsTests,
    BatchesTests,
    PreviewsTests,
    SignsInTests,
    AuthenticatesTests,
):
    """Subclass it, and give the fixture `importer`: a new one on an empty destination.

    Give `content` too if the destination can be read back, and `take_away`, `edit` and
    `leave_something` if a person can do that to it, and `password` if one signs in; see `decamp.testing.importer_base`.
    """

    # --- before the first item -----------------------------------------------------------

    def test_check_changes_nothing(self, importer: Importer) -> None:
        """`check` is run by `decamp plan`, which promises to change nothing."""
        before = self.content()
        first = importer.check()
        assert first.id
        assert first == importer.check()
        assert self.content() == before

    def test_check_knows_whose_data_it_holds(self, ready: Importer) -> None:
        """After `begin` the destination says whose data lies there."""
        if not isinstance(ready, Begins):
            pytest.skip("the importer has no begin()")
        self.put(ready, post_item(1))
        held = ready.check().holds
        assert held is not None
        assert held.account.names == ORIGIN.account.names
        # By these another machine goes on hiding the names that are hidden here.
        assert (held.people, held.people_check) == (ORIGIN.people, ORIGIN.people_check)

    # --- items ---------------------------------------------------------------------------

    def test_takes_items_of_every_kind(self, ready: Importer) -> None:
        """Each sample is taken, or rejected by itself."""
        receipts = [self.put(ready, item) for item in self.taken(sample_items())]
        assert any(receipt is not None for receipt in receipts)

    def test_nasty_names_do_not_collide(self, ready: Importer) -> None:
        """Names in all scripts, reserved, long, alike but for case: each has its own place."""
        items = self.taken(
            tuple(Item(f"conversation:{n}", "conversation", {"key": n}) for n in NASTY_NAMES)
        )
        receipts = [self.put(ready, item) for item in items]
        places = [receipt.location for receipt in receipts if receipt]
        assert len(set(places)) == len(places)

    def test_twice_makes_one_copy(self, ready: Importer) -> None:
        """The same item again changes nothing, and says that it was there."""
        if self.capabilities.delivery == "blind":
            pytest.skip("delivery is blind")
        for item in self.taken(sample_items()):
            first = self.put(ready, item)
            before = self.content()
            if first is None:
                continue
            second = self.put(ready, item)
            assert second is not None
            assert second.existed
            assert (second.location, second.data) == (first.location, first.data)
            assert self.content() == before

    def test_blob_that_breaks_leaves_nothing(self, ready: Importer) -> None:
        """A source that breaks off leaves no half item, and the whole one can follow."""
        before = self.content()
        with pytest.raises(Exception):  # noqa: B017 - any error will do, silence will not
            ready.import_item(post_item(5, blobs=(broken_blob("1.mp4", 4 << 20),)))
        assert self.content() == before
        assert self.put(ready, post_item(5, blobs=(known_blob("1.mp4", b"whole"),)))

    def test_wrong_digest_is_not_stored(self, ready: Importer) -> None:
        """Bytes that differ from their digest never become the item."""
        good = known_blob("1.mp4", b"promised")
        bad = known_blob("1.mp4", b"differed")
        lying = type(good)(good.name, good.media_type, bad.open, good.size, good.sha256)
        before = self.content()
        with pytest.raises(ItemError):
            ready.import_item(post_item(6, blobs=(lying,)))
        assert self.content() == before

    def test_large_blob_stays_out_of_memory(self, ready: Importer) -> None:
        """A file is streamed: 64 MB pass with a few megabytes of memory."""
        limit = self.capabilities.max_blob_bytes
        size = 64 << 20
        if limit is not None and limit < size:
            pytest.skip("max_blob_bytes is smaller")
        item = post_item(7, blobs=(large_blob("1.mp4", size),))
        tracemalloc.start()
        try:
            assert self.put(ready, item)
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()

    def test_threads_up_to_the_ceiling(self, ready: Importer) -> None:
        """`max_concurrency` is a promise: so many calls at a time all succeed."""
        count = self.capabilities.max_concurrency
        if count == 1:
            pytest.skip("max_concurrency is 1")
        items = [
            post_item(n, blobs=(known_blob("1.mp4", bytes([n]) * 10_000),))
            for n in range(count * 8)
        ]
        barrier = threading.Barrier(count)

        def put(index: int) -> Receipt:
            if index < count:
                barrier.wait(30)
            return ready.import_item(items[index])

        with ThreadPoolExecutor(count) as pool:
            receipts = list(pool.map(put, range(len(items))))
        assert len({receipt.location for receipt in receipts}) == len(items)

    # --- optional protocols --------------------------------------------------------------

    def test_finds_what_it_holds(self, ready: Importer) -> None:
        """`find_item` finds what was imported, and nothing else, and changes nothing."""
        if not isinstance(ready, Finds):
            pytest.skip("the importer has no find_item()")
        for item in self.taken(sample_items()):
            assert ready.find_item(item) is None
            stored = self.put(ready, item)
            if stored is None:
                continue
            before = self.content()
            found = ready.find_item(item)
            assert found is not None
            assert (found.location, found.data) == (stored.location, stored.data)
            assert self.content() == before

    def test_update_keeps_what_is_absent_now(self, ready: Importer) -> None:
        """An update brings new values and takes nothing away, and may be repeated."""
        if not isinstance(ready, Updates):
            pytest.skip("the importer has no update_item()")
        blob = known_blob("1.mp4", b"video")
        old = post_item(8, caption="Before", blobs=(blob,))
        previous = ready.import_item(old)
        new = Item(old.id, old.kind, {**old.record, "caption": "After"}, ())
        receipt = ready.update_item(new, previous)
        assert receipt.item_id == old.id
        content = self.content()
        again = ready.update_item(new, previous)
        assert again.data == receipt.data
        assert self.content() == content

    def test_finish_may_run_again(self, ready: Importer) -> None:
        """Finishing twice with the same receipts changes nothing the second time."""
        if not isinstance(ready, Finishes):
            pytest.skip("the importer has no finish()")
        items = self.taken(sample_items())
        receipts = [receipt for item in items if (receipt := self.put(ready, item))]
        receipts.sort(key=lambda receipt: receipt.item_id)
        ready.finish(iter(receipts))
        before = self.content()
        ready.finish(iter(receipts))
        assert self.content() == before

    def test_close_lets_go(self, ready: Importer) -> None:
        """After `close` another importer may write there."""
        if not isinstance(ready, Closes):
            pytest.skip("the importer has no close()")
        self.put(ready, post_item(9))
        ready.close()
