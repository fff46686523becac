"""The engine with a scripted source and a destination in memory."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from decamp.engine import Selection
from decamp.engine.tally import Tally
from decamp.engine.waits import Waits
from decamp.errors import (
    Conflict,
    DestinationFull,
    ItemRejected,
    NotReady,
    SourceUnreadable,
    Unavailable,
)
from decamp.events import Event, ItemSettled, Notice, ReadProgress, Stage, Waiting
from decamp.journal import Intent
from decamp.journal.items import Items
from decamp.model import (
    Blob,
    Collection,
    Depth,
    Finding,
    Item,
    Link,
    Missing,
    Page,
    Receipt,
    RowBatch,
)
from decamp.spec import ImporterCapabilities
from decamp.testing import MemoryImporter, ScriptedExporter
from decamp.testing.samples import post_item
from engine_harness import Bench, idempotent, row_numbers, watched


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def posts(*seconds: int, caption: str = "Hello") -> Page:
    return Page(tuple(post_item(second, caption=caption) for second in seconds))


def linked(second: int, *names: str) -> Item:
    blobs = tuple(Blob(name, "video/mp4", link=Link(f"https://cdn/{name}")) for name in names)
    return post_item(second).evolve(blobs=blobs)


# --- the ordinary way ------------------------------------------------------------------------


def test_no_small_commit_while_the_importer_has_enough_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced, answered, early = Counter[str](), Counter[str](), []
    taken = threading.Semaphore()
    intend = Items.intend

    def counted(
        journal: Items, route: int, run: str, intents: Sequence[Intent], *, full: bool
    ) -> None:
        waiting = announced.total() - answered.total()
        if waiting >= 8 and len(intents) < 32:
            early.append((waiting, len(intents)))
        intend(journal, route, run, intents, full=full)
        announced.update(one.item.id for one in intents)

    def answer(_: str, item: Item) -> None:
        taken.acquire()  # one answer at a time: the engine is quicker than the importer
        answered[item.id] += 1

    class Told(list[Event]):
        def append(self, event: Event) -> None:
            super().append(event)
            if isinstance(event, ItemSettled):
                taken.release()

    monkeypatch.setattr(Items, "intend", counted)
    bench.events = Told()
    capabilities = ImporterCapabilities(delivery="idempotent", max_concurrency=4)
    bench.importer = MemoryImporter(capabilities, after=answer)
    assert bench.run(posts(*range(300)))["counts"]["post"]["delivered"] == 300
    assert early == []


def test_everything_arrives(bench: Bench) -> None:
    receipt = bench.run(Page(rows=(watched(1, 2, 3),)), posts(1, 2))

    assert receipt["exit_code"] == 0
    verdict = receipt["verdict"]
    assert (verdict["complete"], verdict["reasons"], verdict["remarks"]) == (True, [], [])
    assert verdict["never_exported"] == []
    assert receipt["counts"] == {
        "event": {"found": 3, "new": 3, "delivered": 3},
        "post": {"found": 2, "new": 2, "delivered": 2},
    }
    assert row_numbers(bench.importer) == [1, 2, 3]
    assert len(bench.importer.finished) == 1


def test_each_stage_tells_of_its_own_things(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 2, 3),)), posts(1, 2))
    bench.events.clear()
    bench.run(Page(rows=(watched(1, 2, 3, 4),)), posts(1, 2, 3, 4))
    told = [
        (event.stage, event.total) if isinstance(event, Stage) else event.kind
        for event in bench.events
        if isinstance(event, Stage | ItemSettled)
    ]
    assert told[1:] == [
        *(("items", None), "post", "post"),
        *(("rows", 4), "event"),
        ("finishing", None),
    ]
    assert ReadProgress(1.0, 4, 4, due=2) in bench.events, "two of the four were there already"


def test_rows_that_nobody_asked_for_are_no_stage(bench: Bench) -> None:
    chosen = Selection.parse(("posts",), None, None, None)
    bench.run(Page(rows=(watched(1, 2, 3),)), posts(1), selection=chosen)
    stages = [event.stage for event in bench.events if isinstance(event, Stage)]
    assert stages == ["reading", "items", "finishing"]


def test_again_sends_nothing(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 2, 3),)), posts(1, 2))
    calls = list(bench.importer.calls)

    receipt = bench.run(Page(rows=(watched(3, 2, 1),)), posts(2, 1))

    assert bench.importer.calls == calls
    assert receipt["counts"]["event"] == {"found": 3, "unchanged": 3}
    assert receipt["counts"]["post"] == {"found": 2, "unchanged": 2}
    assert len(bench.importer.finished) == 1


def test_the_same_copy_is_not_even_read(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 2),)), posts(1), copy="same")

    receipt = bench.run(SourceUnreadable("must not be read"), copy="same")

    assert receipt["exit_code"] == 0
    assert receipt["counts"]["event"] == {"found": 2, "unchanged": 2}


def test_the_same_copy_is_read_again_for_another_account(bench: Bench) -> None:
    bench.run(posts(1), copy="same")

    receipt = bench.run(posts(1), copy="same", whose=("bob.example",))

    assert receipt["counts"]["post"] == {"found": 1, "unchanged": 1}


def test_trimmed_and_grown(bench: Bench) -> None:
    bench.run(Page(rows=(watched(*range(10)),)), posts(1))
    bench.importer.calls.clear()

    receipt = bench.run(Page(rows=(watched(*range(5, 15)),)), posts(1))

    assert row_numbers(bench.importer) == list(range(15))
    assert receipt["counts"]["event"] == {"found": 10, "new": 5, "unchanged": 5, "delivered": 5}
    assert len(bench.importer.calls) == 1


def test_plan_and_transfer_agree_and_the_plan_changes_nothing(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 2),)), posts(1))
    script = (Page(rows=(watched(2, 3, 3),)), posts(1, 2), posts(1, caption="Edited"))
    before = bench.path.read_bytes(), dict(bench.importer.store)

    plan = bench.run(*script, dry_run=True)
    assert (bench.path.read_bytes(), dict(bench.importer.store)) == before
    receipt = bench.run(*script)

    for column in ("found", "new", "changed", "unchanged"):
        for kind in ("post", "event"):
            planned = plan["counts"][kind].get(column, 0)
            assert planned == receipt["counts"][kind].get(column, 0), (kind, column)


def test_equal_rows_are_several_events(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 1, 2),)))
    bench.run(Page(rows=(watched(1, 1, 1, 2),)))

    assert row_numbers(bench.importer) == [1, 1, 1, 2]


def test_paths_that_repeat_each_other_count_once(bench: Bench) -> None:
    first, second = watched(1, 1, 2), watched(1, 2, 3, path="Profile/Watch")

    receipt = bench.run(Page(rows=(first, second)))

    assert row_numbers(bench.importer) == [1, 1, 2, 3]
    assert receipt["counts"]["event"]["found"] == 4


def test_segments_are_cut_and_named_by_their_content(tmp_path: Path) -> None:
    importer = MemoryImporter(idempotent(max_segment_rows=4))
    receipt = Bench(tmp_path, importer).run(Page(rows=(watched(*range(10)),)))

    headers = [entry["record"] for entry in importer.store.values()]
    assert sorted(header["rows"] for header in headers) == [2, 4, 4]
    assert receipt["segments"] == {"event": 3}
    assert {header["verb"] for header in headers} == {"watched"}


def test_cuts_stay_when_some_segments_were_lost(tmp_path: Path) -> None:
    importer = MemoryImporter(idempotent(max_segment_rows=3))
    whole = MemoryImporter(idempotent(max_segment_rows=3))
    Bench(tmp_path / "whole", whole).folder.mkdir()
    Bench(tmp_path / "whole", whole).run(Page(rows=(watched(*range(14)),)))
    bench = Bench(tmp_path, importer)
    seen = []

    def refuse(call: str, item: Item) -> None:
        seen.append(item.id)
        if len(seen) in (2, 4):
            raise ItemRejected("not now")

    importer.before = refuse
    assert bench.run(Page(rows=(watched(*range(14)),)))["exit_code"] == 3
    importer.before = lambda call, item: None
    assert bench.run(Page(rows=(watched(*reversed(range(14))),)))["exit_code"] == 0

    assert importer.store == whole.store


# --- changes -----------------------------------------------------------------------------------


def test_a_changed_item_is_updated(bench: Bench) -> None:
    bench.run(posts(1))
    receipt = bench.run(posts(1, caption="Edited"))

    assert receipt["counts"]["post"] == {"found": 1, "changed": 1, "updated": 1}
    [entry] = bench.importer.store.values()
    assert entry["record"]["caption"] == "Edited"


def test_an_older_export_changes_nothing_newer(bench: Bench) -> None:
    bench.run(posts(1, caption="New"), as_of=datetime(2026, 1, 1, tzinfo=UTC))
    receipt = bench.run(posts(1, caption="Old"), as_of=datetime(2025, 1, 1, tzinfo=UTC))

    assert receipt["counts"]["post"] == {"found": 1, "changed": 1, "withheld": 1}
    [entry] = bench.importer.store.values()
    assert entry["record"]["caption"] == "New"


def test_volatile_counts_are_no_change(bench: Bench) -> None:
    def liked(likes: int) -> Page:
        item = post_item(1)
        return Page((item.evolve(record={**item.record, "counts": {"likes": likes}}),))

    bench.run(liked(1))
    assert bench.run(liked(2))["counts"]["post"] == {"found": 1, "unchanged": 1}


def test_a_better_mapping_is_adopted_without_sending(bench: Bench) -> None:
    bench.run(posts(1))
    calls = list(bench.importer.calls)
    receipt = bench.run(posts(1, caption="Mapped better"), mapping=2)

    assert receipt["counts"]["post"] == {"found": 1, "unchanged": 1}
    assert bench.importer.calls == calls
    assert bench.run(posts(1, caption="Edited"), mapping=2)["counts"]["post"]["changed"] == 1


# --- several posts in one second ---------------------------------------------------------------


def twins(*matches: tuple[str, str]) -> Page:
    return Page(
        tuple(
            post_item(1, caption=caption).evolve(match=(path, caption)) for path, caption in matches
        )
    )


def test_twins_get_numbers_and_keep_them(bench: Bench) -> None:
    bench.run(twins(("/a", "A"), ("/b", "B")))
    receipt = bench.run(twins(("/b", "B"), ("/a", "A")))

    assert receipt["counts"]["post"] == {"found": 2, "unchanged": 2}
    captions = {key: entry["record"]["caption"] for key, entry in bench.importer.store.items()}
    assert captions == {
        "post:2024-05-01T12:00:01Z": "A",
        "post:2024-05-01T12:00:01Z#2": "B",
    }


def test_a_deleted_twin_gives_its_number_to_nobody(bench: Bench) -> None:
    bench.run(twins(("/a", "A"), ("/b", "B")))
    assert bench.run(twins(("/b", "B")))["counts"]["post"] == {"found": 1, "unchanged": 1}
    bench.run(twins(("/b", "B"), ("/c", "C"), ("/a", "A")))

    captions = {key: entry["record"]["caption"] for key, entry in bench.importer.store.items()}
    assert captions["post:2024-05-01T12:00:01Z#3"] == "C"


def test_what_could_be_either_twin_is_listed_and_not_sent(bench: Bench) -> None:
    bench.run(twins(("/a", "A"), ("/b", "B")))
    receipt = bench.run(twins(("/new", "Edited")))

    assert receipt["exit_code"] == 3
    assert receipt["problems"][0]["code"] == "ambiguous"
    assert len(bench.importer.store) == 2


def test_twins_that_never_arrived_put_no_other_in_doubt(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(ItemRejected("too long")))
    bench.run(twins(("/a", "A"), ("/b", "B")))
    assert not bench.importer.store
    bench.importer.before = lambda call, item: None
    receipt = bench.run(twins(("/c", "C")))

    assert receipt["problems"] == []
    assert list(bench.importer.store) == ["post:2024-05-01T12:00:01Z"]
    again = bench.run(twins(("/c", "C"), ("/b", "B")))
    assert again["counts"]["post"] == {"found": 2, "unchanged": 1, "new": 1, "delivered": 1}


def test_one_post_stays_the_same_when_all_about_it_changes(bench: Bench) -> None:
    bench.run(twins(("/a", "A")))
    receipt = bench.run(twins(("/other", "Edited")))

    assert receipt["counts"]["post"] == {"found": 1, "changed": 1, "updated": 1}


# --- media -------------------------------------------------------------------------------------


def test_links_are_fetched_and_listed_in_the_record(bench: Bench) -> None:
    receipt = bench.run(Page((linked(1, "1.mp4"),)))

    [entry] = bench.importer.store.values()
    assert entry["blobs"]["1.mp4"].startswith(b"bytes of")
    assert [file["name"] for file in entry["record"]["media"]] == ["1.mp4"]
    assert receipt["media"]["stored"] == 1


def test_media_of_what_was_refused_have_not_arrived(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(ItemRejected("too long"), once=True))
    receipt = bench.run(Page((linked(1, "1.mp4"), linked(2, "1.mp4"))))
    assert receipt["counts"]["post"]["delivered"] == 1
    assert receipt["media"]["stored"] == 1


def test_missing_media_leave_an_item_incomplete_and_due(bench: Bench) -> None:
    bench.missing = {"2.mp4"}
    receipt = bench.run(Page((linked(1, "1.mp4", "2.mp4"),)))
    assert receipt["exit_code"] == 3
    assert receipt["counts"]["post"] == {"found": 1, "new": 1, "incomplete": 1}
    assert receipt["media"]["missing"][0]["code"] == "expired"

    bench.missing, bench.fetched = set(), []
    receipt = bench.run(Page((linked(1, "1.mp4", "2.mp4"),)))

    assert bench.fetched == ["2.mp4"]
    assert receipt["exit_code"] == 0
    [entry] = bench.importer.store.values()
    assert set(entry["blobs"]) == {"1.mp4", "2.mp4"}
    assert [file["name"] for file in entry["record"]["media"]] == ["1.mp4", "2.mp4"]
    assert bench.run(Page((linked(1, "1.mp4", "2.mp4"),)))["counts"]["post"]["unchanged"] == 1


def test_what_the_source_itself_lacks_is_told_apart(bench: Bench) -> None:
    bench.missing = {"2.mp4"}
    item = linked(1, "2.mp4").evolve(missing=(Missing("1.mp4", "not-found", "Never had."),))
    told = bench.run(Page((item,)))["media"]["missing"]
    assert {one["name"]: one.get("source_lacks") for one in told} == {"1.mp4": True, "2.mp4": None}


def test_still_missing_media_touch_nothing(bench: Bench) -> None:
    bench.missing = {"1.mp4"}
    bench.run(Page((linked(1, "1.mp4"),)))
    calls = list(bench.importer.calls)

    receipt = bench.run(Page((linked(1, "1.mp4"),)))

    assert bench.importer.calls == calls
    assert receipt["counts"]["post"] == {"found": 1, "unchanged": 1, "incomplete": 1}


def test_a_blob_over_the_limit_is_left_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MemoryImporter(idempotent(max_blob_bytes=5)))
    receipt = bench.run(Page((linked(1, "1.mp4"),)))

    assert receipt["media"]["missing"][0]["code"] == "too-large"
    assert receipt["exit_code"] == 3


# --- bad data ----------------------------------------------------------------------------------


def test_bad_records_are_kept_raw_and_listed(bench: Bench) -> None:
    bad = post_item(1)
    bad = bad.evolve(record={**bad.record, "audience": "everybody"})
    receipt = bench.run(Page((bad,)), posts(2))

    assert receipt["exit_code"] == 3
    assert receipt["counts"]["post"] == {"found": 2, "new": 1, "delivered": 1, "rejected": 1}
    assert "everybody" not in str(receipt["problems"])
    sections = [e["record"] for k, e in bench.importer.store.items() if k.startswith("section:")]
    assert sections[0]["value"]["audience"] == "everybody"


def test_bad_rows_are_kept_raw_and_the_others_go_on(bench: Bench) -> None:
    batch = watched(1, 2)
    batch.rows[0]["time"] = "yesterday"
    receipt = bench.run(Page(rows=(batch,)))

    assert receipt["counts"]["event"] == {"found": 2, "new": 1, "delivered": 1, "rejected": 1}
    assert row_numbers(bench.importer) == [2]


def test_half_an_emoji_is_kept_as_text(bench: Bench) -> None:
    receipt = bench.run(posts(1, caption="half \ud83d"))

    [entry] = bench.importer.store.values()
    assert "\\ud83d" in entry["record"]["value"]
    assert receipt["exit_code"] == 3


def test_half_an_emoji_in_a_row_is_kept_as_text(bench: Bench) -> None:
    batch = watched(1, 2)
    batch.rows[0]["source"] = {"Title": "half \ud83d"}
    receipt = bench.run(Page(rows=(batch,)))

    assert receipt["counts"]["event"] == {"found": 2, "new": 1, "delivered": 1, "rejected": 1}
    assert row_numbers(bench.importer) == [2]


# --- selection ---------------------------------------------------------------------------------


def test_what_was_not_asked_for_is_counted(bench: Bench) -> None:
    receipt = bench.run(
        Page(rows=(watched(1, 2),)), posts(1, 2), selection=Selection.parse(["posts"], limit=1)
    )

    assert receipt["counts"]["event"] == {"found": 2, "not_asked": 2}
    assert receipt["counts"]["post"]["not_asked"] == 1
    assert receipt["verdict"]["complete"] is False


def test_dates_select_rows_and_posts(bench: Bench) -> None:
    rows = (watched(1, month="2024-01"), watched(2, month="2024-02"))
    receipt = bench.run(Page(rows=rows), posts(1), selection=Selection.parse(since="2024-02-01"))

    assert row_numbers(bench.importer) == [2]
    assert receipt["counts"]["post"]["delivered"] == 1


def test_kinds_that_the_destination_does_not_take(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MemoryImporter(idempotent(kinds=frozenset({"post"}))))
    receipt = bench.run(Page(rows=(watched(1),)), posts(1))

    assert receipt["counts"]["event"]["skipped"] == 1
    assert receipt["exit_code"] == 0
    assert receipt["verdict"]["complete"] is False


# --- errors and what follows -------------------------------------------------------------------


def failing(error: BaseException, *, once: bool = False) -> MemoryImporter:
    importer = MemoryImporter()
    left = [1] if once else [10**6]

    def raise_it(call: str, item: Item) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    importer.before = raise_it
    return importer


def test_a_rejected_item_is_listed_and_tried_again_later(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(ItemRejected("too long"), once=True))
    receipt = bench.run(posts(1, 2))

    assert receipt["exit_code"] == 3
    assert receipt["counts"]["post"] == {"found": 2, "new": 2, "delivered": 1, "failed": 1}
    assert receipt["problems"][0]["reason"] == "too long"
    assert bench.run(posts(1, 2))["exit_code"] == 0


def test_a_conflict_is_listed(tmp_path: Path) -> None:
    receipt = Bench(tmp_path, failing(Conflict("edited"), once=True)).run(posts(1))

    assert receipt["counts"]["post"]["conflict"] == 1


def test_a_full_destination_stops_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(DestinationFull("full", hint="Make room.")))
    receipt = bench.run(posts(*range(50)))

    assert (receipt["exit_code"], receipt["state"]) == (6, "stopped")
    assert receipt["error"]["hint"] == "Make room."
    assert bench.importer.finished == []
    bench.importer.before = lambda call, item: None
    assert bench.run(posts(*range(50)))["exit_code"] == 0
    assert len(bench.importer.store) == 50


def test_a_passing_failure_is_repeated(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(Unavailable("busy", retry_after=0), once=True))

    assert bench.run(posts(1))["exit_code"] == 0


def test_a_wait_for_a_busy_destination_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    busy = Unavailable("The server cannot answer now.", retry_after=7)
    bench = Bench(tmp_path, failing(busy, once=True), now=lambda: moment)
    pauses = []
    monkeypatch.setattr(bench.stop, "wait", lambda seconds=None: bool(pauses.append(seconds)))
    assert bench.run(posts(1, 2))["exit_code"] == 0
    assert pauses == [7]
    waits = [event for event in bench.events if isinstance(event, Waiting)]
    assert waits == [Waiting("2026-01-01T00:00:07Z", "The server cannot answer now.")]


def test_waits_for_the_same_are_told_of_once_and_short_ones_never() -> None:
    events: list[Event] = []
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    waits = Waits(events.append, lambda: clock[0])
    for seconds in (1, 10, 11, 12):
        waits.note(seconds, "busy")
    assert events == []
    waits.tell()
    clock[0] += timedelta(seconds=10)
    waits.say(5, "still busy")
    assert events == [
        Waiting("2026-01-01T00:00:10Z", "busy"),
        Waiting("2026-01-01T00:00:15Z", "still busy"),
    ]


def test_one_fault_of_a_plugin_is_blamed_and_the_others_go_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(KeyError("oops"), once=True))
    receipt = bench.run(posts(1, 2, 3))

    assert receipt["exit_code"] == 3
    assert receipt["counts"]["post"]["delivered"] == 2
    assert "memory failed with KeyError" in receipt["problems"][0]["reason"]


def test_a_plugin_that_fails_again_and_again_ends_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing(SystemExit(7)))
    receipt = bench.run(posts(*range(40)))

    assert receipt["state"] == "stopped"
    assert receipt["error"]["code"] == "plugin"


def test_an_answer_that_is_no_receipt_is_a_fault(bench: Bench) -> None:
    class Liar(MemoryImporter):
        def import_item(self, item: Item) -> str:  # type: ignore[override]
            return "fine"

    bench.importer = Liar()
    assert bench.run(posts(1))["problems"][0]["code"] == "plugin"


def test_a_hung_plugin_does_not_keep_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    forever = threading.Event()
    bench.importer.before = lambda call, item: forever.wait(60) and None
    receipt = bench.run(posts(1), patience=0.05)
    forever.set()

    assert receipt["error"]["code"] == "plugin"
    assert "has not answered" in receipt["error"]["message"]


def test_an_unreadable_source_ends_with_its_code(bench: Bench) -> None:
    receipt = bench.run(posts(1), SourceUnreadable("half a zip"))

    assert (receipt["exit_code"], receipt["state"]) == (4, "stopped")
    assert bench.importer.finished == []
    assert receipt["verdict"]["complete"] is False


def test_reading_goes_on_from_the_last_cursor(bench: Bench) -> None:
    receipt = bench.run(posts(1), Unavailable("cut", retry_after=0), posts(2))

    assert receipt["counts"]["post"] == {"found": 2, "new": 2, "delivered": 2}


def test_not_ready_ends_with_the_hour_or_waits(bench: Bench) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    receipt = bench.run(NotReady(later, "TikTok is collecting"), posts(1), wait=False)
    assert (receipt["exit_code"], receipt["state"]) == (10, "waiting")

    soon = datetime.now(UTC) - timedelta(seconds=1)
    assert bench.run(NotReady(soon, "a moment"), posts(1))["exit_code"] == 0
    assert any(isinstance(event, Waiting) for event in bench.events)


def test_a_stop_keeps_what_was_done_and_the_next_run_goes_on(bench: Bench) -> None:
    def stop(call: str, item: Item) -> None:
        if len(bench.importer.store) == 3:
            bench.stop.set()

    bench.importer.after = stop
    receipt = bench.run(*[posts(n) for n in range(100)])
    assert (receipt["exit_code"], receipt["state"]) == (130, "interrupted")
    assert 3 <= len(bench.importer.store) < 100

    bench.stop.clear()
    bench.importer.after = lambda call, item: None
    assert bench.run(*[posts(n) for n in range(100)])["exit_code"] == 0
    assert len(bench.importer.calls) == 100


def test_what_a_call_raises_after_a_stop_is_no_error_of_the_run(bench: Bench) -> None:
    def busy(call: str, item: Item) -> None:
        bench.stop.set()
        raise Unavailable("The server cannot answer now.")

    bench.importer.before = busy
    receipt = bench.run(posts(*range(20)))
    assert (receipt["exit_code"], receipt["state"]) == (130, "interrupted")
    assert receipt["error"]["code"] == "interrupted"
    assert receipt["problems"] == []
    assert bench.importer.calls == [("import", post_item(0).id)], "what waited was not begun"
    assert not any(isinstance(event, ItemSettled) for event in bench.events)

    bench.stop.clear()
    bench.importer.before = lambda call, item: None
    assert bench.run(posts(*range(20)))["exit_code"] == 0
    assert len(bench.importer.store) == 20


def test_a_stop_while_a_run_ends_for_an_error_is_a_stop(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    def full(call: str, item: Item) -> None:
        bench.stop.set()
        raise DestinationFull("full", hint="Make room.")

    bench.importer.before = full
    receipt = bench.run(posts(1, 2))
    assert (receipt["exit_code"], receipt["state"]) == (130, "interrupted")
    assert receipt["problems"][0]["code"] == "destination-full", "and what went wrong is told"


class Blind(MemoryImporter):
    """Cannot be asked what it has."""

    find_item = None  # type: ignore[assignment]


def test_what_was_not_begun_for_a_stop_is_not_in_doubt(tmp_path: Path) -> None:
    """A destination that cannot be asked again: only the call that was made is in doubt."""
    bench = Bench(tmp_path, Blind(ImporterCapabilities(delivery="blind", max_concurrency=1)))
    bench.importer.after = lambda call, item: bench.stop.set()
    assert bench.run(posts(1, 2, 3))["exit_code"] == 130
    assert len(bench.importer.store) == 1

    bench.stop.clear()
    bench.importer.after = lambda call, item: None
    receipt = bench.run(posts(1, 2, 3))
    assert receipt["counts"]["post"].get("unknown", 0) == 0
    assert len(bench.importer.store) == 3


# --- lost answers ------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def lost_answer(bench: Bench, *script: Page) -> None:
    """Run until the destination has the first item, and die before its receipt."""
    bench.importer.after = lambda call, item: (_ for _ in ()).throw(SystemExit())
    bench.run(*script)
    bench.importer.after = lambda call, item: None


def test_a_lost_answer_is_asked_for_and_not_repeated(bench: Bench) -> None:
    lost_answer(bench, posts(1))
    receipt = bench.run(posts(1))

    assert receipt["exit_code"] == 0
    assert [call for call, _ in bench.importer.calls] == ["import"]
    assert any(isinstance(e, Notice) and "interrupted" in e.text for e in bench.events)


def test_a_stop_leaves_doubts_for_the_next_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost_answer(bench, posts(1, 2, 3))
    asked, found = [], MemoryImporter.find_item

    def find_item(self: MemoryImporter, item: Item) -> Receipt | None:
        asked.append(item.id)
        bench.stop.set()
        return found(self, item)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryImporter, "find_item", find_item)
        assert bench.run(posts(1, 2, 3))["state"] == "interrupted"
    assert len(asked) == 1
    bench.stop.clear()
    assert bench.run(posts(1, 2, 3))["exit_code"] == 0
    assert [call for call, _ in bench.importer.calls] == ["import"] * 3


def test_rows_of_a_lost_answer_are_not_sent_again_with_newer_ones(bench: Bench) -> None:
    lost_answer(bench, Page(rows=(watched(1, 2),)))
    bench.run(Page(rows=(watched(1, 2, 3),)))

    assert row_numbers(bench.importer) == [1, 2, 3]


def test_blind_delivery_lists_a_doubt_and_never_repeats(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Blind(ImporterCapabilities(delivery="blind")))
    lost_answer(bench, posts(1))
    receipt = bench.run(posts(1))

    assert receipt["exit_code"] == 3
    assert receipt["counts"]["post"] == {"found": 1, "unchanged": 1, "unknown": 1}
    assert len(bench.importer.calls) == 1


# --- whose data --------------------------------------------------------------------------------


def test_another_account_is_refused(bench: Bench) -> None:
    bench.run(Page(rows=(watched(*range(0, 60, 2)),)), posts(1))
    before = dict(bench.importer.store)
    receipt = bench.run(Page(rows=(watched(*range(1, 61, 2)),)), posts(2), whose=("bob.example",))
    assert receipt["exit_code"] == 6
    assert "ada.example" in receipt["error"]["message"]
    assert bench.importer.store == before


def test_too_little_to_tell_accounts_apart_is_a_question(bench: Bench) -> None:
    bench.run(posts(1))
    receipt = bench.run(posts(2), whose=("bob.example",))
    assert receipt["exit_code"] == 2
    assert "ada.example" in receipt["error"]["message"]
    assert len(bench.importer.store) == 1
    bench.answer = False
    assert bench.run(posts(2), whose=("bob.example",))["exit_code"] == 6
    bench.answer = True
    assert bench.run(posts(2), whose=("bob.example",))["exit_code"] == 0
    bench.answer = None
    assert bench.run(posts(3), whose=("bob.example",))["exit_code"] == 0


def test_a_renamed_account_is_recognised_by_its_rows(bench: Bench) -> None:
    bench.run(Page(rows=(watched(*range(9)),)))
    receipt = bench.run(Page(rows=(watched(*range(3, 12)),)), whose=("ada.new",))
    assert receipt["exit_code"] == 0
    assert receipt["counts"]["event"] == {"found": 9, "new": 3, "unchanged": 6, "delivered": 3}
    assert row_numbers(bench.importer) == list(range(12))


def chat(key: str, *numbers: int) -> tuple[RowBatch, Item]:
    """A conversation with some messages."""
    rows = [
        {
            "time": f"2024-01-01T00:00:{n:02d}Z",
            "side": "them",
            "from": key,
            "text": f"t{n}",
        }
        for n in numbers
    ]
    collection = Collection("message", key, {"conversation": key})
    item = Item(f"conversation:{key}", "conversation", {"key": key, "title": key})
    return RowBatch(collection, rows, f"Chat History with {key}"), item


def chats(*pairs: tuple[RowBatch, Item]) -> tuple[Page, Page]:
    batches, items = zip(*pairs, strict=True)
    return Page(rows=batches), Page(items=items)


def test_a_partner_who_was_renamed_stays_one_conversation(bench: Bench) -> None:
    bench.run(*chats(chat("alice", 1, 2, 3), chat("carol", 7, 8)))
    receipt = bench.run(*chats(chat("alicia", 2, 3, 4), chat("carol", 7, 8, 9)))

    assert receipt["counts"]["message"] == {"found": 6, "new": 2, "unchanged": 4, "delivered": 2}
    held = {key for key in bench.importer.store if key.startswith("conversation:")}
    assert held == {"conversation:alice", "conversation:carol"}
    record = bench.importer.store["conversation:alice"]["record"]
    assert (record["key"], record["title"]) == ("alice", "alicia")
    collections = [
        entry["record"]["conversation"]
        for entry in bench.importer.store.values()
        if "collection" in entry["record"]
    ]
    assert sorted(collections) == ["alice", "alice", "carol", "carol"]
    again = bench.run(*chats(chat("alice", 1, 2), chat("alicia", 4, 5)))["counts"]["message"]
    assert again == {"found": 4, "new": 1, "unchanged": 3, "delivered": 1}


def test_a_new_partner_who_says_the_same_at_other_times_is_another(bench: Bench) -> None:
    bench.run(*chats(chat("alice", 1, 2, 3)))
    receipt = bench.run(*chats(chat("bob", 3, 5, 6, 7)))
    assert receipt["counts"]["message"]["new"] == 4


def test_a_renamed_account_goes_on_when_it_is_named(bench: Bench) -> None:
    bench.run(posts(1))
    receipt = bench.run(posts(1, 2), whose=("ada.new",), account="ada.example")
    assert receipt["counts"]["post"] == {"found": 2, "new": 1, "unchanged": 1, "delivered": 1}

    assert bench.run(posts(1, 2), whose=("ada.new",))["exit_code"] == 0


def test_an_export_that_does_not_say_whose_it_is_asks(bench: Bench) -> None:
    bench.run(posts(1))
    receipt = bench.run(posts(2), whose=())
    assert receipt["exit_code"] == 2
    assert "--account ada.example" in receipt["error"]["hint"]
    assert bench.run(posts(2), whose=(), account="ada.example")["exit_code"] == 0


def test_a_destination_that_was_emptied_is_filled_again(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1),)), posts(1))
    bench.importer = MemoryImporter()
    receipt = bench.run(Page(rows=(watched(1),)), posts(1))

    assert receipt["counts"]["post"]["delivered"] == 1
    assert row_numbers(bench.importer) == [1]
    assert any(isinstance(e, Notice) and "empty now" in e.text for e in bench.events)


def test_a_bundle_that_the_journal_does_not_know_is_refused(tmp_path: Path) -> None:
    first = Bench(tmp_path / "a")
    first.folder.mkdir()
    first.run(posts(1))
    (tmp_path / "b").mkdir()
    receipt = Bench(tmp_path / "b", first.importer).run(posts(1))

    assert receipt["exit_code"] == 9
    assert "Nothing was changed" in receipt["error"]["hint"]


def test_events_tell_of_every_item(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 2),)), posts(1))

    settled = [event for event in bench.events if isinstance(event, ItemSettled)]
    assert {(event.kind, event.state, event.rows) for event in settled} == {
        ("post", "confirmed", None),
        ("event", "confirmed", 2),
    }


# --- plugins that break their contract ---------------------------------------------------------


@pytest.mark.parametrize("method", ["check", "begin", "find_item", "finish"])
@pytest.mark.parametrize("error", [KeyError("oops"), SystemExit(7)])
def test_a_fault_in_any_method_is_blamed_on_the_plugin(
    bench: Bench, method: str, error: BaseException
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    if method == "find_item":
        lost_answer(bench, posts(1))
    broken = type("Broken", (MemoryImporter,), {method: fail})()
    broken.store, broken.held_for = bench.importer.store, bench.importer.held_for
    bench.importer = broken
    receipt = bench.run(posts(1))

    assert receipt["error"]["code"] == "plugin"
    assert "memory failed with" in receipt["error"]["message"]


@pytest.mark.parametrize("what", ["page", Page(("item",)), Page(rows=("row",))])  # type: ignore[arg-type]
def test_an_exporter_that_yields_nonsense_is_blamed(bench: Bench, what: object) -> None:
    class Nonsense(ScriptedExporter):
        def export_pages(self, cursor: str | None) -> Iterator[Page]:
            yield what  # type: ignore[misc]

    receipt = bench.run(exporter=Nonsense([]))
    assert receipt["error"]["code"] == "plugin"
    assert "scripted" in receipt["error"]["message"]


def test_two_items_of_one_id_are_not_both_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MemoryImporter(ImporterCapabilities(delivery="blind")))
    receipt = bench.run(posts(1, 1))

    assert len(bench.importer.calls) == 1
    assert receipt["problems"][0]["code"] == "duplicate-id"


def test_lists_are_bounded_and_say_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp.engine.tally.LISTED", 3)
    bench.missing = {"1.mp4"}
    receipt = bench.run(Page(tuple(linked(second, "1.mp4") for second in range(5))))

    assert len(receipt["media"]["missing"]) == 3
    assert receipt["unlisted"] == {"problems": 0, "missing": 2}


def test_a_full_list_takes_the_first_of_another_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the next step would be that of what happens to come first."""
    monkeypatch.setattr("decamp.engine.tally.LISTED", 3)
    tally = Tally()
    for number in range(9):
        code = "conflict" if number > 6 else "kept-raw"
        tally.problem(f"post:{number}", "post", "conflict", code, "why")
        tally.lacks(f"post:{number}", Missing("1.mp4", "gone" if number > 6 else "expired", "why"))
    assert [one["item"] for one in tally.problems] == ["post:0", "post:1", "post:2", "post:7"]
    assert [one["code"] for one in tally.missing] == [*["expired"] * 3, "gone"]
    assert tally.unlisted == {"problems": 5, "missing": 5}


