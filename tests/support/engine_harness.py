"""Runs the engine over a scripted source and a destination in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import define, field

from decamp.auth import Grant
from decamp.engine import Engine, Job, Selection, Settings
from decamp.engine.clock import now, pause
from decamp.engine.judging.audience import PUBLIC
from decamp.engine.work import digested
from decamp.errors import TransferError
from decamp.events import Event
from decamp.journal import Journal
from decamp.model import Account, Blob, Collection, Item, Missing, Page, RowBatch
from decamp.spec import Exporter, ExporterSpec, ImporterCapabilities, ImporterSpec
from decamp.testing import MemoryImporter, ScriptedExporter
from decamp.testing.fakes import NoConfig

WATCHED = Collection("event", "watched", {"verb": "watched"})


def watched(*numbers: int, path: str = "Activity/Watch", month: str = "2024-01") -> RowBatch:
    """Make rows of watch history; a number is a second of the month."""
    rows = [
        {
            "time": f"{month}-01T00:{n // 60 % 60:02d}:{n % 60:02d}Z",
            "object": f"https://example.com/{n}",
        }
        for n in numbers
    ]
    return RowBatch(WATCHED, rows, path)


def row_numbers(importer: MemoryImporter) -> list[int]:
    """List the rows that arrived, by their numbers."""
    found = []
    for entry in importer.store.values():
        for line in entry["blobs"].get("rows.jsonl", b"").splitlines():
            found.append(int(line.rpartition(b"/")[2].rstrip(b'"}')))
    return sorted(found)


@define(slots=False)
class Bench:
    """A journal and a destination that last over several runs."""

    folder: Path
    importer: MemoryImporter = field(factory=MemoryImporter)
    events: list[Event] = field(factory=list)
    stop: threading.Event = field(factory=threading.Event)
    fetched: list[str] = field(factory=list)
    missing: set[str] = field(factory=set)
    """Names of blobs that cannot be had."""
    here: dict[str, bytes] = field(factory=dict)
    """What a person has already, by the name of the blob."""
    runs: int = 0
    now: Callable[[], datetime] = now
    lock: Callable[[str], AbstractContextManager[None]] = nullcontext
    pause: Callable[[float, threading.Event], None] = pause
    release: Callable[[Item], None] = lambda item: None
    writes: Callable[[], object] = lambda: None
    answer: bool | None = None
    """What a person says to a question; None if nobody is there."""

    @property
    def path(self) -> Path:
        return self.folder / "journal.db"

    def journal(self) -> Journal:
        return Journal.open(self.path)

    def run(
        self,
        *script: Page | TransferError,
        whose: tuple[str, ...] = ("ada.example",),
        account: str | None = None,
        copy: str = "",
        as_of: datetime | None = None,
        selection: Selection | None = None,
        dry_run: bool = False,
        wait: bool = True,
        mapping: int = 1,
        patience: float = 30.0,
        exporter: Exporter | None = None,
        former: Callable[[Item, int], Item | None] | None = None,
        refresh: bool = False,
        grant: Grant | None = None,
        audiences: frozenset[str] = PUBLIC,
    ) -> dict[str, Any]:
        self.runs += 1
        scratch = self.folder / f"scratch-{self.runs}"
        scratch.mkdir()
        exporter = exporter or ScriptedExporter(
            script, Account(names=whose), as_of, copy or f"copy-{self.runs}"
        )
        journal = Journal.open_copy(self.path, scratch) if dry_run else self.journal()
        try:
            return Engine(
                Job(
                    id=f"run-{self.runs:04d}",
                    command="transfer",
                    exporter_spec=ExporterSpec(
                        name="scripted",
                        title="Scripted",
                        config=NoConfig,
                        create=lambda context: exporter,
                        kinds=frozenset({"post", "event"}),
                        mapping_version=mapping,
                        former=former,
                    ),
                    exporter=exporter,
                    importer_spec=ImporterSpec(
                        name="memory",
                        title="Memory",
                        config=NoConfig,
                        create=lambda context: self.importer,
                        capabilities=self.importer.capabilities,
                    ),
                    importer=self.importer,
                    source="scripted:",
                    selection=selection or Selection(),
                    account=account,
                    dry_run=dry_run,
                    refresh=refresh,
                    grant=grant,
                    audiences=audiences,
                ),
                Settings(
                    journal=journal,
                    scratch=scratch,
                    copies=self.folder / "copies",
                    fetch=self.fetch,
                    release=self.release,
                    look=self.look,
                    lock=self.lock,
                    emit=self.events.append,
                    stop=self.stop,
                    writes=self.writes,
                    wait=wait,
                    patience=patience,
                    ask=lambda question: self.answer,
                    now=self.now,
                    pause=self.pause,
                ),
            ).run()
        finally:
            journal.close()

    def look(self, blob: Blob, item: Item) -> Blob | None:
        data = self.here.get(blob.name)
        return Blob.from_bytes(blob.name, blob.media_type, data) if data is not None else None

    def fetch(self, blob: Blob, item: Item) -> Blob | Missing:
        found = self.look(blob, item)
        if found is not None:
            return digested(found)
        self.fetched.append(blob.name)
        if blob.name in self.missing:
            return Missing(blob.name, "expired", "The link has expired.")
        data = f"bytes of {item.id} {blob.name}".encode()
        return digested(Blob.from_bytes(blob.name, blob.media_type, data))


def idempotent(**changes: Any) -> ImporterCapabilities:
    return ImporterCapabilities(delivery="idempotent", **changes)
