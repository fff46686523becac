"""What finishing a bundle takes of memory does not grow with what lies in it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from bundle_disk import begun
from bundle_items import validate_bag
from decamp import Item

_YEARLY = 50


def peak_of_finishing(root: Path, posts: int) -> int:
    """The most bytes that Python has taken meanwhile; what SQLite takes has a bound of its own."""
    items = (
        Item(f"post:{1000 + n // _YEARLY}-01-01T00:00:{n % _YEARLY:02}Z", "post", {"caption": "x"})
        for n in range(posts)
    )
    with begun(root) as importer:
        receipts = [importer.import_item(item) for item in items]
        for number in range(600):  # more than are looked at together
            (root / "data" / f"{number} mine.txt").write_text("mine")
        tracemalloc.start()
        try:
            importer.finish(iter(receipts))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_a_bundle_of_many_posts_is_finished_in_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decamp.bundle.page.POSTS_ON_INDEX", _YEARLY)
    peak_of_finishing(tmp_path / "first", _YEARLY * 2)  # templates are compiled once
    few, many = (
        peak_of_finishing(tmp_path / str(posts), posts) for posts in (_YEARLY * 12, _YEARLY * 48)
    )
    assert many - few < 36 * _YEARLY * 150
    validate_bag(tmp_path / str(_YEARLY * 48))
