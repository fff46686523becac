"""A journal that was lost, is older, or was overtaken by another machine's."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from decamp.engine.judging.ordinals import _likeness, part_id
from decamp.events import StageProgress
from decamp.journal import Journal, Marks
from decamp.model import Blob, Destination, Holding, Item, Origin, Page, Receipt
from decamp.spec import ImporterCapabilities
from decamp.testing import MemoryImporter
from decamp.testing.samples import post_item
from engine_harness import Bench, row_numbers, watched


@define
class Shelf(MemoryImporter):
    """A destination that shows how it was left, and can be read back."""

    seal: str = ""
    token: str = ""
    reads: int = 0

    def check(self) -> Destination:
        return Destination("memory", "memory", self.held_for if self.store else None, self.seal)

    def begin(self, origin: Origin, token: str) -> ImporterCapabilities:
        self.token = token
        return super().begin(origin, token)

    def import_item(self, item: Item) -> Receipt:
        self.seal = self.token
        return super().import_item(item)

    def update_item(self, item: Item, previous: Receipt) -> Receipt:
        self.seal = self.token
        return super().update_item(item, previous)

    def finish(self, receipts: Iterable[Receipt]) -> None:
        super().finish(receipts)
        content = repr(sorted((key, repr(value)) for key, value in self.store.items()))
        self.seal = hashlib.sha256(content.encode()).hexdigest()

    def known(self) -> Iterator[Holding]:
        self.reads += 1
        for key, entry in sorted(self.store.items()):
            blobs = tuple(_blob(name, data) for name, data in sorted(entry["blobs"].items()))
            kind = key.partition(":")[0]
            yield Holding(Item(key, kind, entry["record"], blobs), Receipt(key, f"memory:{key}"))


def _blob(name: str, data: bytes) -> Blob:
    rows = "event" if name == "rows.jsonl" else None
    digest = hashlib.sha256(data).hexdigest()
    return Blob(name, "x/y", lambda: io.BytesIO(data), len(data), digest, rows=rows)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Shelf())


def page(*seconds: int, **fields: Any) -> Page:
    return Page(tuple(post_item(second, **fields) for second in seconds))


def twins(*captions: str) -> Page:
    items = [post_item(1, caption=caption) for caption in captions]
    return Page(tuple(item.evolve(match=("", item.record["caption"])) for item in items))


def forget(bench: Bench) -> None:
    for path in bench.folder.glob("journal.db*"):
        path.unlink()


def test_a_lost_journal_is_rebuilt_and_nothing_is_sent_twice(bench: Bench) -> None:
    script = (Page(rows=(watched(1, 2, 2, 3), watched(9, month="2024-02"))), page(1, 2))
    bench.run(*script)
    before, calls = dict(bench.importer.store), list(bench.importer.calls)
    forget(bench)
    receipt = bench.run(*script)

    assert receipt["exit_code"] == 0
    for counts in receipt["counts"].values():
        assert counts == {"found": counts["found"], "unchanged": counts["found"]}
    assert (bench.importer.store, bench.importer.calls) == (before, calls)
    assert receipt["verdict"]["complete"]


def test_reading_back_says_how_far_it_is(bench: Bench) -> None:
    bench.run(page(*range(3)))
    forget(bench)
    bench.run(page(*range(3)))
    told = [event.done for event in bench.events if isinstance(event, StageProgress)]
    assert told == [1, 2, 3]


def test_a_stop_ends_reading_back_and_nothing_is_learnt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(page(*range(3)))
    before, calls = dict(bench.importer.store), list(bench.importer.calls)
    forget(bench)

    whole = Shelf.known

    def known(self: Shelf) -> Iterator[Holding]:
        for holding in whole(self):
            yield holding
            bench.stop.set()

    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "known", known)
        assert bench.run(page(*range(3)))["state"] == "interrupted"
    told = [event.done for event in bench.events if isinstance(event, StageProgress)]
    assert told == [1]
    bench.stop.clear()
    assert bench.run(page(*range(3)))["counts"]["post"] == {"found": 3, "unchanged": 3}
    assert (bench.importer.store, bench.importer.calls) == (before, calls)


def test_many_posts_of_one_second_are_not_each_compared_with_each(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5,000 of them took gigabytes, and came to no end."""
    captions = [f"caption {number}" for number in range(120)]
    bench.run(twins(*captions))
    before, calls = dict(bench.importer.store), list(bench.importer.calls)
    forget(bench)
    compared: list[int] = []

    def likeness(one: Marks, other: Marks) -> int:
        compared.append(_likeness(one, other))
        return compared[-1]

    monkeypatch.setattr("decamp.engine.judging.ordinals._likeness", likeness)
    receipt = bench.run(twins(*reversed(captions)))
    assert receipt["counts"]["post"] == {"found": 120, "unchanged": 120}
    assert len(compared) == 120
    assert (bench.importer.store, bench.importer.calls) == (before, calls)


def test_what_is_new_after_a_loss_is_sent_once(bench: Bench) -> None:
    bench.run(Page(rows=(watched(1, 2, 2),)), page(1))
    forget(bench)
    receipt = bench.run(Page(rows=(watched(2, 2, 2, 3),)), page(1, 2))
    assert receipt["counts"]["event"]["new"] == 2
    assert row_numbers(bench.importer) == [1, 2, 2, 2, 3]
    assert receipt["counts"]["post"] == {"found": 2, "new": 1, "unchanged": 1, "delivered": 1}


