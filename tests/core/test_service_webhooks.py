"""Webhooks in a service: answered at once, remembered, and worked on until all is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from decamp.auth import Grant
from decamp.errors import ConfigError, Locked
from decamp.oauth.tokens import Tokens
from decamp.service.notices import NoticeWorker
from decamp.service.webhooks import KEEP, Answer, Receiver, pack, unpack
from decamp.webhooks import CopyReady, GrantRemoved, Notice, Refusal

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
READY = Notice(id="a1", name="ready", at=NOW, event=CopyReady("7"), body=b"{}")
REMOVED = Notice(
    id="b2", name="removed", at=NOW, event=GrantRemoved("open-id", "disconnected"), body=b"\xff"
)
OTHER = Notice(id="c3", name="other", at=None, event=None, body=b"")


class Inbox:
    """Keeps everything, packed, in memory."""

    def __init__(self, *notices: Notice) -> None:
        self.kept = {one.id: pack(one) for one in notices}
        self.finished: list[str] = []
        self.forget_at: list[datetime] = []

    def add(self, notice: Notice, forget_at: datetime) -> bool:
        if notice.id in self.kept:
            return False
        self.kept[notice.id] = pack(notice)
        self.forget_at.append(forget_at)
        return True

    def waiting(self) -> Sequence[Notice]:
        return [unpack(kept) for id_, kept in self.kept.items() if id_ not in self.finished]

    def done(self, notice_id: str) -> None:
        self.finished.append(notice_id)


class Says:
    """Reads each request as what its body names."""

    def read(self, headers: object, body: bytes, now: datetime) -> Notice | Refusal:
        assert now == NOW
        return {b"ready": READY, b"removed": REMOVED, b"other": OTHER}.get(
            body, Refusal(401, "the signature is not TikTok's")
        )


class World:
    """A service's own table and tokens, with what was done to them in order."""

    def __init__(self, since: datetime = NOW - timedelta(days=1)) -> None:
        self.requests = {"7": "alice"}
        self.tokens: dict[str, datetime] = {"alice": since, "bob": since}
        self.did: list[str] = []
        self.held = ""

    def of_request(self, request: str) -> str | None:
        return self.requests.get(request)

    def of_account(self, account: str) -> Sequence[str]:
        return ["alice"] if account == "open-id" else []

    def wake(self, key: str) -> None:
        self.did.append(f"wake {key}")

    def stop(self, key: str, reason: str) -> None:
        self.did.append(f"stop {key} {reason}")

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        self.held = key
        yield
        self.held = ""

    def load(self, key: str) -> Tokens | None:
        assert self.held == key
        since = self.tokens.get(key)
        if since is None:
            return None
        grant = Grant(account="open-id", asked=frozenset(), scopes=frozenset(), since=since)
        return Tokens("act.canary", "rft.canary", None, grant)

    def save(self, key: str, tokens: Tokens) -> None:
        raise AssertionError("nothing is saved here")

    def delete(self, key: str) -> None:
        assert self.held == key, "deleted while a refresh may be under way"
        self.tokens.pop(key, None)
        self.did.append(f"delete {key}")

    def removed(self, key: str, reason: str) -> None:
        assert not self.held, "the service's hook may want the lock"
        self.did.append(f"hook {key} {reason}")


def receiver(inbox: Any) -> Receiver:
    return Receiver(Says(), inbox, now=lambda: NOW)


def worker(inbox: Inbox, world: World, **more: Any) -> NoticeWorker:
    return NoticeWorker(inbox, world, world, **{"removed": world.removed, **more})


# --- the receiver ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "notice"), [(b"ready", READY), (b"removed", REMOVED), (b"other", OTHER)]
)
def test_a_genuine_one_is_written_down_and_acknowledged(body: bytes, notice: Notice) -> None:
    inbox = Inbox()
    assert receiver(inbox).receive({}, body) == Answer(200, notice)
    assert inbox.waiting() == [notice]
    assert inbox.forget_at == [NOW + KEEP]
    assert timedelta(hours=72) < KEEP


def test_a_repetition_is_acknowledged_and_brings_nothing() -> None:
    inbox = Inbox()
    receiver(inbox).receive({}, b"ready")
    inbox.done("a1")
    assert receiver(inbox).receive({}, b"ready") == Answer(200)
    assert inbox.waiting() == []


def test_a_forged_one_is_refused_and_leaves_nothing() -> None:
    inbox = Inbox()
    assert receiver(inbox).receive({}, b"forged") == Answer(401)
    assert inbox.kept == {}


def test_what_cannot_be_written_down_is_not_acknowledged() -> None:
    class Full(Inbox):
        def add(self, notice: Notice, forget_at: datetime) -> bool:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):  # 500, and it is sent again
        receiver(Full()).receive({}, b"ready")


def test_a_receiver_is_made_by_the_name_of_the_source() -> None:
    assert Receiver.of("tiktok", "key", ["secret"], Inbox()).receive({}, b"") == Answer(401)
    with pytest.raises(ConfigError):
        Receiver.of("nonsense", "key", ["secret"], Inbox())


@pytest.mark.parametrize("notice", [READY, REMOVED, OTHER])
def test_a_packed_notice_is_the_same(notice: Notice) -> None:
    assert unpack(pack(notice)) == notice