def test_a_plan_after_a_kill_looks_at_what_is_there(bench: Bench) -> None:
    lost_answer(bench, Page(rows=(watched(1, 2),)), posts(1))
    before = dict(bench.importer.store)
    script = (Page(rows=(watched(1, 2, 3),)), posts(1, 2))

    plan = bench.run(*script, dry_run=True)
    assert bench.importer.store == before
    receipt = bench.run(*script)

    assert plan["counts"]["post"] == {"found": 2, "new": 1, "unchanged": 1}
    for kind, counts in plan["counts"].items():
        for column in ("found", "new", "changed", "unchanged"):
            assert counts.get(column, 0) == receipt["counts"][kind].get(column, 0), (kind, column)


# --- what was taken away -----------------------------------------------------------------------


class Checking(MemoryImporter):
    """A destination that can tell what it no longer holds."""

    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        for receipt in receipts:
            held = self.store.get(receipt.item_id)
            if held is None:
                yield Finding(receipt.item_id, problem="missing")
            elif "1.mp4" in held.get("taken", ()):
                yield Finding(receipt.item_id, problem="missing", blobs=("1.mp4",))
            else:
                yield Finding(receipt.item_id, depth)


def test_what_was_taken_away_is_brought_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Checking(idempotent(max_segment_rows=2)))
    script = (Page(rows=(watched(1, 2, 3),)), posts(1, 2))
    bench.run(*script, copy="same")
    whole = dict(bench.importer.store)
    segment = next(key for key in whole if key.startswith("event:"))
    for key in (segment, "post:2024-05-01T12:00:01Z"):
        del bench.importer.store[key]

    plan = bench.run(*script, copy="same", dry_run=True)
    receipt = bench.run(*script, copy="same")

    assert bench.importer.store == whole
    assert receipt["counts"]["post"] == {"found": 2, "new": 1, "unchanged": 1, "delivered": 1}
    assert plan["counts"]["event"]["new"] == receipt["counts"]["event"]["delivered"] > 0
    assert len(bench.importer.finished[-1]) == len(whole)
    assert any(isinstance(e, Notice) and "no longer at" in e.text for e in bench.events)


