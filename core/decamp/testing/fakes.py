"""Working stand-ins: an exporter that plays a script, an importer that keeps all in memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field, frozen

from decamp.errors import Conflict, TransferError
from decamp.model import Account, Destination, Item, Origin, Page, Receipt
from decamp.spec import Context, ImporterCapabilities

__all__ = ["MemoryImporter", "NoConfig", "ScriptedExporter", "fake_context"]

C = TypeVar("C")


@frozen
class NoConfig:
    """Settings of a plugin that has none."""


def fake_context(config: C, scratch: Path) -> Context[C]:
    """Make a context without a host. Its clock stands still."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Context(config, logging.getLogger("decamp.fake"), lambda: moment, scratch)


@define
class ScriptedExporter:
    """Yields what it was given; an exception in the script is raised once, in its place."""

    script: Sequence[Page | TransferError]
    whose: Account = field(factory=lambda: Account(names=("ada.example",)))
    exported: datetime | None = None
    copy: str = ""
    """The fingerprint; by default it follows from the script."""
    _raised: set[int] = field(factory=set, init=False)

    def export_pages(self, cursor: str | None) -> Iterator[Page]:
        """Play the script from the page after the cursor, which is a page's number."""
        for number, entry in enumerate(self.script):
            if cursor is not None and number <= int(cursor):
                continue
            if isinstance(entry, TransferError):
                if number not in self._raised:
                    self._raised.add(number)
                    raise entry
                continue
            yield Page(entry.items, entry.rows, cursor=str(number), progress=entry.progress)

    def account(self) -> Account:
        """Tell whose data it is."""
        return self.whose

    def as_of(self) -> datetime | None:
        """Tell when it was exported."""
        return self.exported

    def fingerprint(self) -> str:
        """Tell which copy this is."""
        return self.copy or str(id(self.script))


@define
class MemoryImporter:
    """Keeps items in a dict, and everything that was asked of it in a list."""

    capabilities: ImporterCapabilities = field(
        factory=lambda: ImporterCapabilities(delivery="idempotent")
    )
    store: dict[str, dict[str, Any]] = field(factory=dict)
    calls: list[tuple[str, str]] = field(factory=list)
    before: Callable[[str, Item], None] = field(default=lambda call, item: None)
    """Called before each effect; may raise."""
    after: Callable[[str, Item], None] = field(default=lambda call, item: None)
    """Called after each effect; may raise, as when an answer is lost."""
    held_for: Origin | None = None
    finished: list[tuple[str, ...]] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def check(self) -> Destination:
        """Always works."""
        return Destination("memory", "memory", self.held_for)

    def begin(self, origin: Origin, token: str) -> ImporterCapabilities:
        """Remember whose data it is."""
        self.held_for = origin
        return self.capabilities

    def import_item(self, item: Item) -> Receipt:
        """Keep an item; the same again makes no second copy."""
        return self._put("import", item)

    def update_item(self, item: Item, previous: Receipt) -> Receipt:
        """Merge an item into what is there."""
        held = self.store[item.id]
        record = {**held["record"], **item.record}
        blobs = dict(held["blobs"])
        merged = self._put("update", item, replace=True)
        self.store[item.id] = {"record": record, "blobs": blobs | self.store[item.id]["blobs"]}
        return merged

    def find_item(self, item: Item) -> Receipt | None:
        """Look for exactly this item."""
        held = self.store.get(item.id)
        if held is None:
            return None
        if held["record"] != dict(item.record):
            raise Conflict("another record is in its place")
        return Receipt(item.id, f"memory:{item.id}", existed=True)

    def finish(self, receipts: Iterable[Receipt]) -> None:
        """Remember what was receipted."""
        self.finished.append(tuple(receipt.item_id for receipt in receipts))

    def _put(self, call: str, item: Item, *, replace: bool = False) -> Receipt:
        content = {"record": dict(item.record), "blobs": _read(item)}
        with self._lock:
            self.calls.append((call, item.id))
            self.before(call, item)
            held = self.store.get(item.id)
            if held is not None and not replace and held != content:
                raise Conflict("another item is in its place")
            self.store[item.id] = content
            self.after(call, item)
        return Receipt(item.id, f"memory:{item.id}", existed=held is not None)


def _read(item: Item) -> dict[str, bytes]:
    content = {}
    for blob in item.blobs:
        with blob.open() as body:
            content[blob.name] = body.read()
    return content
