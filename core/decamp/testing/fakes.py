"""Working stand-ins: an exporter that plays a script, an importer that keeps all in memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field, frozen

from decamp.errors import ConfigError, Conflict, SourceUnreadable, TransferError
from decamp.filesystems import write_new
from decamp.model import Account, Destination, Item, Origin, Page, Receipt
from decamp.spec import Context, ImporterCapabilities, RequestStatus

__all__ = ["MemoryImporter", "NoConfig", "ScriptedExporter", "ScriptedRequests", "fake_context"]

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


@define(slots=False)
class ScriptedRequests(ScriptedExporter):
    """A `ScriptedExporter` whose service makes copies: it keeps what it was asked, and when.

    Each request plays the script of the next copy; the last one is played again.
    """

    copies: Sequence[Sequence[Page | TransferError]] = ()
    """What each copy holds, in place of `script`."""
    states: list[RequestStatus | TransferError] = field(factory=list)
    """What `status` answers, one after the other; ready once they are used up."""
    repeats: bool = True
    """What `repeatable` says."""
    calls: list[tuple[str, str]] = field(factory=list)
    before: Callable[[str], None] = field(default=lambda call: None)
    """Called before each call has an effect; may raise."""
    after: Callable[[str], None] = field(default=lambda call: None)
    """Called after each call had its effect; may raise, as when an answer is lost."""
    taken: list[str] = field(factory=list)
    """Ids of all requests that the service has taken."""
    cancelled: set[str] = field(factory=set)
    reading: Path | None = None

    def export_pages(self, cursor: str | None) -> Iterator[Page]:
        """Play the copy that is read."""
        if self.reading is None:
            raise ConfigError("There is no copy here yet.")
        return super().export_pages(cursor)

    def repeatable(self) -> bool:
        """Tell what the script says."""
        return self.repeats

    def request(self) -> str:
        """Take a request."""
        with self._call("request", ""):
            self.taken.append(f"{len(self.taken) + 1}")
            return self.taken[-1]

    def status(self, request: str) -> RequestStatus:
        """Give the next state of the script."""
        with self._call("status", request):
            if request in self.cancelled:
                return RequestStatus("cancelled")
            state = self.states.pop(0) if self.states else RequestStatus("ready")
            if isinstance(state, TransferError):
                raise state
            return state

    def download(self, request: str, file: Path) -> None:
        """Write the number of the copy."""
        with self._call("download", request):
            write_new(file, request.encode())

    def cancel(self, request: str) -> None:
        """Cancel a request."""
        with self._call("cancel", request):
            self.cancelled.add(request)

    def use(self, file: Path) -> None:
        """Play the copy of this number from now on."""
        number = int(file.read_text(encoding="ascii"))
        self.reading = file
        if self.copies:
            self.script = self.copies[min(number, len(self.copies)) - 1]
        self.copy = f"copy {number}"

    @contextmanager
    def _call(self, call: str, request: str) -> Iterator[None]:
        self.calls.append((call, request))
        self.before(call)
        if request and request not in self.taken:
            raise SourceUnreadable("The service does not know this request.")
        yield
        self.after(call)