def test_a_file_that_was_taken_away_is_fetched_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Checking())
    bench.run(Page((linked(1, "1.mp4", "2.mp4"),)))
    [entry] = bench.importer.store.values()
    entry["taken"] = {"1.mp4"}
    bench.fetched = []
    receipt = bench.run(Page((linked(1, "1.mp4", "2.mp4"),)))

    assert bench.fetched == ["1.mp4"]
    assert receipt["exit_code"] == 0


def test_a_stop_during_the_last_fetch_is_no_end(bench: Bench) -> None:
    def stop_while_fetching(blob: Blob, item: Item) -> Missing:
        bench.stop.set()
        return Missing(blob.name, "unreachable", "stopped")

    bench.fetch = stop_while_fetching  # type: ignore[method-assign]
    receipt = bench.run(Page((linked(1, "1.mp4"),)))

    assert (receipt["exit_code"], receipt["state"]) == (130, "interrupted")
    assert bench.importer.finished == []


def test_twins_that_nothing_tells_apart_stay_the_same(bench: Bench) -> None:
    bench.run(twins(("/a", ""), ("/b", "")))
    receipt = bench.run(twins(("/c", ""), ("/d", "")))

    assert receipt["counts"]["post"] == {"found": 2, "unchanged": 2}


def test_what_was_dead_on_arrival_is_listed_and_not_due(bench: Bench) -> None:
    dead = post_item(1).evolve(missing=(Missing("1.mp4", "dead-on-arrival", "Expired before."),))
    receipt = bench.run(Page((dead,)))
    assert receipt["exit_code"] == 0
    assert receipt["media"]["missing"][0]["code"] == "dead-on-arrival"

    receipt = bench.run(Page((linked(1, "1.mp4"),)))
    assert bench.fetched == ["1.mp4"]
    assert receipt["counts"]["post"] == {"found": 1, "unchanged": 1, "updated": 1}