def test_a_plan_rebuilds_its_own_copy_only(bench: Bench) -> None:
    bench.run(page(1))
    forget(bench)
    plan = bench.run(page(1, 2), dry_run=True)
    assert plan["counts"]["post"] == {"found": 2, "new": 1, "unchanged": 1}
    assert not bench.path.exists()


def test_a_journal_in_step_reads_nothing_back(bench: Bench) -> None:
    assert isinstance(bench.importer, Shelf)
    bench.run(page(1))
    bench.run(page(1, 2))
    bench.run(page(1, 2), copy="same")
    bench.run(page(1, 2), copy="same")
    assert bench.importer.reads == 0


def test_an_older_journal_is_brought_up_to_date(bench: Bench, tmp_path: Path) -> None:
    rows = Page(rows=(watched(1),))
    bench.run(rows, page(1), copy="first")
    backup = tmp_path / "backup.db"
    journal = Journal.open(bench.path)
    journal.close()
    shutil.copy(bench.path, backup)
    bench.run(Page(rows=(watched(1, 2),)), page(1, 2))
    forget(bench)
    shutil.copy(backup, bench.path)
    receipt = bench.run(rows, page(1), copy="first")
    assert receipt["counts"]["post"] == {"found": 1, "unchanged": 1}
    bench.run(Page(rows=(watched(1, 2, 3),)), page(1, 2, 3))
    assert row_numbers(bench.importer) == [1, 2, 3]
    assert isinstance(bench.importer, Shelf)
    assert bench.importer.reads == 1


def test_two_machines_take_turns(tmp_path: Path) -> None:
    shelf = Shelf()
    machines = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        machines.append(Bench(tmp_path / name, shelf))
    for turn in range(1, 7):
        bench = machines[turn % 2]
        receipt = bench.run(Page(rows=(watched(*range(turn + 1)),)), page(*range(1, turn + 1)))
        assert receipt["exit_code"] == 0
        assert row_numbers(shelf) == list(range(turn + 1))
        assert len([key for key in shelf.store if key.startswith("post:")]) == turn


def test_an_interrupted_machine_and_another_one(tmp_path: Path) -> None:
    shelf = Shelf()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    a, b = (Bench(tmp_path / name, shelf) for name in ("a", "b"))

    def stop_a(call: str, item: Item) -> None:
        a.stop.set()

    shelf.after = stop_a
    assert a.run(page(*range(1, 140)))["exit_code"] == 130
    shelf.after = lambda call, item: None
    a.stop.clear()
    left = len(shelf.store)
    assert 0 < left < 139
    assert b.run(page(*range(1, 145)))["exit_code"] == 0
    receipt = a.run(page(*range(1, 146)))
    assert receipt["counts"]["post"]["unchanged"] == 144
    assert receipt["counts"]["post"]["delivered"] == 1


def test_twins_keep_their_numbers_without_a_journal(bench: Bench) -> None:
    bench.run(twins("A", "B", "C"))
    before = dict(bench.importer.store)
    forget(bench)
    receipt = bench.run(twins("C", "B"))
    assert receipt["counts"]["post"] == {"found": 2, "unchanged": 2}
    assert bench.importer.store == before
    forget(bench)
    bench.run(twins("B", "new", "C", "A"))
    captions = {key: entry["record"]["caption"] for key, entry in bench.importer.store.items()}
    assert captions == {
        "post:2024-05-01T12:00:01Z": "A",
        "post:2024-05-01T12:00:01Z#2": "B",
        "post:2024-05-01T12:00:01Z#3": "C",
        "post:2024-05-01T12:00:01Z#4": "new",
    }


def test_an_edit_that_is_no_longer_known_as_one_is_brought_up_to_date(bench: Bench) -> None:
    bench.run(page(1, caption="Before"))
    forget(bench)
    receipt = bench.run(page(1, caption="After"))
    assert receipt["counts"]["post"] == {"found": 1, "changed": 1, "updated": 1}
    [entry] = bench.importer.store.values()
    assert entry["record"]["caption"] == "After"


def test_a_doubt_outlives_being_read_back(bench: Bench) -> None:
    """What is unknown is neither there nor forgotten."""
    assert isinstance(bench.importer, Shelf)
    bench.run(page(1))
    journal = Journal.open(bench.path)
    [route] = journal.all_routes()
    with journal._write() as db:
        db.execute(
            "INSERT INTO items (route, id, kind, state, digest, mapping, run) "
            "VALUES (?, 'post:x', 'post', 'unknown', 'd', 1, 'r')",
            (route.id,),
        )
    journal.close()
    bench.importer.seal = "0f" * 32
    bench.run(page(1, 2))
    journal = Journal.open(bench.path)
    states = {one.item_id: one.state for one in journal.items(route.id, "unknown", "confirmed")}
    journal.close()
    assert states["post:x"] == "unknown"
    assert len(states) == 3
    assert bench.importer.reads == 1


@pytest.mark.parametrize(
    ("item_id", "parted"),
    [
        ("post:2024#2", ("post:2024", 2)),
        ("post:2024", ("post:2024", 1)),
        ("conversation:a#b", ("conversation:a#b", 1)),
        ("x#\u0663", ("x#\u0663", 1)),
        ("#", ("#", 1)),
    ],
)
def test_parting_an_id(item_id: str, parted: tuple[str, int]) -> None:
    assert part_id(item_id) == parted


def test_the_receipts_say_what_was_read_back(bench: Bench) -> None:
    bench.run(page(1))
    forget(bench)
    bench.run(page(1))
    assert any("Reading what is there" in getattr(event, "text", "") for event in bench.events)
