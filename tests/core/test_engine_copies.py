"""A copy that was made: shared, kept, fetched again, and trouble on the way to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from decamp.engine import Selection
from decamp.errors import (
    Locked,
    NotReady,
    SourceUnreadable,
    Unavailable,
)
from decamp.journal import Journal
from decamp.model import Account
from decamp.spec import RequestStatus
from decamp.testing import MemoryImporter
from engine_harness import Bench
from request_bench import (
    CONSENT,
    bench,
    clock,
    copies,
    grant,
    refuse,
    requests,
    service,
    told,
)
from still_clock import StillClock

__all__ = ["bench", "clock"]

# --- one copy for all who wait ---------------------------------------------------------------


class Place(MemoryImporter):
    """Another destination."""

    def check(self):
        from attrs import evolve

        return evolve(super().check(), id="other", title="other")


def test_a_copy_is_shared_by_those_who_wait_for_it(bench: Bench) -> None:
    source = service(repeats=False, states=2)
    first, second = bench.importer, Place()
    assert bench.run(exporter=source, grant=grant(), wait=False)["exit_code"] == 10
    bench.importer = second
    assert bench.run(exporter=source, grant=grant(), wait=False)["exit_code"] == 10
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert len(copies(bench)) == 1  # the first still waits
    bench.importer = first
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert source.taken == ["1"]
    assert copies(bench) == []
    assert len(first.store) == len(second.store) == 2


def test_who_has_it_asks_for_the_next_while_others_still_wait(bench: Bench, clock) -> None:
    source = service((1,), (1, 2), states=1)
    first, second = bench.importer, Place()
    bench.run(exporter=source, grant=grant(), wait=False)
    bench.importer = second
    bench.run(exporter=source, grant=grant(), wait=False)
    assert len(second.store) == 1
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert (source.taken, len(second.store)) == (["1", "2"], 2)
    bench.importer = first
    bench.run(exporter=source, grant=grant())
    assert (source.taken, len(first.store)) == (["1", "2"], 1)  # its own copy, before a new one
    assert copies(bench) == []


def test_another_account_has_requests_of_its_own(bench: Bench) -> None:
    source = service(states=1)
    bench.run(exporter=source, grant=grant(), wait=False)
    other = service()
    other.whose = Account("open-id-2", ("bob.example",))
    bench.importer = MemoryImporter()
    assert bench.run(exporter=other, grant=grant(account="open-id-2"))["exit_code"] == 0
    assert (source.taken, other.taken) == (["1"], ["1"])


def test_while_another_run_asks_this_one_waits(bench: Bench, clock: StillClock, monkeypatch):
    source = service()
    busy = iter([True, True])

    @contextmanager
    def lock(name: str) -> Iterator[None]:
        if "requests of" in name and next(busy, False):
            raise Locked("busy")
        yield

    bench.lock = lock
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert clock.waits == [2, 2]
    bench.lock = lambda name: _locked()
    receipt = bench.run(exporter=source, grant=grant(), wait=False)
    assert (receipt["exit_code"], source.taken) == (10, ["1"])


@contextmanager
def _locked() -> Iterator[None]:
    raise Locked("busy")
    yield


# --- what is kept ----------------------------------------------------------------------------


def test_an_unread_copy_is_used_first(bench: Bench) -> None:
    source = service((1,), (1, 2))
    source.copies[0].insert(0, SourceUnreadable("cut off by a crash"))
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 4
    assert len(copies(bench)) == 1
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert (source.taken, len(bench.importer.store)) == (["1"], 1)
    assert copies(bench) == []


def test_a_single_copy_stays_until_all_of_it_has_arrived(bench: Bench) -> None:
    source = service((1, 2), repeats=False)
    receipt = bench.run(exporter=source, grant=grant(), selection=Selection(limit=1))
    assert receipt["exit_code"] == 0
    assert len(copies(bench)) == 1
    assert any("decamp keeps the copy" in text for text in told(bench))
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert (source.taken, len(bench.importer.store), copies(bench)) == (["1"], 2, [])


def test_a_copy_that_was_deleted_by_hand_is_fetched_again(bench: Bench) -> None:
    source = service((1, 2), repeats=False)
    bench.run(exporter=source, grant=grant(), selection=Selection(limit=1))
    for name in copies(bench):
        (bench.folder / "copies" / name).unlink()
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert [call for call, _ in source.calls].count("download") == 2
    assert source.taken == ["1"]


def test_a_plan_asks_for_nothing(bench: Bench) -> None:
    source = service((1, 2), repeats=False)
    with closing(Journal.open(bench.path)):
        pass
    plan = bench.run(exporter=source, grant=grant(), dry_run=True)
    assert plan["exit_code"] == 2
    assert "does not ask Scripted for one" in plan["error"]["message"]
    assert source.calls == []

    bench.run(exporter=source, grant=grant(), selection=Selection(limit=1))
    plan = bench.run(exporter=source, grant=grant(), dry_run=True)
    assert plan["counts"]["post"] == {"found": 2, "new": 1, "unchanged": 1}
    assert len(copies(bench)) == 1


# --- trouble on the way ----------------------------------------------------------------------


def test_a_download_that_breaks_off_is_begun_anew(bench: Bench) -> None:
    source = service(repeats=False)
    errors = iter([Unavailable("broke off"), Unavailable("broke off")])

    def cut(call: str) -> None:
        if call == "download":
            for error in errors:
                raise error

    source.after = cut
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert [call for call, _ in source.calls].count("download") == 3


def test_no_network_while_waiting_is_borne_for_a_while(bench: Bench) -> None:
    source = service(repeats=False)
    source.states = [Unavailable("away", unsent=True)] * 12
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    source.states = [Unavailable("away", unsent=True)] * 100
    receipt = bench.run(exporter=source, grant=grant(CONSENT + timedelta(days=1)))
    assert (receipt["exit_code"], receipt["error"]["message"]) == (7, "away")
    source.states = []
    receipt = bench.run(exporter=source, grant=grant(CONSENT + timedelta(days=1)))
    assert (receipt["exit_code"], len(source.taken)) == (0, 2)


def test_refused_to_hand_it_out_it_looks_why(bench: Bench) -> None:
    source = service(repeats=False)
    source.before = lambda call: (
        refuse(SourceUnreadable("refused", hint="decamp cancel")) if call == "download" else None
    )
    receipt = bench.run(exporter=source, grant=grant())
    assert (receipt["exit_code"], receipt["error"]["message"]) == (4, "refused")

    source.states = [RequestStatus("ready"), RequestStatus("expired")]
    receipt = bench.run(exporter=source, grant=grant())
    assert receipt["exit_code"] == 5
    assert "has expired" in receipt["error"]["message"]


def test_not_ready_after_all_is_waited_for(bench: Bench, clock: StillClock) -> None:
    source = service(repeats=False)
    errors = iter([NotReady(clock.time + timedelta(minutes=3), "soon")])
    source.before = lambda call: (
        [refuse(error) for error in errors] and None if call == "download" else None
    )
    assert bench.run(exporter=source, grant=grant())["exit_code"] == 0
    assert clock.waits[-1] == 180


def test_a_stop_while_waiting_ends_the_run_at_once(bench: Bench, clock: StillClock) -> None:
    source = service(states=100)
    clock.on_wait = clock.set
    receipt = bench.run(exporter=source, grant=grant())
    assert (receipt["exit_code"], receipt["state"]) == (130, "interrupted")
    assert len(clock.waits) == 1
    [request] = requests(bench)
    assert request.step == "open"
