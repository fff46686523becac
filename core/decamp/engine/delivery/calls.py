"""The calls that worker threads make: fetch what a link names, and hand items to the importer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from attrs import field, frozen

from decamp.engine.blame import blamed
from decamp.engine.delivery.sending import Senders
from decamp.engine.work import Work, digested, is_here
from decamp.engine.workers import attempt
from decamp.errors import ItemError, PluginError
from decamp.model import Blob, Item, Missing, Preview, Receipt
from decamp.sending import Meter
from decamp.spec import Batches, Fills, Importer, Previews, Updates

__all__ = ["Calls", "Fetch", "NotBegun"]

Fetch = Callable[[Blob, Item], "Blob | Missing"]
"""Turns a linked blob into a readable one, or says why it cannot be had."""


class NotBegun(Exception):
    """The run was asked to stop before this was sent."""


@frozen
class Calls:
    """Calls of one run. Of what changes they share the senders alone."""

    importer: Importer
    plugin: str
    fetch: Fetch
    max_blob_bytes: int | None
    stop: threading.Event
    stopping: Callable[[], bool]
    waits: Callable[[float, str], None]
    """Told, in the thread of the call, of each pause before it is made again."""
    senders: Senders
    previews: Previews | None = field(init=False)
    """The importer, if it tells what becomes of an item; found out once, not for each item."""

    @previews.default
    def _find_previews(self) -> Previews | None:
        return self.importer if isinstance(self.importer, Previews) else None

    def gather(self, work: Work) -> dict[str, Blob | Missing]:
        """Make the blobs of an item readable, each by its name."""
        return {blob.name: self._gather_one(work.item, blob) for blob in work.item.blobs}

    def _gather_one(self, item: Item, blob: Blob) -> Blob | Missing:
        if not is_here(blob) and self.stopping():
            raise ItemError("stopped before its media were fetched")
        try:
            found = self.fetch(blob, item) if blob.link is not None else digested(blob)
        except ItemError as error:
            return Missing(blob.name, error.code, error.message)
        limit = self.max_blob_bytes
        if isinstance(found, Blob) and limit is not None and (found.size or 0) > limit:
            reason = f"{found.size} bytes; this destination takes at most {limit}."
            return Missing(blob.name, "too-large", reason)
        return found

    def one(self, work: Work) -> Sequence[Receipt | Exception]:
        """Have one item imported; raises `NotBegun`, as `many` does."""
        self._begin()
        with self.senders.meter(work) as meter:
            if meter is None:
                call = partial(self._bring, work, work.item)
            else:
                call = partial(self._bring_counted, work, meter)
            receipt = attempt(call, self.stop, rests=True, waits=self.waits)
        return [self._checked(work, receipt)]

    def _bring_counted(self, work: Work, meter: Meter) -> Receipt:
        with meter.attempt():
            return self._bring(work, meter.counted(work.item))

    def _bring(self, work: Work, item: Item) -> Receipt:
        if work.action == "send":
            return self.importer.import_item(item)
        assert work.previous is not None and work.previous.receipt is not None
        if work.action == "fill":
            assert isinstance(self.importer, Fills)
            return self.importer.fill_item(item, work.previous.receipt)
        assert isinstance(self.importer, Updates)
        return self.importer.update_item(item, work.previous.receipt)

    def many(self, works: Sequence[Work]) -> Sequence[Receipt | Exception]:
        """Have several new items imported together."""
        self._begin()
        importer = self.importer
        assert isinstance(importer, Batches)
        items = [work.item for work in works]
        results = attempt(
            lambda: importer.import_batch(items), self.stop, rests=True, waits=self.waits
        )
        if len(results) != len(works):
            raise PluginError(
                f"{self.plugin} gave {len(results)} answers for {len(works)} items.",
                plugin=self.plugin,
            )
        return [
            result if isinstance(result, Exception) else self._checked(work, result)
            for work, result in zip(works, results, strict=True)
        ]

    def preview(self, work: Work) -> Preview:
        """Have it told what becomes of an item, once; called in the engine's thread."""
        if work.preview is None:
            work.preview = Preview()
            if self.previews is not None:
                with blamed(self.plugin):
                    work.preview = self.previews.preview(work.item)
        return work.preview

    def _begin(self) -> None:
        if self.stop.is_set():
            raise NotBegun

    def _checked(self, work: Work, receipt: Receipt) -> Receipt:
        if not isinstance(receipt, Receipt) or receipt.item_id != work.item.id:
            raise PluginError(
                f"{self.plugin} answered {work.item.kind} {work.item.id} with something "
                "that is not its receipt.",
                plugin=self.plugin,
            )
        return receipt
