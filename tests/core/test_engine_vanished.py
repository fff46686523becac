"""What vanished at the source is reported and stays; what was trimmed is not taken for it."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from decamp.engine.vanished import SeenPosts
from decamp.model import Collection, Page, RowBatch
from decamp.tables import in_groups
from decamp.testing.samples import post_item
from engine_harness import Bench

EXPORTED = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def posts(*seconds: int) -> Page:
    return Page(tuple(post_item(second) for second in seconds))


def talk(name: str, *times: str) -> Page:
    rows = [{"time": f"{time}T00:00:00Z", "side": "them", "text": f"hi {time}"} for time in times]
    return Page(rows=(RowBatch(Collection("message", name, {"conversation": name}), rows, name),))


def vanished(bench: Bench, *pages: Page, as_of: datetime | None = EXPORTED) -> list[str]:
    before = set(bench.importer.store)
    receipt = bench.run(*pages, as_of=as_of)
    assert receipt["exit_code"] == 0
    assert receipt["verdict"]["complete"]
    assert before <= set(bench.importer.store)
    found = receipt.get("vanished", {"count": 0, "items": []})
    assert found["count"] == len(found["items"])
    told = [text for text in receipt["verdict"]["remarks"] if "no longer at the source" in text]
    assert len(told) == bool(found["items"])
    return found["items"]


def test_a_deleted_post_is_reported_each_time_and_stays(bench: Bench) -> None:
    assert vanished(bench, posts(1, 2, 3)) == []
    assert vanished(bench, posts(1, 3)) == [post_item(2).id]
    assert vanished(bench, posts(1, 3, 4)) == [post_item(2).id]
    assert vanished(bench, posts(1, 2, 3, 4)) == []


def test_the_newest_post_is_missed_by_the_date_of_the_export(bench: Bench) -> None:
    vanished(bench, posts(1, 2, 3))
    assert vanished(bench, posts(1, 2)) == [post_item(3).id]
    assert vanished(bench, posts(1), as_of=None) == []  # not known to cover more


def test_trimmed_at_the_old_end_is_not_vanished(bench: Bench) -> None:
    vanished(bench, posts(1, 2, 3))
    assert vanished(bench, posts(2, 3)) == []


def test_an_export_without_posts_says_nothing_about_them(bench: Bench) -> None:
    vanished(bench, posts(1, 2, 3), talk("alice", "2026-01-01"))
    assert vanished(bench, talk("alice", "2026-01-01")) == []


def test_an_older_export_says_nothing_about_later_posts(bench: Bench) -> None:
    vanished(bench, posts(1, 2, 3))
    assert vanished(bench, posts(1, 2), as_of=datetime(2024, 5, 1, 12, 0, 2, tzinfo=UTC)) == []


def test_a_deleted_conversation_is_reported(bench: Bench) -> None:
    vanished(bench, talk("alice", "2025-01-01", "2026-01-01"), talk("bob", "2026-02-01"))
    assert vanished(bench, talk("alice", "2025-01-01", "2026-01-01")) == ["conversation:bob"]
    assert vanished(bench, talk("alice", "2026-01-01"), talk("cy", "2026-05-01")) == [
        "conversation:bob"
    ]


def test_a_conversation_from_a_trimmed_year_is_not(bench: Bench) -> None:
    vanished(bench, talk("alice", "2026-01-01", "2026-03-01"), talk("bob", "2026-02-01"))
    assert vanished(bench, talk("alice", "2026-03-01")) == []  # 2026 itself was trimmed
    vanished(bench, talk("old", "2020-01-01"))
    assert vanished(bench, talk("alice", "2026-03-01")) == []


def test_a_renamed_conversation_is_not(bench: Bench) -> None:
    vanished(bench, talk("alice", "2026-01-01"), talk("bob", "2026-02-01", "2026-02-02"))
    renamed = [
        {"time": f"2026-02-0{day}T00:00:00Z", "side": "them", "text": f"hi 2026-02-0{day}"}
        for day in (1, 2)
    ]
    page = Page(
        rows=(RowBatch(Collection("message", "robert", {"conversation": "robert"}), renamed, "r"),)
    )
    assert vanished(bench, talk("alice", "2026-01-01"), page) == []


def test_what_is_not_asked_for_is_still_seen(bench: Bench) -> None:
    from decamp.engine import Selection

    bench.run(posts(1, 2, 3), as_of=EXPORTED)
    receipt = bench.run(posts(1, 2, 3, 4), as_of=EXPORTED, selection=Selection(limit=1))
    assert "vanished" not in receipt


def test_very_many_posts_take_little_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        ids = [f"post:{2000 + n}-01-01T00:00:00Z" for n in range(count)]
        seen = SeenPosts(tmp_path)
        tracemalloc.start()
        try:
            for some in in_groups(ids, 200):
                seen.add(some)
            assert (seen.since, seen.until) == (ids[0][5:], ids[-1][5:])
            assert list(seen.lacking([*ids, "post:undated:0"])) == ["post:undated:0"]
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            seen.close()

    few, many = peak(2_000), peak(8_000)
    assert many - few < 6_000 * 20
