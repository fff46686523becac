"""The verdict of a receipt: when it says yes, when no, and what stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from decamp.engine.tally import COLUMNS
from decamp.journal import Standing
from decamp.model import Item, Missing, Page
from decamp.report.document import _where
from decamp.report.verdict import proof_of, verdict_of
from decamp.testing import MemoryImporter
from decamp.testing.samples import post_item
from engine_harness import Bench, idempotent, watched

NOW = "2026-11-23T09:16:10Z"


def standing(**changes: object) -> Standing:
    known = {
        "held": 4, "proofs": {"": (4, "")}, "doubtful": {}, "kept": {}, "unobtainable": 0,
    }  # fmt: skip
    return Standing(**known | changes)  # type: ignore[arg-type]


def judged(table: dict[str, dict[str, int]], **changes: object) -> dict[str, object]:
    return verdict_of(table, standing(**changes), ("drafts",), ended=True)


ALL_WELL = {
    "post": {"found": 5, "new": 2, "delivered": 2, "changed": 1, "updated": 1, "unchanged": 2},
    "event": {"found": 900, "new": 900, "delivered": 900},
}


def test_yes_when_every_entry_is_accounted_for() -> None:
    assert judged(ALL_WELL) == {
        "complete": True, "reasons": [], "remarks": [], "never_exported": ["drafts"],
    }  # fmt: skip
    assert judged({})["complete"]


WELL = ("found", "new", "changed", "unchanged", "delivered", "updated")


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in WELL])
def test_every_other_column_speaks_against_it(column: str) -> None:
    """A column that the engine learns and the verdict does not know would fail here."""
    columns = {"found": 1, "new": 1, "delivered": 1, column: 1}
    if column == "left_out":  # always a part of those
        columns["not_asked"] = 1
    verdict = judged({"post": columns})
    assert not verdict["complete"]
    [reason] = verdict["reasons"]  # type: ignore[misc]
    assert reason.startswith("1 item ")


def test_one_and_many_read_right() -> None:
    assert judged({"post": {"found": 1, "held": 1}})["reasons"] == [
        "1 item was held back, because its media could not be had"
    ]
    assert judged({"post": {"found": 1200, "held": 1200}})["reasons"] == [
        "1,200 items were held back, because their media could not be had"
    ]


def test_no_when_the_run_did_not_end_or_the_journal_cannot_tell() -> None:
    assert verdict_of(ALL_WELL, standing(), (), ended=False)["reasons"] == [
        "the run did not reach its end"
    ]
    assert verdict_of(ALL_WELL, None, (), ended=True)["reasons"] == [
        "decamp could not read its own memory when the run ended"
    ]


@pytest.mark.parametrize(
    "columns", [{"found": 3, "new": 2, "delivered": 2}, {"found": 3, "new": 3, "delivered": 1}]
)
def test_no_when_something_was_found_and_nothing_is_said_of_it(columns: dict[str, int]) -> None:
    [reason] = judged({"post": columns})["reasons"]  # type: ignore[misc]
    assert "not accounted for" in reason


def test_no_when_names_are_there_as_aliases() -> None:
    for table, complete in ((ALL_WELL, False), ({"post": ALL_WELL["post"]}, True)):
        verdict = verdict_of(table, standing(), (), people="alias", ended=True)
        assert verdict["complete"] is complete
    assert "as you asked" in verdict_of(ALL_WELL, standing(), (), people="alias", ended=True)[
        "reasons"
    ][0]  # fmt: skip
    assert verdict_of(ALL_WELL, standing(), (), people="drop", ended=True)["complete"]


def test_what_is_left_out_for_others_is_told_once() -> None:
    table = {"event": {"found": 9, "not_asked": 5, "left_out": 3, "new": 4, "delivered": 4}}
    assert judged(table)["reasons"] == [
        "2 items had not been asked for",
        "3 items had, or may have had, other people's data, which you asked to leave out",
    ]
    assert proof_of(table, standing(), NOW, NOW, whole=True)["written"] == 4


def test_what_nobody_could_have_had_is_no_reason_and_not_passed_over() -> None:
    verdict = judged(ALL_WELL, unobtainable=2)
    assert verdict["complete"]
    assert verdict["remarks"] == [
        "2 files could not be had by anyone: their links had expired before the export was made"
    ]


def test_the_proof_counts_only_what_is_there() -> None:
    table = {
        "post": {
            "found": 9,
            "new": 4,
            "delivered": 3,
            "failed": 1,
            "unchanged": 5,
            "incomplete": 1,
        },
        "event": {"found": 10, "new": 8, "delivered": 8, "rejected": 2},
        "section": {"found": 3, "new": 3, "delivered": 3, "rejected": 1},
    }
    proofs = {"": (1, ""), "size": (2, NOW), "digest": (4, "2026-11-24T00:00:00Z")}
    proof = proof_of(table, standing(held=7, proofs=proofs), NOW, None, whole=True)
    assert (proof["written"], proof["before"], proof["held"]) == (3 + 8 + 3, 4, 7)
    assert proof["read_back"] == [
        {"depth": "digest", "items": 4, "since": "2026-11-24T00:00:00Z"},
        {"depth": "size", "items": 2, "since": NOW},
    ]
    assert "after it was written, or last read back" in proof["not_covered"][0]
    proof = proof_of({"post": {"found": 1, "delivered": 1}}, standing(), NOW, NOW, whole=True)
    assert proof["not_covered"][0] == f"what became of the copy after {NOW}"


def test_what_a_stopped_run_had_not_reached_is_not_said_to_be_there() -> None:
    table = {
        "post": {"found": 9, "new": 6, "delivered": 2, "unchanged": 3, "held": 1},
        "event": {"found": 100, "new": 100, "delivered": 0},
    }
    proof = proof_of(table, standing(), NOW, NOW, whole=False)
    assert (proof["written"], proof["before"]) == (2, 3)


# --- whole runs -----------------------------------------------------------------------------


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, MemoryImporter(idempotent()))


def test_rows_that_were_kept_raw_are_there_and_the_exit_code_stays(bench: Bench) -> None:
    """They arrive as a section, with every value that they had; nothing of them is lost."""
    batch = watched(1, 2)
    batch.rows[0]["time"] = "yesterday"
    receipt = bench.run(Page(rows=(batch,)))

    assert receipt["verdict"]["complete"]
    assert receipt["verdict"]["remarks"] == [
        "1 item did not fit its schema and is there as it came, among the other sections"
    ]
    assert (receipt["state"], receipt["exit_code"]) == ("partial", 3)
    assert any("yesterday" in str(entry) for entry in bench.importer.store.values())


def test_rows_that_were_kept_raw_and_did_not_arrive_are_missing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MemoryImporter(idempotent(kinds=frozenset({"event"}))))
    batch = watched(1, 2)
    batch.rows[0]["time"] = "yesterday"
    receipt = bench.run(Page(rows=(batch,)))
    assert receipt["verdict"]["reasons"] == ["1 item is not taken by this destination"]


def test_a_post_that_was_kept_raw_may_have_had_files(bench: Bench) -> None:
    receipt = bench.run(Page((Item("post:x", "post", {"type": "no such type"}),)))
    assert receipt["verdict"]["reasons"] == [
        "1 item could not be read and is there as it came, without any files that it may name"
    ]
    assert receipt["exit_code"] == 3


def test_the_very_same_export_is_not_judged_better_than_before(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MemoryImporter(idempotent(kinds=frozenset({"post"}))))
    pages = (Page((post_item(1),), rows=(watched(1, 2),)),)
    first = bench.run(*pages, copy="the same")
    again = bench.run(*pages, copy="the same")

    assert first["state"] == again["state"] == "done"
    for receipt in (first, again):
        assert receipt["verdict"]["reasons"] == ["2 items are not taken by this destination"]


def test_the_very_same_export_keeps_its_remarks(bench: Bench) -> None:
    missing = (Missing("1.mp4", "dead-on-arrival", "Expired before."),)
    page = Page((post_item(1).evolve(missing=missing),))
    receipts = [bench.run(page, copy=name) for name in ("one", "one", "two")]

    assert [receipt["verdict"]["complete"] for receipt in receipts] == [True, True, True]
    assert {tuple(receipt["verdict"]["remarks"]) for receipt in receipts} == {
        ("1 file could not be had by anyone: its link had expired before the export was made",)
    }


def test_rows_in_doubt_stay_in_doubt_until_a_person_settles_them(tmp_path: Path) -> None:
    """They count as delivered, so that they are not sent again; that is no proof."""
    bench = Bench(tmp_path, MemoryImporter(idempotent(kinds=None)))
    page = Page(rows=(watched(1, 2, 3),))
    bench.run(page)
    journal = bench.journal()
    [route] = journal.routes("scripted", "memory", "memory")
    [segment] = [known.item_id for known in journal.items(route.id, "confirmed")]
    journal._db.execute("UPDATE items SET state = 'unknown', receipt = NULL")
    receipt = bench.run(page)
    assert receipt["counts"]["event"] == {"found": 3, "unchanged": 3, "unknown": 3}
    assert receipt["verdict"]["reasons"] == ["3 items may or may not have arrived"]
    assert receipt["exit_code"] == 3

    journal.keep(route.id, [segment])
    journal.close()
    receipt = bench.run(page)
    assert receipt["verdict"]["reasons"] == ["3 items were settled by you: what was there stayed"]
    assert receipt["exit_code"] == 0


def test_an_item_that_a_person_settled_is_not_called_delivered(bench: Bench) -> None:
    bench.run(Page((post_item(1),)))
    journal = bench.journal()
    journal._db.execute("UPDATE items SET state = 'kept', receipt = NULL")
    journal.close()
    receipt = bench.run(Page((post_item(1),)))
    assert receipt["verdict"]["reasons"] == ["1 item was settled by you: what was there stayed"]
    assert receipt["exit_code"] == 0


def test_a_receipt_says_whose_will_it_was_and_which_version_wrote_it(bench: Bench) -> None:
    receipt = bench.run(Page((post_item(1),)))
    assert receipt["consent"] == {
        "basis": "file", "named": "scripted:", "given": receipt["started"], "asked": {},
    }  # fmt: skip
    assert receipt["version"]
    assert receipt["proof"]["written"] == 1
    assert receipt["proof"]["held"] == 1


def test_a_proof_that_was_read_back_is_in_the_next_receipt(bench: Bench) -> None:
    bench.run(Page((post_item(1), post_item(2))))
    journal = bench.journal()
    [route] = journal.routes("scripted", "memory", "memory")
    ids = [known.item_id for known in journal.items(route.id, "confirmed")]
    journal.prove(route.id, [(ids[0], "digest")], NOW)
    journal.close()
    receipt = bench.run(Page((post_item(1), post_item(2))))
    assert receipt["proof"]["read_back"] == [{"depth": "digest", "items": 1, "since": NOW}]
    assert (receipt["proof"]["before"], receipt["proof"]["held"]) == (2, 2)


@pytest.mark.parametrize(
    ("place", "network", "where"),
    [
        (str(Path("TikTok").absolute()), False, "here"),
        (str(Path("TikTok").absolute()), True, "network"),
        ("https://cloud.example/dav", False, "elsewhere"),
        ("memory", False, "elsewhere"),
    ],
)
def test_a_receipt_says_where_the_copy_is(
    place: str, network: bool, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decamp.report.document.is_network", lambda path: network)
    assert _where(place) == where