def test_what_the_exporter_kept_raw_is_listed(bench: Bench) -> None:
    record = {"name": "VideoList", "path": "Post/VideoList/17", "reason": "cut", "value": "x"}
    receipt = bench.run(Page((Item("section:x", "section", record),)))

    assert receipt["exit_code"] == 3
    assert receipt["problems"][0]["code"] == "kept-raw"
    assert "section:x" in bench.importer.store


def test_the_journal_knows_no_caption(bench: Bench) -> None:
    bench.run(twins(("/a/secret-path", "a very private caption"), ("/b", "B")))
    with sqlite3.connect(bench.path) as db:
        stored = str(db.execute("SELECT * FROM ordinals").fetchall())
    assert "private" not in stored
    assert "secret" not in stored


def test_links_are_counted_in_the_plan_and_told_first(bench: Bench) -> None:
    def timed(second: int, expires: datetime) -> Item:
        blob = Blob("1.mp4", "video/mp4", link=Link("https://cdn/1", expires))
        return post_item(second).evolve(blobs=(blob,))

    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    gone = datetime.now(UTC) - timedelta(days=2)
    page = Page((timed(1, gone), timed(2, soon)))

    plan = bench.run(page, dry_run=True)
    assert plan["media"]["links"] == 2
    assert plan["media"]["expired"] == 1
    assert plan["media"]["until"] == soon.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = [e.text for e in bench.events if isinstance(e, Notice)]
    assert len(told) == 1
    assert "stopped working" in told[0]


