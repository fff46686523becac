"""Opens archives in tests the way the engine does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen

from decamp import Context, Item, RowBatch
from decamp_tiktok.archive.exporter import ArchiveExporter
from decamp_tiktok.config import Config

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@frozen
class Exported:
    """All that an exporter yielded."""

    items: list[Item] = field(factory=list)
    batches: list[RowBatch] = field(factory=list)
    pages: list[tuple[Item, ...]] = field(factory=list)

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Give the rows of one collection."""
        return [row for batch in self.batches if batch.collection.key == key for row in batch.rows]

    def kind(self, kind: str) -> list[Item]:
        """Give the items of one kind."""
        return [item for item in self.items if item.kind == kind]

    def everything(self) -> list[Any]:
        """Give all records, rows and headers."""
        records: list[Any] = [item.record for item in self.items]
        return records + [[batch.collection.header, list(batch.rows)] for batch in self.batches]


@contextmanager
def opened(path: Path, scratch: Path) -> Iterator[ArchiveExporter]:
    """Make an exporter of the archive at a path."""
    context = Context(Config(path), logging.getLogger("test"), lambda: NOW, scratch)
    exporter = ArchiveExporter(context)
    try:
        yield exporter
    finally:
        exporter.close()


def export(path: Path, scratch: Path) -> Exported:
    """Export all of the archive at a path."""
    exported = Exported()
    with opened(path, scratch) as exporter:
        for page in exporter.export_pages(None):
            assert page.cursor is None
            exported.batches.extend(page.rows)
            if page.items:
                assert not page.rows
                exported.items.extend(page.items)
                exported.pages.append(page.items)
            else:
                assert not exported.items, "rows come before items"
    return exported


def written(document: Any, folder: Path) -> Path:
    """Write a document as TikTok does, and give its path."""
    path = folder / "user_data_tiktok.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
    return path
