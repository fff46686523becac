"""A plan and a transfer say the same of media that are here already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from decamp.events import Notice
from decamp.model import Blob, Item, Link, Page, Preview
from decamp.testing import MemoryImporter
from decamp.testing.samples import post_item
from engine_harness import Bench, idempotent

OLD = datetime.now(UTC) - timedelta(days=2)
VIDEO = b"a video"


def linked(second: int, *names: str) -> Item:
    """Make a post whose links have expired."""
    blobs = tuple(Blob(name, "video/mp4", link=Link("https://cdn/x", OLD)) for name in names)
    return post_item(second).evolve(blobs=blobs)


def both(bench: Bench, *items: Item) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what a plan and then a transfer say of media."""
    plan = bench.run(Page(items), dry_run=True)
    assert not bench.fetched
    return plan["media"], bench.run(Page(items))["media"]


def warnings(bench: Bench) -> list[str]:
    told = [event.text for event in bench.events if isinstance(event, Notice)]
    return [text for text in told if "Links to your media" in text]


def test_what_is_here_is_counted_apart_from_links(tmp_path: Path) -> None:
    bench = Bench(tmp_path, here={"1.mp4": VIDEO}, missing={"2.mp4"})
    planned, done = both(bench, linked(1, "1.mp4", "2.mp4"), linked(2, "1.mp4"))
    assert planned == {"links": 1, "expired": 1, "here": 2, "bytes": 2 * len(VIDEO)}
    assert (done["stored"], done["bytes"]) == (2, 2 * len(VIDEO))
    assert [one["name"] for one in done["missing"]] == ["2.mp4"]
    assert bench.fetched == ["2.mp4"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_nobody_is_warned_of_links_to_what_is_here(tmp_path: Path, dry_run: bool) -> None:
    bench = Bench(tmp_path, here={"1.mp4": VIDEO})
    bench.run(Page((linked(1, "1.mp4"),)), dry_run=dry_run)
    assert not warnings(bench)
    bench.run(Page((linked(2, "2.mp4"),)), dry_run=dry_run)
    assert len(warnings(bench)) == 1


def test_what_was_missing_and_is_here_now_would_come(tmp_path: Path) -> None:
    bench = Bench(tmp_path, missing={"1.mp4", "2.mp4"})
    bench.run(Page((linked(1, "1.mp4", "2.mp4"),)))
    bench.fetched, bench.here = [], {"1.mp4": VIDEO}
    planned, done = both(bench, linked(1, "1.mp4", "2.mp4"))
    assert planned == {"links": 1, "expired": 1, "here": 1, "bytes": len(VIDEO)}
    assert (done["stored"], done["bytes"]) == (1, len(VIDEO))
    bench.fetched = []
    planned, done = both(bench, linked(1, "1.mp4", "2.mp4"))
    assert (planned["here"], done["stored"]) == (0, 0)


def test_files_that_the_source_itself_has_are_here(tmp_path: Path) -> None:
    own = post_item(1).evolve(blobs=(Blob.from_bytes("1.mp4", "video/mp4", VIDEO),))
    planned, done = both(Bench(tmp_path), own)
    assert (planned["here"], planned["bytes"]) == (done["stored"], done["bytes"]) == (1, 7)


def test_what_the_destination_does_not_take_is_not_counted(tmp_path: Path) -> None:
    importer = MemoryImporter(capabilities=idempotent(max_blob_bytes=len(VIDEO)))
    bench = Bench(tmp_path, importer, here={"1.mp4": VIDEO, "2.mp4": VIDEO + b"!"})
    planned, done = both(bench, linked(1, "1.mp4", "2.mp4"))
    assert (planned["here"], planned["bytes"]) == (done["stored"], done["bytes"]) == (1, 7)


@define(slots=False)
class Strict(MemoryImporter):
    """A destination that takes no post of an unknown size, and says so before."""

    def preview(self, item: Item) -> Preview:
        known = all(blob.size is not None for blob in item.blobs)
        return Preview(held="" if known else "it is held back")


def test_a_preview_is_made_of_what_is_here(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Strict(), here={"1.mp4": VIDEO})
    plan = bench.run(Page((linked(1, "1.mp4"), linked(2, "1.mp4", "2.mp4"))), dry_run=True)
    assert [one["item"] for one in plan["problems"]] == [linked(2).id]
    assert (plan["media"]["here"], plan["counts"]["post"]["held"]) == (1, 1)