# --- what follows ------------------------------------------------------------------------


def test_ready_wakes_the_transfer_that_asked_for_it() -> None:
    inbox, world = Inbox(READY), World()
    assert worker(inbox, world).work() == 1
    assert world.did == ["wake alice"]
    assert worker(inbox, world).work() == 0


def test_ready_that_is_faster_than_the_note_of_its_id_waits_for_it() -> None:
    inbox, world = Inbox(READY), World()
    world.requests.clear()
    assert worker(inbox, world).work() == 0
    assert inbox.waiting() == [READY] and world.did == []
    world.requests["7"] = "alice"
    assert worker(inbox, world).work() == 1
    assert world.did == ["wake alice"]


def test_ready_may_say_whose_it_is_and_settles_a_lost_answer() -> None:
    told = evolve(READY, event=CopyReady("8", "open-id"))
    inbox, world, lost = Inbox(told), World(), []

    def adopt(key: str, request: str) -> bool:
        lost.append((key, request))
        return len(lost) == 2

    assert worker(inbox, world).work() == 0, "nobody to ask"
    assert worker(inbox, world, adopt=adopt).work() == 0, "no answer was lost (yet)"
    assert world.did == []
    assert worker(inbox, world, adopt=adopt).work() == 1
    assert world.did == ["wake alice"] and lost == [("alice", "8")] * 2
    assert unpack(pack(told)) == told


def test_ready_that_does_not_say_whose_it_is_settles_no_lost_answer() -> None:
    inbox, world = Inbox(evolve(READY, event=CopyReady("8"))), World()
    assert worker(inbox, world, adopt=lambda key, request: True).work() == 0


def test_removed_stops_deletes_the_tokens_and_calls_the_hook_in_this_order() -> None:
    inbox, world = Inbox(REMOVED), World()
    assert worker(inbox, world).work() == 1
    assert world.did == ["stop alice disconnected", "delete alice", "hook alice disconnected"]
    assert set(world.tokens) == {"bob"}


def test_removed_of_somebody_else_is_settled_and_does_nothing() -> None:
    stranger = evolve(REMOVED, event=GrantRemoved("stranger", "banned"))
    inbox, world = Inbox(stranger), World()
    assert worker(inbox, world).work() == 1
    assert world.did == [] and set(world.tokens) == {"alice", "bob"}


def test_removed_that_comes_after_a_new_consent_leaves_the_new_tokens() -> None:
    inbox, world = Inbox(REMOVED), World(since=NOW + timedelta(seconds=1))
    assert worker(inbox, world).work() == 1
    assert world.did == [] and set(world.tokens) == {"alice", "bob"}


def test_removed_without_a_time_is_believed() -> None:
    inbox, world = Inbox(evolve(REMOVED, at=None)), World(since=NOW + timedelta(days=1))
    worker(inbox, world).work()
    assert "delete alice" in world.did


def test_an_unknown_event_is_settled() -> None:
    inbox, world = Inbox(OTHER), World()
    assert worker(inbox, world).work() == 1
    assert inbox.waiting() == [] and world.did == []


class CutOffError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["stop", "delete", "removed", "done"])
def test_cut_off_at_any_step_all_of_it_is_done_again(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, world = Inbox(REMOVED), World()
    owner: Any = inbox if step == "done" else world
    ended: Callable[..., None] = getattr(owner, step)

    def cut(*given: Any) -> None:
        ended(*given)
        raise CutOffError

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, cut)
        with pytest.raises(CutOffError):
            worker(inbox, world).work()
    world.held = ""
    worker(inbox, world).work()
    assert inbox.waiting() == [] and "alice" not in world.tokens
    assert world.did[-1] == "hook alice disconnected"


def test_a_hook_that_fails_holds_up_nothing_and_is_called_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inbox, world = Inbox(REMOVED, READY), World()

    def fails(key: str, reason: str) -> None:
        raise RuntimeError("mail to alice@canary.example failed")

    with caplog.at_level(logging.DEBUG):
        assert worker(inbox, world, removed=fails).work() == 1
    assert world.did[-1] == "wake alice"
    assert "RuntimeError" in caplog.text and "canary" not in caplog.text
    assert worker(inbox, world).work() == 1
    assert world.did[-1] == "hook alice disconnected"


def test_a_replacement_that_is_under_way_ends_before_the_tokens_are_deleted() -> None:
    """`World.delete` refuses unless the lock is held; here the lock is held by someone else."""

    class Busy(World):
        @contextmanager
        def lock(self, key: str) -> Iterator[None]:
            raise Locked("Another process renews the tokens.")
            yield

    inbox, world = Inbox(REMOVED), Busy()
    assert worker(inbox, world).work() == 0
    assert inbox.waiting() == [REMOVED] and "alice" in world.tokens


def test_logs_hold_no_account_and_no_body(caplog: pytest.LogCaptureFixture) -> None:
    inbox, world = Inbox(), World()
    with caplog.at_level(logging.DEBUG):
        for body in (b"ready", b"removed", b"removed", b"other", b"forged canary"):
            receiver(inbox).receive({"TikTok-Signature": "t=1,s=canary"}, body)
        worker(inbox, world).work()
    assert len(caplog.records) >= 5
    for secret in ("canary", "open-id", "alice", "act.", "rft."):
        assert secret not in caplog.text