def test_the_same_rows_once_more_are_not_taken_for_the_segment_that_is_there(
    bench: Bench,
) -> None:
    """A later export has one row more, and it is equal to one that was delivered alone."""
    for count in (1, 2, 4):
        receipt = bench.run(Page(rows=(watched(*[7] * count),)))
        assert receipt["exit_code"] == 0
        assert row_numbers(bench.importer) == [7] * count


def test_the_journal_knows_of_an_item_before_its_first_byte_leaves(bench: Bench) -> None:
    """Seen from another connection, so it is committed; rows are not yet delivered."""
    seen: list[tuple[str, int]] = []

    def look(call: str, item: Item) -> None:
        with closing(sqlite3.connect(bench.path)) as db:
            [(state,)] = db.execute("SELECT state FROM items WHERE id = ?", (item.id,)).fetchall()
            query = "SELECT coalesce(sum(delivered), 0) FROM rows WHERE item = ?"
            seen.append((state, db.execute(query, (item.id,)).fetchone()[0]))

    bench.importer.before = look
    bench.run(Page(rows=(watched(1, 2, 3),)), posts(1, 2))
    bench.run(Page(rows=(watched(1, 2, 3, 4),)), posts(1, 2, caption="Edited"))
    assert seen == [("intent", 0)] * 6


