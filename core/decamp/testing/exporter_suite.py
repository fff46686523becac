"""What every exporter has to keep, as tests that a plugin author inherits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from decamp.model import Item, RowBatch
from decamp.rows import collection_id
from decamp.spec import Exporter, Identifies, Inspects
from decamp.validation import has_schema, require_valid, rows_check, validator

__all__ = ["ExporterSuite"]


class ExporterSuite:
    """Subclass it, and give the fixture `exporter`: one on a source that holds something."""

    kinds: frozenset[str] | None = None
    """What the spec declares, if that is to be checked."""

    @pytest.fixture
    def exporter(self) -> Exporter:
        """Give an exporter on a source that holds something."""
        # Only a subclass can give it; its author reads this where it was forgotten.
        raise NotImplementedError("give the fixture 'exporter'")

    @staticmethod
    def read(exporter: Exporter, cursor: str | None = None) -> tuple[list[Item], list[RowBatch]]:
        """Read everything from a cursor on."""
        items: list[Item] = []
        rows: list[RowBatch] = []
        for page in exporter.export_pages(cursor):
            items += page.items
            rows += page.rows
        return items, rows

    def test_brings_something(self, exporter: Exporter) -> None:
        """The source of the fixture is not empty."""
        items, rows = self.read(exporter)
        assert items or rows

    def test_records_are_valid(self, exporter: Exporter) -> None:
        """Every record and row validates against the schema of its kind."""
        items, batches = self.read(exporter)
        for item in items:
            if has_schema(item.kind):
                assert validator(item.kind).problems(item.record) == [], item.id
        for batch in batches:
            assert rows_check(batch.collection.kind)(batch.rows), batch.path

    def test_kinds_are_declared(self, exporter: Exporter) -> None:
        """Nothing comes that the spec does not declare."""
        if self.kinds is None:
            pytest.skip("kinds is not given")
        items, batches = self.read(exporter)
        came = {item.kind for item in items} | {batch.collection.kind for batch in batches}
        assert came <= self.kinds

    def test_ids_are_unique_or_matched(self, exporter: Exporter) -> None:
        """Items that share an id say what tells them apart, and come in one page."""
        for page in exporter.export_pages(None):
            counts = Counter(item.id for item in page.items)
            for item in page.items:
                assert counts[item.id] == 1 or item.match, item.id

    def test_same_in_every_run(self, exporter: Exporter) -> None:
        """Reading twice gives the same ids, records and rows, in the same order."""
        assert _comparable(*self.read(exporter)) == _comparable(*self.read(exporter))

    def test_cursors_resume_without_a_gap(self, exporter: Exporter) -> None:
        """Starting from any cursor brings at least everything after it."""
        pages = list(exporter.export_pages(None))
        for number, page in enumerate(pages):
            if page.cursor is None:
                continue
            after = [item.id for later in pages[number + 1 :] for item in later.items]
            again, _ = self.read(exporter, page.cursor)
            assert Counter(after) <= Counter(item.id for item in again)

    def test_blobs_open_twice(self, exporter: Exporter) -> None:
        """Bytes that the exporter holds can be read from the first one, every time."""
        items, _ = self.read(exporter)
        for blob in (blob for item in items for blob in item.blobs if blob.link is None):
            with blob.open() as first, blob.open() as second:
                assert first.read() == second.read()

    def test_blob_names_are_unique_and_plain(self, exporter: Exporter) -> None:
        """A blob's name is a plain file name, once per item."""
        items, _ = self.read(exporter)
        for item in items:
            names = [blob.name.casefold() for blob in item.blobs]
            assert len(set(names)) == len(names), item.id
            assert not any(set(name) & set('/\\:*?"<>|') for name in names), item.id

    def test_progress_grows(self, exporter: Exporter) -> None:
        """Progress lies between 0 and 1 and does not go back."""
        steps = [p.progress for p in exporter.export_pages(None) if p.progress is not None]
        assert all(0 <= step <= 1 for step in steps)
        assert steps == sorted(steps)

    def test_account_and_fingerprint_are_stable(self, exporter: Exporter) -> None:
        """Whose data it is does not depend on whether it was read already."""
        if not isinstance(exporter, Identifies):
            pytest.skip("the exporter has no account()")
        before = (exporter.account(), exporter.fingerprint())
        self.read(exporter)
        assert (exporter.account(), exporter.fingerprint()) == before

    def test_inspection_is_valid(self, exporter: Exporter) -> None:
        """The description validates, and the skeleton holds no value of the source."""
        if not isinstance(exporter, Inspects):
            pytest.skip("the exporter has no inspect()")
        require_valid("inspection", exporter.inspect())
        texts = set(_texts([item.record for item in self.read(exporter)[0]]))
        private = {text for text in texts if len(text) > 12 and " " in text}
        shown = set(_texts(exporter.skeleton()))
        assert not private & shown


def _comparable(items: list[Item], batches: list[RowBatch]) -> tuple[Any, ...]:
    rows: dict[tuple[str, str], list[Any]] = {}
    for batch in batches:
        rows.setdefault((collection_id(batch.collection), batch.path), []).extend(batch.rows)
    return ([(item.id, item.kind, item.record) for item in items], rows)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []
