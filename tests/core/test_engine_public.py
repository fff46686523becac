"""Destinations that others can see, that take several items at once, and only so much in a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from decamp.engine.delivery.budgets import Ledger
from decamp.errors import ConfigError, Conflict, ItemHeld, ItemSkipped, RateLimited, Unavailable
from decamp.events import Waiting
from decamp.model import Blob, Destination, Item, Link, Loss, Missing, Page, Preview, Receipt
from decamp.spec import Budget, ImporterCapabilities
from decamp.testing import MemoryImporter
from decamp.testing.samples import known_blob, post_item
from engine_harness import Bench, idempotent, watched

START = datetime(2026, 11, 25, 12, tzinfo=UTC)


class StandingClock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=sum(self.waited))

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.waited.append(seconds)


@define(slots=False)
class Wall(MemoryImporter):
    """A public destination with batches and previews."""

    batches: list[int] = field(factory=list)
    refusals: list[Exception] = field(factory=list)

    def import_batch(self, items: Sequence[Item]) -> Sequence[Receipt | Exception]:
        self.batches.append(len(items))
        if self.refusals:
            raise self.refusals.pop(0)
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Receipt | Exception:
        try:
            return self.import_item(item)
        except (Conflict, ItemHeld, ItemSkipped) as error:
            return error

    def preview(self, item: Item) -> Preview:
        known = all(blob.size is not None for blob in item.blobs)
        losses = [Loss("sound", "The sound stays behind.")] if "sound" in item.record else []
        losses += [Loss("large", "A large file is left out.", certain=known)] if item.blobs else []
        return Preview(tuple(losses), {"points": 3})


@define(slots=False)
class Mute(Wall):
    """One that cannot say what it holds."""

    def check(self) -> Destination:
        return Destination("mute", "mute", mute=True)


def wall(
    tmp_path: Path,
    kind: type[Wall] = Wall,
    clock: StandingClock | None = None,
    **changes: object,
) -> Bench:
    changes = {"public": True, "max_batch": 50, **changes}
    clock = clock or StandingClock()
    importer = kind(capabilities=idempotent(**changes))
    return Bench(tmp_path, importer, now=clock.now, pause=clock.wait)


def public(*seconds: int, **fields: object) -> Page:
    return Page(tuple(post_item(second, audience="public", **fields) for second in seconds))


# --- audience ----------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["friends", "private", "unknown"])
def test_only_what_is_public_goes_to_a_public_destination(tmp_path: Path, audience: str) -> None:
    bench = wall(tmp_path)
    page = Page((post_item(1, audience="public"), post_item(2, audience=audience)))

    receipt = bench.run(page)

    assert list(bench.importer.store) == [post_item(1).id]
    assert receipt["counts"]["post"]["skipped"] == 1
    assert f"--audience {audience}" in receipt["problems"][0]["reason"]
    assert not receipt["verdict"]["complete"]
    bench.run(page, audiences=frozenset({"public", audience}))
    assert len(bench.importer.store) == 2


def test_a_deleted_post_is_told_as_deleted(tmp_path: Path) -> None:
    post = post_item(1, audience="private", deleted="2026-11-01T08:00:00Z")
    [problem] = wall(tmp_path).run(Page((post,)))["problems"]
    assert problem["reason"].startswith("it was deleted at the source, and")


def test_nothing_but_posts_is_taken_for_public(tmp_path: Path) -> None:
    bench = wall(tmp_path)
    section = Item("section:a:1", "section", {"name": "a", "path": "a", "value": 1})
    bench.run(Page((section,)), Page(rows=(watched(1, 2),)))
    assert bench.importer.store == {}


def test_a_post_that_is_private_now_is_not_sent_again_and_stays_for_its_owner_to_delete(
    tmp_path: Path,
) -> None:
    bench = wall(tmp_path)
    bench.run(public(1, caption="Seen by all"))
    receipt = bench.run(Page((post_item(1, audience="private", caption="Changed"),)))
    assert bench.importer.store[post_item(1).id]["record"]["caption"] == "Seen by all"
    assert receipt["counts"]["post"]["withheld"] == 1


def test_an_audience_that_is_none_is_refused() -> None:
    from decamp.engine.judging.audience import widened

    with pytest.raises(ConfigError, match="everybody"):
        widened(["everybody"])


# --- a destination that cannot say what it holds -----------------------------------------


def test_what_a_mute_destination_holds_is_known_from_the_journal(tmp_path: Path) -> None:
    bench = wall(tmp_path, Mute)
    bench.run(public(1, 2))
    calls = len(bench.importer.calls)
    receipt = bench.run(public(1, 2, 3))
    assert receipt["counts"]["post"]["unchanged"] == 2
    assert len(bench.importer.calls) == calls + 1


# --- losses ------------------------------------------------------------------------------


def test_a_plan_foretells_losses_and_the_receipt_tells_what_was_lost(tmp_path: Path) -> None:
    bench = wall(tmp_path)
    linked = known_blob("1.mp4", b"video")
    unknown = type(linked)("1.mp4", "video/mp4", linked.open)
    items = (
        post_item(1, audience="public", sound="a song"),
        post_item(2, audience="public").evolve(blobs=(unknown,)),
    )

    plan = bench.run(Page(items), dry_run=True)
    assert [
        (one["code"], one["certain"], one["conditional"]) for one in plan["losses"]["sums"]
    ] == [
        ("sound", 1, 0),
        ("large", 0, 1),
    ]
    assert plan["public"]
    assert plan["audience"] == ["public"]

    receipt = bench.run(Page(items))
    sums = {one["code"]: one for one in receipt["losses"]["sums"]}
    assert (sums["sound"]["certain"], sums["large"]["certain"]) == (1, 1)
    assert {one["item"] for one in receipt["losses"]["items"]} == {item.id for item in items}
    assert bench.run(Page(items))["losses"]["sums"] == []


def test_held_and_skipped_are_outcomes_of_their_own(tmp_path: Path) -> None:
    bench = wall(tmp_path)

    def refuse(call: str, item: Item) -> None:
        if item.id == post_item(1).id:
            raise ItemHeld("its video is missing")
        if item.id == post_item(2).id:
            raise ItemSkipped("too long")

    bench.importer.before = refuse
    receipt = bench.run(public(1, 2, 3))
    counts = receipt["counts"]["post"]
    assert (counts["held"], counts["skipped"], counts["delivered"]) == (1, 1, 1)
    assert receipt["exit_code"] == 3
    bench.importer.before = lambda call, item: None
    assert bench.run(public(1, 2, 3))["counts"]["post"]["delivered"] == 2


def test_files_that_are_worth_nothing_there_are_neither_fetched_nor_missed(tmp_path: Path) -> None:
    bench = wall(tmp_path, leaves_out=frozenset({"cover"}))
    links = [Blob(name, "image/jpeg", link=Link(f"https://cdn/{name}")) for name in ("1", "cover")]
    item = post_item(1, audience="public").evolve(
        blobs=tuple(links), missing=(Missing("cover.jpg", "expired", ""),)
    )
    receipt = bench.run(Page((item,)))
    assert bench.fetched == ["1"]
    assert receipt["exit_code"] == 0
    assert bench.run(Page((item,)))["counts"]["post"]["unchanged"] == 1
    assert bench.fetched == ["1"]


# --- batches -----------------------------------------------------------------------------


def test_small_items_travel_together_and_others_alone(tmp_path: Path) -> None:
    bench = wall(tmp_path)
    film = post_item(999, audience="public", blobs=(known_blob("1.mp4", b"v"),))
    receipt = bench.run(Page((*public(*range(120)).items, film)))
    assert receipt["counts"]["post"]["delivered"] == 121
    assert sum(bench.importer.batches) == 120
    assert max(bench.importer.batches) == 50


def test_one_bad_item_does_not_spoil_its_batch(tmp_path: Path) -> None:
    bench = wall(tmp_path)

    def refuse(call: str, item: Item) -> None:
        if item.id == post_item(7).id:
            raise Conflict("somebody has edited it")

    bench.importer.before = refuse
    counts = bench.run(public(*range(20)))["counts"]["post"]
    assert (counts["delivered"], counts["conflict"]) == (19, 1)


def test_a_batch_without_an_answer_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decamp.engine.workers.random.uniform", lambda low, high: low)
    bench = wall(tmp_path)
    bench.importer.refusals = [Unavailable("no answer")]
    assert bench.run(public(*range(20)))["counts"]["post"]["delivered"] == 20
    assert len(bench.importer.batches) == 2


@pytest.mark.parametrize("answers", [[], ["x"], [Receipt("another", "somewhere")]])
def test_answers_that_do_not_fit_are_a_fault_of_the_plugin(tmp_path: Path, answers: list) -> None:
    bench = wall(tmp_path)
    bench.importer.import_batch = lambda items: answers
    receipt = bench.run(public(1))
    assert receipt["problems"][0]["code"] == "plugin"


# --- budgets -----------------------------------------------------------------------------


def test_a_run_keeps_to_its_budgets_and_its_plan_knew_when_it_would_end(tmp_path: Path) -> None:
    budgets = (Budget("points", 30, 3_600), Budget("points", 50, 86_400))
    clock = StandingClock()
    bench = wall(tmp_path, clock=clock, budgets=budgets)
    plan = bench.run(public(*range(30)), dry_run=True)

    receipt = bench.run(public(*range(30)))

    assert receipt["counts"]["post"]["delivered"] == 30
    assert clock.waited == [3_601, 82_800, 3_601]  # a second of margin for each hour
    late = clock.now() - datetime.fromisoformat(plan["finish"])
    assert timedelta(0) <= late < timedelta(seconds=5)
    waits = [event for event in bench.events if isinstance(event, Waiting)]
    assert len(waits) == 3
    assert "points" in waits[0].reason


def test_what_was_spent_is_known_to_the_next_run(tmp_path: Path) -> None:
    clock = StandingClock()
    bench = wall(tmp_path, clock=clock, budgets=(Budget("points", 30, 3_600),))
    bench.run(public(*range(10)))
    receipt = bench.run(public(*range(12)), wait=False)
    assert (receipt["exit_code"], receipt["error"]["code"]) == (7, "rate-limited")
    at = (
        f"{START + timedelta(seconds=3_660):%Y-%m-%d %H:%M} UTC"  # an hour, a second, a full minute
    )
    assert receipt["error"]["message"].startswith(f"Nothing more can be sent until {at}: ")
    assert len(bench.importer.store) == 10
    clock.wait(3_600, threading.Event())
    assert bench.run(public(*range(12)), wait=False)["exit_code"] == 0


def linked(count: int) -> Page:
    video = Blob("1.mp4", "video/mp4", link=Link("https://cdn/1.mp4"))
    posts = (post_item(number, audience="public") for number in range(count))
    return Page(tuple(post.evolve(blobs=(video,)) for post in posts))


def test_what_links_name_is_fetched_before_a_long_wait(tmp_path: Path) -> None:
    clock = StandingClock()
    bench = wall(tmp_path, clock=clock, budgets=(Budget("points", 30, 3_600),), max_batch=1)
    fetch, all_fetched = bench.fetch, threading.Event()

    def counted(blob: Blob, item: Item) -> Blob | Missing:
        found = fetch(blob, item)
        if len(bench.fetched) == 200:
            all_fetched.set()
        return found

    def pause(seconds: float, stop: threading.Event) -> None:
        if not clock.waited and not all_fetched.wait(60):  # nothing can be sent meanwhile
            stop.set()
        clock.wait(seconds, stop)

    bench.fetch, bench.pause = counted, pause
    receipt = bench.run(linked(200))

    assert receipt["counts"]["post"]["delivered"] == 200
    assert set(bench.importer.store) == {post_item(number).id for number in range(200)}
    assert sum(clock.waited) == 19 * 3_601
    waits = [event for event in bench.events if isinstance(event, Waiting)]
    assert "points" in waits[0].reason


def test_while_the_room_for_files_is_full_what_was_set_aside_is_sent(tmp_path: Path) -> None:
    """Fetching waits for room, which only sending gives, and for sending it is time by then."""
    clock = StandingClock()
    bench = wall(tmp_path, clock=clock, budgets=(Budget("points", 30, 3_600),), max_batch=1)
    room = threading.Semaphore(40)
    fetch = bench.fetch

    def fetch_into_room(blob: Blob, item: Item) -> Blob | Missing:
        if not room.acquire(blocking=False):
            clock.wait(3_601, bench.stop)  # hours pass while it waits
            room.acquire()
        return fetch(blob, item)

    bench.fetch = fetch_into_room
    bench.release = lambda item: room.release()
    assert bench.run(linked(120))["counts"]["post"]["delivered"] == 120


def test_told_not_to_wait_nothing_is_fetched_ahead(tmp_path: Path) -> None:
    bench = wall(tmp_path, budgets=(Budget("points", 30, 3_600),), max_batch=1)
    receipt = bench.run(linked(1_000), wait=False)
    assert receipt["error"]["code"] == "rate-limited"
    assert len(bench.importer.store) == 10
    assert len(bench.fetched) < 200


def test_a_stop_lets_go_of_what_was_set_aside(tmp_path: Path) -> None:
    bench = wall(tmp_path, budgets=(Budget("points", 30, 3_600),), max_batch=1)
    bench.pause = lambda seconds, stop: stop.set()
    receipt = bench.run(linked(200))
    assert receipt["exit_code"] == 130
    assert len(bench.importer.store) == 10
    left = {post.id for post in linked(12).items} - set(bench.importer.store)
    bench.stop.clear()
    bench.pause = lambda seconds, stop: None
    bench.now = lambda: START + timedelta(days=2)
    assert bench.run(linked(12))["counts"]["post"]["delivered"] == len(left)


def test_a_service_that_asks_to_wait_is_waited_for(tmp_path: Path) -> None:
    clock = StandingClock()
    bench = wall(tmp_path, clock=clock)
    bench.importer.refusals = [RateLimited("slow down", retry_after=900.0)] * 2
    assert bench.run(public(*range(5)))["counts"]["post"]["delivered"] == 5
    assert clock.waited == [901.0, 901.0]


def test_a_service_that_refuses_for_ever_ends_the_run(tmp_path: Path) -> None:
    clock = StandingClock()
    bench = wall(tmp_path, clock=clock)
    bench.importer.refusals = [RateLimited("slow down", retry_after=900.0)] * 100
    receipt = bench.run(public(*range(5)))
    assert receipt["exit_code"] == 7
    assert len(clock.waited) == 20


@given(
    st.lists(st.integers(0, 12), max_size=60),
    st.lists(st.tuples(st.integers(10, 30), st.integers(10, 100)), min_size=1, max_size=3),
)
def test_no_window_ever_holds_more_than_its_budget(costs: list[int], windows: list) -> None:
    budgets = [Budget("points", limit, seconds) for limit, seconds in windows]
    ledger, now, spent = Ledger(budgets), 1_000.0, []
    for cost in costs:
        if cost > min(limit for limit, _ in windows):
            continue
        for _ in range(10):  # what one budget waits for, another may not have yet
            wait = ledger.delay({"points": cost}, now)[0]
            now += wait
            if not wait:
                break
        assert not ledger.delay({"points": cost}, now)[0]
        ledger.spend({"points": cost}, now)
        spent.append((now, cost))
    for limit, seconds in windows:
        for at, _ in spent:
            assert sum(cost for when, cost in spent if at <= when < at + seconds) <= limit


def test_capabilities_are_still_what_they_were() -> None:
    plain = ImporterCapabilities()
    assert (plain.public, plain.budgets, plain.max_batch) == (False, (), 0)