# --- media that are needed, mappings that improve ----------------------------------------------


def test_a_post_without_its_media_is_held_where_they_are_needed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MemoryImporter(idempotent(needs_media=True)))
    bench.missing = {"1.mp4"}
    script = (Page((linked(1, "1.mp4"), linked(2, "2.mp4"))),)
    for _ in range(2):
        receipt = bench.run(*script)
        assert receipt["exit_code"] == 3
        assert receipt["counts"]["post"]["held"] == 1
        assert not receipt["verdict"]["complete"]
        assert list(bench.importer.store) == ["post:2024-05-01T12:00:02Z"]
    bench.missing = set()
    receipt = bench.run(*script)
    assert receipt["exit_code"] == 0
    assert receipt["counts"]["post"]["delivered"] == 1
    assert len(bench.importer.store) == 2


def mapped_before(item: Item, version: int) -> Item | None:
    """Version 1 did not know the place."""
    if version != 1:
        return None
    return item.evolve(record={k: v for k, v in item.record.items() if k != "place"})


def placed(caption: str) -> Page:
    item = post_item(1, caption=caption)
    return Page((item.evolve(record={**item.record, "place": "Rotterdam"}),))


def test_a_better_mapping_is_told_apart_from_a_change(bench: Bench) -> None:
    bench.run(posts(1, caption="A"))
    same = bench.run(placed("A"), mapping=2, former=mapped_before)
    assert same["counts"]["post"] == {"found": 1, "unchanged": 1}
    better = bench.run(placed("A"), mapping=2, former=mapped_before, refresh=True)
    assert better["counts"]["post"] == {"found": 1, "changed": 1, "updated": 1}
    [entry] = bench.importer.store.values()
    assert entry["record"]["place"] == "Rotterdam"
    again = bench.run(placed("A"), mapping=2, former=mapped_before, refresh=True)
    assert again["counts"]["post"] == {"found": 1, "unchanged": 1}


def test_a_change_is_sent_whatever_the_mapping(bench: Bench) -> None:
    bench.run(posts(1, caption="A"))
    receipt = bench.run(placed("B"), mapping=2, former=mapped_before)
    assert receipt["counts"]["post"] == {"found": 1, "changed": 1, "updated": 1}
