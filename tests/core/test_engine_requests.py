"""The life of a request, with a scripted service, a destination in memory and a still clock."""

from __future__ import annotations

import sqlite3
import stat
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from decamp.engine.copies.fetch import growing
from decamp.engine.copies.requests import DEADLINE, pace
from decamp.errors import (
    AccessDenied,
    AuthError,
    RateLimited,
    TransferError,
    Unavailable,
)
from decamp.events import Downloaded, Event, Stage, Waiting
from decamp.model import Item
from decamp.spec import RequestStatus
from decamp.testing import MemoryImporter, ScriptedRequests
from decamp.testing.samples import post_item
from engine_harness import Bench
from request_bench import (
    CONSENT,
    PENDING,
    bench,
    clock,
    copies,
    delivered,
    grant,
    refuse,
    requests,
    service,
    told,
)
from still_clock import StillClock

__all__ = ["bench", "clock"]

# --- the ordinary way ------------------------------------------------------------------------


def test_it_is_asked_for_waited_for_fetched_and_read(bench: Bench, clock: StillClock) -> None:
    source = service(states=3)
    receipt = bench.run(exporter=source, grant=grant())

    assert receipt["exit_code"] == 0
    assert [call for call, _ in source.calls] == ["request", *["status"] * 4, "download"]
    assert delivered(bench) == [post_item(1).id, post_item(2).id]
    assert [event.stage for event in bench.events if isinstance(event, Stage)][:3] == [
        *("requesting", "downloading", "reading"),
    ]
    [request] = requests(bench)
    assert (request.step, request.id, request.consent) == ("used", "1", "2026-11-24T08:00:00Z")
    assert copies(bench) == []
    assert receipt["consent"] == {
        "basis": "authorization",
        "named": "scripted:",
        "given": "2026-11-24T08:00:00Z",
        "asked": {},
        "scopes": ["all.single"],
        "granted": ["all.single"],
    }


def test_patience_is_seconds_then_minutes_then_an_hour() -> None:
    asked = datetime(2026, 11, 25, tzinfo=UTC)
    waits = [pace(asked, asked + timedelta(seconds=age)) for age in (0, 60, 600, 3600, 86400, 1e7)]
    assert [wait.total_seconds() for wait in waits] == [5, 6, 60, 360, 3600, 3600]
    assert pace(asked, asked - timedelta(days=1)).total_seconds() == 5  # a clock was set back


def test_waiting_is_told_calmly(bench: Bench, clock: StillClock) -> None:
    source = service(states=50)
    bench.run(exporter=source, grant=grant())

    waits = [event for event in bench.events if isinstance(event, Waiting)]
    assert sum(clock.waits) > 1800
    assert 3 < len(waits) < 15
    assert waits[0] == Waiting(
        "2026-11-25T09:00:05Z",
        "Scripted is preparing the copy that was asked for on 2026-11-25 09:00 UTC.",
    )


def test_waiting_for_another_reason_is_told(bench: Bench, clock: StillClock) -> None:
    source = service(states=3)
    checks = iter([None, *[Unavailable("Scripted cannot be reached.")] * 5, None])

    def unreachable(call: str) -> None:
        error = next(checks, None) if call == "status" else None
        if error is not None:
            raise error

    source.before = unreachable
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    reasons = [event.reason for event in bench.events if isinstance(event, Waiting)]
    assert "Scripted cannot be reached." in reasons
    assert reasons[-1].startswith("Scripted is preparing the copy")


def test_without_waiting_it_ends_with_the_hour_and_goes_on_later(bench: Bench, clock) -> None:
    source = service(states=2)
    receipt = bench.run(exporter=source, grant=grant(), wait=False)
    assert (receipt["exit_code"], receipt["state"]) == (10, "waiting")
    assert receipt["error"]["until"] == "2026-11-25T09:00:05Z"
    assert clock.waits == []

    clock.pass_by(hours=2)
    receipt = bench.run(exporter=source, grant=grant(), wait=False)
    assert receipt["error"]["until"] == "2026-11-25T11:12:00Z"
    assert bench.run(exporter=source, grant=grant(), wait=False)["exit_code"] == 0
    assert source.taken == ["1"]


def test_a_word_that_nobody_knows_is_shown(bench: Bench) -> None:
    source = service()
    source.states = [RequestStatus("pending", None, "queued")]
    receipt = bench.run(exporter=source, grant=grant(), wait=False)
    assert "Scripted calls its state 'queued'." in receipt["error"]["message"]


