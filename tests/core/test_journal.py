"""The journal's own suite: what any store that takes its place has to keep."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
import sys
from array import array
from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

from decamp.errors import JournalDamaged, Locked
from decamp.filesystems import is_network
from decamp.journal import Frozen, Intent, Journal, Marks, Outcome, RunRecord, Settled
from decamp.journal.schema import VERSION
from decamp.model import Blob, Item, Receipt

NOW = "2026-01-02T03:04:05Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal.open(path)


@pytest.fixture
def route(journal: Journal) -> int:
    return journal.add_route("tiktok", "disk", "/bundle", ["name:ada"], NOW).id


def post(number: int = 1) -> Item:
    return Item(
        f"post:{number}", "post", {"n": number}, (Blob.from_bytes("1.mp4", "video/mp4", b"x"),)
    )


def receipt(number: int = 1) -> Receipt:
    return Receipt(f"post:{number}", f"data/{number}", data={"files": [["a", 1, "00"]]})


def rows(*keys: int, bucket: str = "2024-01") -> Frozen:
    return Frozen("event:watched", {bucket: (array("Q", keys), sum(keys) % 2**48)})


def test_an_intent_is_known_until_it_is_settled(journal: Journal, route: int) -> None:
    journal.intend(route, "r1", [Intent(post(), "digest", 3)], full=True)

    known = journal.known(route, "post:1")
    assert known is not None
    assert (known.state, known.digest, known.mapping, known.receipt) == (
        "intent",
        "digest",
        3,
        None,
    )
    [(_, item, _)] = journal.open_intents(route)
    assert (item.id, item.kind, item.record, item.blobs[0].size) == ("post:1", "post", {"n": 1}, 1)

    journal.settle(route, "r1", [Settled("post:1", "confirmed", receipt())])
    assert journal.open_intents(route) == []
    known = journal.known(route, "post:1")
    assert known is not None
    assert known.state == "confirmed"
    assert known.receipt is not None
    assert known.receipt.data == {"files": [["a", 1, "00"]]}


def test_it_survives_being_opened_again(journal: Journal, route: int, path: Path) -> None:
    journal.intend(route, "r1", [Intent(post(), "d", 1)], full=False)
    again = Journal.open(path)  # as after a kill: the first was never closed
    assert again.salt == journal.salt
    assert len(again.open_intents(route)) == 1


def test_an_update_keeps_the_old_receipt_until_the_new_one(journal: Journal, route: int) -> None:
    journal.intend(route, "r1", [Intent(post(), "old", 1)], full=False)
    journal.settle(route, "r1", [Settled("post:1", "confirmed", receipt())])
    journal.intend(route, "r2", [Intent(post(), "new", 1)], full=False)

    [(known, _, _)] = journal.open_intents(route)
    assert known.receipt is not None
    assert [one.item_id for one in journal.receipts(route)] == ["post:1"]
    journal.settle(route, "r2", [Settled("post:1", "failed", reason="no")])
    known_after = journal.known(route, "post:1")
    assert known_after is not None
    assert known_after.receipt is not None
    assert known_after.state == "failed"


def test_released_intents_leave_nothing(journal: Journal, route: int) -> None:
    journal.intend(route, "r1", [Intent(post(), "d", 1, frozen=rows(1, 2))], full=False)
    journal.release(route, "post:1")

    assert journal.known(route, "post:1") is None
    journal.intend(route, "r2", [Intent(post(), "d", 1)], full=False)
    journal.settle(route, "r2", [Settled("post:1", "confirmed", receipt())])
    assert journal.buckets(route, "event:watched") == {}


def test_a_receipt_marks_its_rows_in_the_same_commit(journal: Journal, route: int) -> None:
    big = 2**64 - 1
    journal.intend(route, "r1", [Intent(post(1), "d", 1, frozen=rows(1, big))], full=False)
    assert journal.buckets(route, "event:watched") == {}
    journal.settle(route, "r1", [Settled("post:1", "confirmed", receipt(1))])
    journal.intend(route, "r1", [Intent(post(2), "d", 1, frozen=rows(7))], full=False)
    journal.settle(route, "r1", [Settled("post:2", "confirmed", receipt(2))])

    bucket = journal.buckets(route, "event:watched")["2024-01"]
    assert (bucket.count, bucket.total, list(bucket.keys())) == (
        3,
        (big + 1 + 7) % 2**48,
        [1, big, 7],
    )


@pytest.mark.parametrize("state", ["failed", "conflict"])
def test_rows_of_what_was_not_delivered_stay_free(journal: Journal, route: int, state: str) -> None:
    journal.intend(route, "r1", [Intent(post(), "d", 1, frozen=rows(1))], full=False)
    journal.settle(route, "r1", [Settled("post:1", state, reason="no")])  # type: ignore[arg-type]
    assert journal.buckets(route, "event:watched") == {}


def test_rows_of_an_unknown_count_as_delivered(journal: Journal, route: int) -> None:
    journal.intend(route, "r1", [Intent(post(), "d", 1, frozen=rows(1))], full=True)
    journal.settle(route, "r1", [Settled("post:1", "unknown", reason="doubt")])
    assert "2024-01" in journal.buckets(route, "event:watched")


def test_listing_never_hides_what_is_held(journal: Journal, route: int) -> None:
    journal.intend(route, "r1", [Intent(post(), "d", 1)], full=False)
    journal.settle(route, "r1", [Settled("post:1", "confirmed", receipt())])
    journal.list_outcome(route, "r2", Outcome("post:1", "post", "skipped", "no"))
    journal.list_outcome(route, "r2", Outcome("post:2", "post", "skipped", "no"))

    first, second = journal.known(route, "post:1"), journal.known(route, "post:2")
    assert first is not None and first.state == "confirmed"
    assert second is not None and (second.state, second.reason) == ("skipped", "no")


def test_ordinals_are_kept(journal: Journal, route: int) -> None:
    first, second = Marks(("/a", "A"), {"caption": "x"}), Marks(("/b", ""))
    journal.set_ordinals(route, [("post:1", 1, first), ("post:1", 2, second)])
    later = Marks(("/a2", "A"))
    journal.set_ordinals(route, [("post:1", 1, later)])
    found = journal.ordinals(route, ["post:1", "post:2"])
    assert found == {"post:1": [(1, later), (2, second)], "post:2": []}


def test_routes_have_aliases(journal: Journal, route: int) -> None:
    journal.add_aliases(route, ["name:ada", "name:ada.new"])
    [found] = journal.routes("tiktok", "disk", "/bundle")
    assert found.aliases == ("name:ada", "name:ada.new")
    assert journal.routes("tiktok", "disk", "/other") == []


def test_a_reset_route_knows_nothing(journal: Journal, route: int) -> None:
    journal.intend(route, "r1", [Intent(post(), "d", 1, frozen=rows(1))], full=False)
    journal.settle(route, "r1", [Settled("post:1", "confirmed", receipt())])
    journal.set_newest(route, NOW)

    assert journal.reset_route(route) == 1
    assert journal.known(route, "post:1") is None
    assert journal.buckets(route, "event:watched") == {}
    [found] = journal.routes("tiktok", "disk", "/bundle")
    assert (found.finish_due, found.newest) == (False, "")


def test_runs_are_found_by_prefix(journal: Journal, route: int) -> None:
    for name in ("aa1", "aa2", "b_1"):
        journal.start_run(
            RunRecord(name, None, "transfer", "running", NOW, None, "s", "d", "f", None, None, 1)
        )
    journal.bind_run("aa1", route)
    journal.end_run("aa1", "done", NOW, 0, {"counts": {}})

    assert [run.id for run in journal.runs("aa")] == ["aa2", "aa1"]
    assert journal.runs("b%") == []
    [run] = journal.runs(route=route)
    assert (run.state, run.exit_code, run.report) == ("done", 0, {"counts": {}})


def deliver(journal: Journal, route: int, run: str, *numbers: int) -> None:
    journal.intend(route, run, [Intent(post(one), run, 1) for one in numbers], full=False)
    settled = [Settled(f"post:{one}", "confirmed", receipt(one)) for one in numbers]
    journal.settle(route, run, settled)


def test_what_a_run_changed_is_told_from_what_it_brought(journal: Journal, route: int) -> None:
    deliver(journal, route, "r1", 1, 2, 3)
    deliver(journal, route, "r2", 2, 4)
    deliver(journal, route, "r3", 3)
    journal.intend(route, "r2", [Intent(post(5), "r2", 1)], full=False)  # never answered
    first, second = ([*journal.effects(run)] for run in ("r1", "r2"))
    assert [(one.item_id, one.change, one.later) for one in first] == [
        ("post:3", "later", "r3"), ("post:2", "later", "r2"), ("post:1", "new", ""),
    ]  # fmt: skip
    assert [(one.item_id, one.change) for one in second] == [
        ("post:5", "nothing"), ("post:4", "new"), ("post:2", "changed"),
    ]  # fmt: skip
    assert second[2].before is not None
    assert (second[2].before.digest, second[2].receipt) == ("r1", evolve(receipt(2), existed=True))
    for run, effects in (("r1", first), ("r2", second)):
        assert journal.count_effects(run) == Counter((one.change, one.kind) for one in effects)
    assert not journal.has_effects("r4")


def test_what_was_read_may_be_taken_back_before_the_rest_is_read(
    journal: Journal, route: int
) -> None:
    numbers = [*range(1_001)]
    deliver(journal, route, "r1", *numbers)
    seen = []
    for effect in journal.effects("r1"):
        seen.append(effect.item_id)
        if len(seen) % 3:
            journal.taken_back(route, [(effect, None)])
    assert seen == [f"post:{one}" for one in reversed(numbers)]
    assert [one.item_id for one in journal.effects("r1")] == seen[2::3]


def test_how_things_stand_on_a_route(journal: Journal, route: int) -> None:
    dead = {"declared": "a.jpg", "name": '"code":"dead-on-arrival"', "code": "dead-on-arrival"}
    other = {"declared": "b.jpg", "name": "b.jpg", "code": "expired", "reason": "dead-on-arrival"}
    segment = Item("event/watched/1", "event", {})
    journal.intend(
        route, "r1",
        [
            Intent(post(1), "d", 1, (dead, other, dead)),
            Intent(post(2), "d", 1, (other,)),
            Intent(segment, "", 0, frozen=rows(1, 2, 3)),
        ],
        full=False,
    )  # fmt: skip
    journal.settle(route, "r1", [Settled(f"post:{n}", "confirmed", receipt(n)) for n in (1, 2)])
    journal.settle(route, "r1", [Settled(segment.id, "unknown", reason="no answer")])
    journal.prove(route, [("post:1", "digest")], NOW)

    standing = journal.standing(route)
    assert (standing.held, standing.unobtainable) == (2, 2)
    assert standing.proofs == {"": (1, ""), "digest": (1, NOW)}
    assert (standing.doubtful, standing.kept) == ({"event": 3}, {})
    assert journal.collections(route) == ["event:watched"]
    journal.keep(route, [segment.id])
    standing = journal.standing(route)
    assert (standing.doubtful, standing.kept) == ({}, {"event": 3})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal.open(tmp_path / "home" / "journal.db")
        journal.add_route("a", "b", "c", [], NOW)
        for place in (tmp_path / "home", *(tmp_path / "home").iterdir()):
            assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0, place
    finally:
        os.umask(before)


# --- bad journals ------------------------------------------------------------------------------


def test_a_newer_journal_is_refused_unchanged(journal: Journal, path: Path) -> None:
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(JournalDamaged, match="newer decamp"):
        Journal.open(path)


def test_another_sqlite_file_is_refused_unchanged(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(JournalDamaged, match="not a decamp journal"):
        Journal.open(path)
    with sqlite3.connect(path) as db:
        assert [name for (name,) in db.execute("SELECT name FROM sqlite_master")] == ["mine"]
    db.close()


@pytest.mark.parametrize(
    "content", [b"not a database " * 500, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_journal_is_never_a_fresh_start(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalDamaged):
        Journal.open(path)
    assert path.read_bytes() == content


def test_every_damaged_page_is_noticed_or_harmless(
    journal: Journal, path: Path, route: int
) -> None:
    """Overwrite each page in turn: an error of ours, or all that was there; never less."""
    intents = [Intent(post(n), "d", 1, frozen=rows(*range(n))) for n in range(60)]
    journal.intend(route, "r", intents, full=True)
    journal.settle(route, "r", [Settled(f"post:{n}", "confirmed", receipt(n)) for n in range(60)])
    journal.close()
    whole = path.read_bytes()
    noticed = 0
    for start in range(0, len(whole), 4096):
        path.write_bytes(whole[:start] + b"\xa5" * 4096 + whole[start + 4096 :])
        try:
            damaged = Journal.open(path)
            found = [one.item_id for one in damaged.receipts(route)]
            damaged.close()
            assert len(found) == 60
        except JournalDamaged:
            noticed += 1
    assert noticed > 0


def test_another_writer_is_waited_for_in_steps_between_which_a_signal_is_answered(
    journal: Journal, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = []

    def trace(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            begun.append(statement)
            if len(begun) == 2:
                other.execute("ROLLBACK")

    journal._db.set_trace_callback(trace)
    journal.add_route("tiktok", "disk", "/bundle", ["name:ada"], NOW)
    assert len(begun) >= 2
    other.close()


def test_a_busy_journal_says_so(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    journal._db.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(Locked):
        journal.add_route("a", "b", "c", [], NOW)
    other.execute("ROLLBACK")


def test_a_network_folder_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp.journal.database.is_network", lambda folder: True)
    with pytest.raises(JournalDamaged, match="network file system"):
        Journal.open(path)


def test_a_local_folder_is_no_network(tmp_path: Path) -> None:
    assert not is_network(tmp_path)


def test_a_copy_has_no_effect_on_the_journal(journal: Journal, route: int, tmp_path: Path) -> None:
    copy = Journal.open_copy(journal.path, tmp_path)
    assert len(copy.routes("tiktok", "disk", "/bundle")) == 1
    copy.reset_route(route)
    copy.add_route("x", "y", "z", [], NOW)
    assert journal.routes("x", "y", "z") == []


# --- requests for copies ---------------------------------------------------------------------


def ask(journal: Journal, account: str = "open-1", *, single: bool = True) -> int:
    return journal.intend_request(
        "tiktok", account, "2026-01-01T00:00:00Z", single=single, title="tiktok:", now=NOW
    )


def test_a_request_goes_from_step_to_step(journal: Journal) -> None:
    number = ask(journal)
    [asked] = journal.requests()
    assert (asked.number, asked.id, asked.step, asked.asked, asked.changed) == (
        *(number, "", "asking", NOW, NOW),
    )
    assert (asked.consent, asked.single, asked.title) == ("2026-01-01T00:00:00Z", True, "tiktok:")
    later = "2026-01-02T04:00:00Z"
    journal.answer_request(number, "7", later)
    journal.set_request(number, "ready", later, "2026-01-06T04:00:00Z")
    journal.set_request(number, "here", "2026-01-02T05:00:00Z")
    journal.set_request(number, "here", "2026-01-02T06:00:00Z")
    [here] = journal.requests()
    assert (here.id, here.step, here.until) == ("7", "here", "2026-01-06T04:00:00Z")
    assert here.changed == "2026-01-02T05:00:00Z"  # the same step again is no change
    assert not here.ended
    journal.set_request(number, "used", later)
    assert journal.requests()[0].ended


def test_requests_are_listed_by_source_and_account(journal: Journal) -> None:
    first, second = ask(journal), ask(journal, "open-2", single=False)
    assert [one.number for one in journal.requests()] == [first, second]
    assert [one.number for one in journal.requests("tiktok", "open-2")] == [second]
    assert [one.number for one in journal.requests("tiktok", "")] == []
    assert journal.requests("other") == []
    journal.drop_request(second)
    assert [one.number for one in journal.requests("tiktok")] == [first]


def test_who_waits_for_a_request(journal: Journal) -> None:
    number = ask(journal)
    assert journal.has_request(number, "disk", "/a") is None
    for place in ("/a", "/b", "/a"):
        journal.wait_for_request(number, "disk", place)
    assert (journal.has_request(number, "disk", "/a"), journal.waiters(number)) == (False, (2, 0))
    journal.bring_request(number, "disk", "/a")
    journal.wait_for_request(number, "disk", "/a")
    assert (journal.has_request(number, "disk", "/a"), journal.waiters(number)) == (True, (1, 1))
    journal.leave_request(number, "disk", "/b")
    assert (journal.has_request(number, "disk", "/b"), journal.waiters(number)) == (None, (0, 1))


def test_a_request_survives_being_opened_again(journal: Journal, path: Path) -> None:
    ask(journal)
    assert [one.step for one in Journal.open(path).requests()] == ["asking"]


def test_a_journal_without_requests_learns_about_them(tmp_path: Path) -> None:
    from decamp.journal import schema

    path = tmp_path / "journal.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        f"BEGIN; {schema._TABLES} {schema._MIGRATIONS[1]} "
        "INSERT INTO meta VALUES ('salt', randomblob(16)); "
        "INSERT INTO routes (source, destination, place, created) VALUES ('tiktok', 'd', 'p', 'n');"
        f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 2; COMMIT;"
        "PRAGMA journal_mode = WAL;"
    )
    db.close()
    path.chmod(0o600)
    journal = Journal.open(path)
    assert journal.requests() == []
    ask(journal)
    assert len(journal.all_routes()) == 1
    assert (tmp_path / "journal.db.v2.bak").exists()


def test_a_reader_that_outlives_the_journal_ends_quietly(
    journal: Journal, route: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a destination breaks off while it is given the receipts."""
    shown: list[object] = []
    gc.collect()  # or what earlier tests left might be found, and told of, just now
    monkeypatch.setattr(sys, "unraisablehook", shown.append)
    journal.intend(route, "r1", [Intent(post(n), "digest", 3) for n in (1, 2)], full=True)
    settled = [Settled(f"post:{n}", "confirmed", receipt(n)) for n in (1, 2)]
    journal.settle(route, "r1", settled)
    reader = journal.receipts(route)
    assert next(reader).item_id == "post:1"
    journal.close()
    del reader
    assert shown == []


def test_a_closed_journal_is_not_called_damaged(journal: Journal, route: int) -> None:
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        journal.known(route, "post:1")
