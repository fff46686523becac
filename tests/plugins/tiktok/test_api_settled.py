"""Requests at the simulated TikTok that are given up, settled, or made by a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from api_journey import Journey, patched_sign_in, sandbox
from decamp.assembly import cancel, pending_requests, resolve_request
from decamp.engine.copies.place import lock_name
from decamp.errors import AuthError, ConfigError, Locked
from decamp.home import Home
from decamp.journal import Journal
from decamp.service.transfer import Done, Waiting


@pytest.fixture
def me(tmp_path: Path) -> Iterator[Journey]:
    with sandbox() as server:
        yield Journey(server, tmp_path)


def ended(receipt: dict) -> tuple[int, str, str]:
    error = receipt.get("error", {"message": "", "hint": ""})
    return receipt["exit_code"], error["message"], error["hint"]


# --- given up, and settled -------------------------------------------------------------------


def give_up(me: Journey) -> dict:
    """Run ``decamp cancel``; the sign-in is that of the journey."""
    [request] = pending_requests(Home(me.home))
    with patched_sign_in(me):
        return cancel(
            request,
            (f"from.api={me.server.address}",),
            registry=me.service().registry,
            home=Home(me.home),
        )


def settle(me: Journey, decision: str) -> dict:
    """Run ``decamp resolve --request``."""
    _, document = resolve_request(decision, registry=me.service().registry, home=Home(me.home))
    return document["request"]


def test_cancelled_and_asked_for_anew(tmp_path: Path) -> None:
    with sandbox(hours=5) as server:
        me = Journey(server, tmp_path)
        me.connect("all.ongoing")
        assert me.transfer(wait=False)["exit_code"] == 10
        assert give_up(me)["request"]["state"] == "cancelled"
        assert me.calls["cancel"] == 1
        assert pending_requests(Home(me.home)) == []
        assert me.transfer()["exit_code"] == 0
        assert me.calls["add"] == 2


def test_cancelled_under_single(tmp_path: Path) -> None:
    with sandbox(hours=5) as server:
        me = Journey(server, tmp_path)
        me.connect("all.single")
        assert me.transfer(wait=False)["exit_code"] == 10
        give_up(me)
        code, message, hint = ended(me.transfer())
        assert code == 5
        assert message == (
            "The request of 2026-11-20 09:00 UTC was cancelled at TikTok. The permission was for a "
            "single copy, and TikTok does not say whether it can be used once more."
        )
        assert "decamp connect tiktok" in hint
        assert me.calls["add"] == 1
        server.simulator.behave(single_returned="when-cancelled")
        settle(me, "again")
        assert me.transfer()["exit_code"] == 0


def test_a_waiting_run_notices_that_it_was_given_up(tmp_path: Path) -> None:
    with sandbox(hours=5) as server:
        me = Journey(server, tmp_path)
        me.connect("all.ongoing")

        def elsewhere() -> None:
            me.keep_time()
            if "cancel" not in me.calls:
                give_up(me)

        me.clock.on_wait = elsewhere
        code, message, hint = ended(me.transfer())
        assert (code, message) == (
            7,
            "The request of 2026-11-20 09:00 UTC was given up by decamp cancel.",
        )
        assert "new copy" in hint
        assert me.calls["add"] == 1


def test_a_copy_that_is_here_is_given_up_without_asking_anybody(me: Journey) -> None:
    me.connect("all.single")
    assert me.transfer(limit=1)["exit_code"] == 0
    assert len(me.copies()) == 1
    give_up(me)
    assert me.copies() == []
    assert "cancel" not in me.calls


def test_while_a_run_fetches_it_nothing_is_given_up(me: Journey) -> None:
    me.connect("all.single")
    assert me.transfer(limit=1)["exit_code"] == 0
    [request] = me.requests()
    with (
        Home(me.home).lock(lock_name(request.source, request.account)),
        pytest.raises(Locked, match="right now"),
    ):
        give_up(me)


def test_a_lost_answer_is_settled_by_its_id(me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("add:lost")
    assert me.transfer()["exit_code"] == 5
    with pytest.raises(ConfigError, match="does not know its id"):
        give_up(me)
    [asked] = me.server.simulator.desk.requests
    settle(me, str(asked))
    assert me.transfer()["exit_code"] == 0
    assert me.calls["add"] == 1
    for wrong in ("again", "123", "", "7=again"):
        with pytest.raises(ConfigError, match="in doubt"):
            settle(me, wrong)


def test_a_wrong_id_is_told_and_can_be_given_up(me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("add:lost")
    assert me.transfer()["exit_code"] == 5
    settle(me, "9007199254740993")
    code, message, hint = ended(me.transfer())
    assert code == 4
    assert "may not know the request any more" in message
    assert "decamp cancel" in hint
    assert give_up(me)["request"]["state"] == "cancelled"


@pytest.mark.parametrize("word", ["abc", "-1", "1.5", "0", "9" * 19, "１２", "tiktok:"])
def test_what_cannot_be_an_id_is_refused_at_once(word: str, me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("add:lost")
    assert me.transfer()["exit_code"] == 5
    with pytest.raises(ConfigError, match="cannot be the id of a request at TikTok"):
        settle(me, word)
    assert [(one.step, one.id) for one in me.requests()] == [("asking", "")]


def test_an_id_that_an_older_decamp_took_can_be_given_up(me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("add:lost")
    assert me.transfer()["exit_code"] == 5
    with closing(Journal.open(Home(me.home).journal)) as journal:
        journal.answer_request(1, "abc", "2026-11-20T09:00:00Z")
    code, message, hint = ended(me.transfer())
    assert code == 4
    assert "TikTok cannot know a request 'abc'" in message
    assert "decamp cancel" in hint
    assert give_up(me)["request"]["state"] == "cancelled"


def test_what_was_settled_wrongly_is_settled_anew(me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("add:lost")
    assert me.transfer()["exit_code"] == 5
    [asked] = me.server.simulator.desk.requests
    settle(me, "9007199254740993")
    with pytest.raises(ConfigError, match="in doubt") as caught:
        settle(me, str(asked))
    assert f"decamp resolve --request 1={asked}" in caught.value.hint
    assert settle(me, "1=again")["state"] == "lost"
    assert settle(me, f"1= 00{asked} ")["id"] == str(asked)
    assert me.transfer()["exit_code"] == 0
    assert me.calls["add"] == 1


# --- as a service ----------------------------------------------------------------------------


def test_a_service_never_waits(tmp_path: Path) -> None:
    with sandbox(hours=1) as server:
        me = Journey(server, tmp_path)
        me.connect("all.ongoing")
        first = me.service().advance()
        assert isinstance(first, Waiting)
        assert first.until == me.clock.now() + timedelta(seconds=5)
        assert first.request == me.requests()[0].id
        assert me.clock.waits == []
        me.pass_by(minutes=30)
        assert isinstance(me.service().advance(), Waiting)
        me.pass_by(minutes=31)
        done = me.service().advance()  # another object: another process could do it
        assert isinstance(done, Done)
        assert done.receipt["exit_code"] == 0
        assert me.calls["add"] == 1
        me.pass_by(days=30)
        again = me.service().advance()  # and then it begins anew
        assert isinstance(again, Waiting)
        assert me.calls["add"] == 2


def test_a_service_learns_a_lost_id_from_a_webhook(me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("add:lost")
    lost = me.service().advance()
    assert isinstance(lost, Done)
    assert lost.receipt["exit_code"] == 5
    [asked] = me.server.simulator.desk.requests
    assert me.service().adopt(str(asked))
    assert not me.service().adopt(str(asked))
    done = me.service().advance()
    assert isinstance(done, Done)
    assert done.receipt["exit_code"] == 0
    assert me.calls["add"] == 1


@pytest.mark.parametrize("fault", ["check:500@1-", "check:429@1-", "download:500@1-"])
def test_what_passes_is_waited_for_by_a_service(fault: str, me: Journey) -> None:
    me.connect("all.single")
    me.server.fail(fault)
    later = me.service().advance(stop=me.clock)
    assert isinstance(later, Waiting)
    assert later.until > me.clock.now()
    me.server.simulator.faults.clear()
    done = me.service().advance()
    assert isinstance(done, Done)
    assert done.receipt["exit_code"] == 0


def test_a_service_without_a_sign_in_says_so(me: Journey) -> None:
    with pytest.raises(AuthError, match="no sign-in"):
        me.service().advance()