def test_the_copy_is_for_its_owner_alone(bench: Bench) -> None:
    source = service()

    def look(call: str, item: Item) -> None:
        assert source.reading is not None
        if sys.platform != "win32":
            assert stat.S_IMODE(source.reading.parent.stat().st_mode) == 0o700

    bench.importer.before = look
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0


def test_how_much_is_here_is_told_while_it_is_downloaded(bench: Bench, tmp_path: Path) -> None:
    source, told = service(), threading.Event()
    download = source.download

    def slow(request: str, file: Path) -> None:
        download(request, file)
        whole = file.read_bytes()
        with file.open("wb") as target:
            target.write(b"123")
            target.flush()
            assert told.wait(60), "nothing is told before the end"
            target.seek(0)
            target.write(whole)
            target.truncate()  # only now, or a look might find the file empty

    class Heard(list[Event]):
        def append(self, event: Event) -> None:
            super().append(event)
            if event == Downloaded(3):
                told.set()

    bench.events = Heard()
    with growing(tmp_path / "none", bench.events.append):
        pass
    assert bench.events == []
    source.download = slow  # type: ignore[method-assign]
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    sizes = [event.size for event in bench.events if isinstance(event, Downloaded)]
    assert sizes[-2:] == [3, 1]


# --- asking once -----------------------------------------------------------------------------


def test_the_intent_is_durable_before_the_call_and_the_id_right_after(bench: Bench) -> None:
    source = service()
    seen = []

    def look(call: str) -> None:
        with closing(sqlite3.connect(bench.path)) as db:
            seen.append((call, *db.execute("SELECT state, id FROM requests").fetchone()))

    source.before = look
    bench.run(exporter=source, grant=grant())
    assert seen == [("request", "asking", ""), ("status", "open", "1"), ("download", "ready", "1")]


def losing(call: str, error: TransferError) -> ScriptedRequests:
    source = service(repeats=False)

    def lose(name: str) -> None:
        if name == call:
            raise error

    source.after = lose
    return source


def test_a_lost_answer_is_never_repeated_on_a_guess(bench: Bench, clock: StillClock) -> None:
    source = losing("request", Unavailable("The connection broke off."))
    receipt = bench.run(exporter=source, grant=grant())
    assert (receipt["exit_code"], receipt["error"]["code"]) == (5, "auth")
    assert receipt["error"]["message"] == (
        "decamp asked Scripted for the copy on 2026-11-25 09:00 UTC, and the answer was lost: "
        "Scripted may have taken the request or not. The permission was for a single copy, so "
        "decamp does not ask again on a guess."
    )
    assert "decamp connect scripted" in receipt["error"]["hint"]

    again = bench.run(exporter=source, grant=grant())
    assert again["error"] == receipt["error"]
    assert source.taken == ["1"]


def test_a_new_consent_ends_the_doubt(bench: Bench) -> None:
    source = losing("request", Unavailable("The connection broke off."))
    bench.run(exporter=source, grant=grant())
    source.after = lambda call: None

    receipt = bench.run(exporter=source, grant=grant(CONSENT + timedelta(days=1)))
    assert receipt["exit_code"] == 0
    assert [one.step for one in requests(bench)] == ["lost", "used"]
    assert len(source.taken) == 2


def test_where_asking_costs_nothing_the_next_run_asks_again(bench: Bench) -> None:
    source = losing("request", Unavailable("The connection broke off."))
    source.repeats = True
    receipt = bench.run(exporter=source, grant=grant())
    assert receipt["exit_code"] == 7
    assert len(source.taken) == 1  # not even then twice in one run

    source.before = lambda call: refuse(AccessDenied("A request is open."))
    receipt = bench.run(exporter=source, grant=grant())
    assert receipt["error"]["message"] == (
        "A request is open. The answer to the request of 2026-11-25 09:00 UTC was lost, so that "
        "one may be open at Scripted, and stand in the way of a new one."
    )
    assert [one.step for one in requests(bench)] == ["asking"]

    source.before = lambda call: None
    source.after = lambda call: None
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert any("so decamp asks again" in text for text in told(bench))
    assert [one.step for one in requests(bench)] == ["lost", "used"]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("No network.", unsent=True),
        RateLimited("Slow down."),
        AccessDenied("Not granted."),
    ],
)
def test_what_was_surely_not_taken_may_be_asked_for_again(bench: Bench, error) -> None:
    source = service(repeats=False)
    refused = iter([error])

    def refuse(call: str) -> None:
        if call == "request":
            for one in refused:
                raise one

    source.before = refuse
    first = bench.run(exporter=source, grant=grant())
    if isinstance(error, AuthError):
        assert first["error"]["message"] == "Not granted."
        assert requests(bench) == []
        first = bench.run(exporter=source, grant=grant())
    assert first["exit_code"] == 0
    assert source.taken == ["1"]


def test_told_to_slow_down_for_long_it_waits_as_told(bench: Bench, clock: StillClock) -> None:
    source = service(repeats=False)
    errors = iter([RateLimited("Slow down.", retry_after=600)])
    source.before = lambda call: [refuse(error) for error in errors] and None
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert 600 in clock.waits

    other = service(repeats=False)
    errors = iter([RateLimited("Slow down.", retry_after=600)])
    other.before = lambda call: [refuse(error) for error in errors] and None
    bench.importer = MemoryImporter()
    receipt = bench.run(
        exporter=other, grant=grant(CONSENT + timedelta(days=1), "open-id-2"), wait=False
    )
    assert (receipt["exit_code"], receipt["error"]["message"]) == (10, "Slow down.")


def test_no_service_can_make_it_wait_for_ever(bench: Bench, clock: StillClock) -> None:
    source = service(repeats=False)
    errors = iter([RateLimited("Slow down.", retry_after=1e300)])
    source.before = lambda call: [refuse(error) for error in errors] and None
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert max(clock.waits) == DEADLINE.total_seconds()


def test_a_fault_of_the_plugin_leaves_a_doubt(bench: Bench) -> None:
    source = service(repeats=False)
    source.after = lambda call: int("x")
    receipt = bench.run(exporter=source, grant=grant())
    assert "may have taken the request or not" in receipt["error"]["message"]


# --- used up, expired, cancelled, late -------------------------------------------------------


def test_a_single_copy_is_asked_for_once(bench: Bench) -> None:
    source = service(repeats=False)
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0

    receipt = bench.run(exporter=source, grant=grant())
    assert receipt["exit_code"] == 5
    assert receipt["error"]["message"] == (
        "The permission was for a single copy, and that has been brought: it was asked for on "
        "2026-11-25 09:00 UTC."
    )
    assert source.taken == ["1"]


def test_ongoing_brings_what_is_new_each_time(bench: Bench) -> None:
    source = service((1, 2), (1, 2, 3), (2, 3, 4))
    counts = []
    for _ in range(3):
        receipt = bench.run(exporter=source, grant=grant())
        counts.append(receipt["counts"]["post"].get("delivered", 0))
    assert counts == [2, 1, 1]
    assert source.taken == ["1", "2", "3"]


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_what_has_ended_is_asked_for_anew_if_that_costs_nothing(bench: Bench, state) -> None:
    source = service()
    source.states = [RequestStatus(state)]
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 7  # it had just been asked
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert [one.step for one in requests(bench)] == [state, "used"]


def test_a_single_copy_that_expired_is_gone(bench: Bench, clock: StillClock) -> None:
    source = service(repeats=False, states=1)
    bench.run(exporter=source, grant=grant(), wait=False)
    clock.pass_by(days=6)
    source.states = [RequestStatus("expired", clock.time - timedelta(days=2))]
    receipt = bench.run(exporter=source, grant=grant())
    assert receipt["exit_code"] == 5
    assert "has expired at Scripted before it was fetched" in receipt["error"]["message"]
    assert "decamp connect scripted" in receipt["error"]["hint"]
    assert source.taken == ["1"]


def test_never_ending_pending_is_given_up_by_our_own_deadline(bench: Bench, clock) -> None:
    source = service(repeats=False)
    source.states = [PENDING] * 1000
    receipt = bench.run(exporter=source, grant=grant())
    assert receipt["exit_code"] == 7
    assert "for more than 7 days" in receipt["error"]["message"]
    assert "decamp cancel" in receipt["error"]["hint"]
    assert timedelta(seconds=sum(clock.waits)) >= DEADLINE

    source.states = []  # ready after all
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert source.taken == ["1"]
