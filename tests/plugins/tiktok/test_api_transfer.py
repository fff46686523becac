"""Transfers through the simulated TikTok: what arrives, and what a person reads if it does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from attrs import evolve

from api_answers import made
from api_journey import ADA, DAY, SAM, Journey, sandbox
from decamp.assembly import Request, transfer
from decamp.cli import statement
from decamp.events import Notice
from decamp.home import Home
from decamp.testing import ExporterSuite, RequestsSuite
from decamp_tiktok.api.client import PortabilityClient
from decamp_tiktok.sandbox.archive import write_archive
from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer
from decamp_tiktok.sandbox.service.copies import archive_options
from journey import tree


@pytest.fixture
def me(tmp_path: Path) -> Iterator[Journey]:
    with sandbox() as server:
        yield Journey(server, tmp_path)


def ended(receipt: dict) -> tuple[int, str, str]:
    error = receipt.get("error", {"message": "", "hint": ""})
    return receipt["exit_code"], error["message"], error["hint"]


# --- what arrives ----------------------------------------------------------------------------


def test_the_payload_is_that_of_the_archive_file(me: Journey, tmp_path: Path) -> None:
    me.connect("all.ongoing")
    receipt = me.transfer()
    assert ended(receipt) == (0, "", "")
    assert receipt["source"]["account"] == [ADA.username]
    assert me.copies() == []

    file = tmp_path / "TikTok_Data.zip"
    write_archive(file, archive_options(ADA, me.server.clock.now(), me.server.address))
    other = transfer(
        Request(source=str(file), destination=str(tmp_path / "file"), allowed=(me.media,)),
        registry=me.service().registry,
        home=Home(tmp_path / "elsewhere"),
        emit=me.events.append,
        stop=me.clock,
    )
    assert other["exit_code"] == 0
    assert tree(tmp_path / "out" / "data") == tree(tmp_path / "file" / "data")
    assert other["counts"] == receipt["counts"]


def test_api_and_file_of_one_account_meet_on_one_route(me: Journey, tmp_path: Path) -> None:
    me.connect("all.ongoing")
    assert me.transfer()["exit_code"] == 0
    before = tree(tmp_path / "out" / "data")
    me.pass_by(days=30)
    file = tmp_path / "TikTok_Data.zip"
    write_archive(file, archive_options(ADA, me.server.clock.now(), me.server.address))
    for source in (str(file), "tiktok:"):
        receipt = me.transfer(source=source, options=()) if source != "tiktok:" else me.transfer()
        assert receipt["exit_code"] == 0
        after = tree(tmp_path / "out" / "data")
        assert before.keys() <= after.keys()
        before = after
    counts = receipt["counts"]  # the API's copy of the same day has nothing more
    assert sum(kind.get("new", 0) for name, kind in counts.items() if name != "section") == 0


def test_the_file_first_and_then_the_api(me: Journey, tmp_path: Path) -> None:
    file = tmp_path / "TikTok_Data.zip"
    write_archive(file, archive_options(ADA, DAY, me.server.address))
    assert me.transfer(source=str(file), options=())["exit_code"] == 0
    me.connect("all.ongoing")
    receipt = me.transfer()
    assert receipt["exit_code"] == 0
    assert not any(kind.get("delivered") for name, kind in receipt["counts"].items()
                   if name != "section")  # fmt: skip


def test_ongoing_three_times_with_changes_between(me: Journey) -> None:
    me.connect("all.ongoing")
    new = []
    for _ in range(3):
        receipt = me.transfer()
        assert receipt["exit_code"] == 0
        new.append(sum(kind.get("delivered", 0) for kind in receipt["counts"].values()))
        me.pass_by(days=60)
    assert new[0] > new[1] > 0
    assert new[2] > 0
    assert (me.calls["add"], me.calls["download"]) == (3, 3)
    assert [one.step for one in me.requests()] == ["used"] * 3


@pytest.mark.parametrize(
    ("scope", "kinds"),
    [
        ("postsandprofile", {"post", "profile", "section", "event"}),
        ("activity", {"event", "section"}),
        ("directmessages", {"conversation", "message", "section"}),
    ],
)
def test_each_permission_alone(scope: str, kinds: set[str], me: Journey) -> None:
    me.connect(f"{scope}.single")
    receipt = me.transfer()
    assert ended(receipt) == (0, "", "")
    found = {kind for kind, counts in receipt["counts"].items() if counts["found"]}
    assert found <= kinds
    assert receipt["consent"]["granted"] == [f"portability.{scope}.single"]


def test_waiting_for_hours_is_calm(tmp_path: Path) -> None:
    with sandbox(hours=30) as server:
        me = Journey(server, tmp_path)
        me.connect("all.single")
        assert me.transfer()["exit_code"] == 0
        assert me.calls["add"] == 1
        assert me.calls["check"] < 120
        assert sum(me.clock.waits) >= 30 * 3600


def test_what_tiktok_trims_is_not_taken_for_deleted(tmp_path: Path) -> None:
    trimmed = evolve(ADA, keeps=timedelta(days=60))
    with SandboxServer(SandboxOptions(users=(trimmed,), at=DAY)) as server:
        me = Journey(server, tmp_path, trimmed)
        me.connect("all.ongoing")
        held = 0
        for _ in range(3):
            receipt = me.transfer()
            assert receipt["exit_code"] == 0
            assert "vanished" not in receipt
            counts = receipt["counts"]["message"]
            held += counts.get("delivered", 0)
            me.pass_by(days=50)
        assert held > counts["found"]  # some of it TikTok has no more


def test_the_copy_of_another_account_stays_for_another_place(tmp_path: Path) -> None:
    bob = evolve(ADA, username="harbour.lights", seed=11)
    with SandboxServer(SandboxOptions(users=(ADA, bob), at=DAY)) as server:
        me = Journey(server, tmp_path)
        me.connect("all.single")
        assert me.transfer()["exit_code"] == 0
        other = Journey(server, tmp_path, bob, clock=me.clock)
        other.connect("all.single")
        code, message, hint = ended(other.transfer())
        assert code == 6
        assert (
            f"holds the data of {ADA.username}, and this is the data of {bob.username}" in message
        )
        assert f"--account {ADA.username}" in hint
        assert len(other.copies()) == 1
        assert other.transfer(destination=str(tmp_path / "bob"))["exit_code"] == 0
        assert (other.copies(), other.calls["add"]) == ([], 2)


# --- what a person reads ---------------------------------------------------------------------


def test_single_used_up(me: Journey) -> None:
    me.connect("all.single")
    assert me.transfer()["exit_code"] == 0
    code, message, hint = ended(me.transfer())
    assert code == 5
    assert message == (
        "The permission was for a single copy, and that has been brought: it was asked for on "
        "2026-11-20 09:00 UTC."
    )
    assert hint == (
        "For a new copy, grant access again: decamp connect tiktok. To bring the same data "
        "elsewhere too, name the place where it is now as the source."
    )
    assert me.calls["add"] == 1
    me.connect("all.single")
    assert me.transfer()["exit_code"] == 0


@pytest.mark.parametrize("code", ["scope_not_authorized", "invalid_params", "unknown-code"])
def test_single_used_up_elsewhere(code: str, me: Journey, tmp_path: Path) -> None:
    """Another computer has used it: nothing is known here, and TikTok refuses."""
    me.server.simulator.behave(used_scope=code)
    me.connect("all.single")
    assert me.transfer()["exit_code"] == 0
    other = Journey(me.server, tmp_path / "other", tokens=me.tokens, clock=me.clock)
    receipt = other.transfer()
    assert receipt["exit_code"] == 5
    assert "TikTok refuses to prepare a copy of the data" in receipt["error"]["message"]
    assert "log_id" in receipt["error"]["message"]
    assert "decamp connect tiktok" in receipt["error"]["hint"]
    assert other.requests() == []  # surely not taken: nothing is in doubt


def test_expired(me: Journey) -> None:
    me.connect("all.single")
    me.server.fail("download:500@1-")
    assert me.transfer(wait=False)["exit_code"] == 7
    me.server.simulator.faults.clear()
    me.pass_by(days=5)
    code, message, hint = ended(me.transfer())
    assert code == 5
    assert message == (
        "The copy of 2026-11-20 09:00 UTC, which was ready until 2026-11-24 09:00 UTC, has expired "
        "at TikTok before it was fetched. The permission was for a single copy, and TikTok does "
        "not say whether it can be used once more."
    )
    assert hint == (
        "For a new copy, grant access again: decamp connect tiktok. To ask all the same, knowing "
        "that TikTok may refuse: decamp resolve --request again"
    )


def test_expired_under_ongoing_is_asked_for_anew(me: Journey) -> None:
    me.connect("all.ongoing")
    me.server.fail("download:500@1-")
    assert me.transfer(wait=False)["exit_code"] == 7
    me.server.simulator.faults.clear()
    me.pass_by(days=5)
    assert me.transfer()["exit_code"] == 0
    assert any("has expired at TikTok" in one.text for one in me.events if isinstance(one, Notice))


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        ("refused", 5, "scope_not_authorized"),
        ("unknown-code", 5, "HTTP"),
        ("never-ready", 7, "for more than 7 days"),
        ("empty", 3, ""),  # the picture's link, too, is dead
    ],
)
def test_outside_the_region(answer: str, code: int, told: str, tmp_path: Path) -> None:
    with sandbox(outside_region=answer) as server:
        me = Journey(server, tmp_path, SAM)
        me.connect("all.single")
        receipt = me.transfer()
        assert receipt["exit_code"] == code
        if answer == "empty":
            assert "because of the country" in statement.hollow(receipt)
        else:
            assert told in receipt["error"]["message"]
            assert statement.hollow(receipt) == ""
        if answer in ("unknown-code", "refused"):
            assert "EEA" in receipt["error"]["hint"]


@pytest.mark.parametrize("collection", ["never-ends", "failed"])
def test_a_request_that_never_gets_ready(collection: str, tmp_path: Path) -> None:
    with sandbox(collection=collection) as server:
        me = Journey(server, tmp_path)
        me.connect("all.single")
        code, message, hint = ended(me.transfer())
        assert code == 7
        assert "for more than 7 days" in message
        assert me.requests()[0].id in hint
        told = {event.reason for event in me.events if hasattr(event, "reason")}
        assert any("'failed'" in one for one in told) == (collection == "failed")


# --- the conformance suite -------------------------------------------------------------------


class TestApiExporter(RequestsSuite):
    @pytest.fixture
    def exporter(self, me: Journey, tmp_path: Path):
        from decamp.assembly.making import created
        from decamp.assembly.naming import find_source
        from decamp.assembly.signedin import signed_in_by

        me.server.simulator.behave(second_request="allowed")
        me.connect("all.ongoing")
        home = Home(me.home)
        source = find_source("tiktok:", {"api": me.server.address}, me.service().registry, home)
        with signed_in_by(
            source, store=me.tokens, key="me", keys=me.keys, home=home, now=me.clock.now
        ) as signed:
            yield created(source.spec, source.config, tmp_path, signed)


class TestCopyFromTheApi(ExporterSuite):
    kinds = frozenset({"profile", "post", "conversation", "message", "event", "section"})

    @pytest.fixture
    def exporter(self, tmp_path: Path):
        file = tmp_path / "copy"
        write_archive(file, archive_options(ADA, DAY, "http://127.0.0.1:9"))
        with httpx.Client(trust_env=False, timeout=120) as http:
            reader = made(PortabilityClient(http, "http://127.0.0.1:9"), tmp_path)
            reader.use(file)
            yield reader
            reader.close()


def test_no_secret_in_what_is_kept(me: Journey, caplog) -> None:
    caplog.set_level("DEBUG")
    me.connect("all.ongoing")
    me.server.fail("check:500@1", "download:cut@1")
    receipt = me.transfer()
    assert receipt["exit_code"] == 0
    tokens = me.tokens.load("me")
    assert tokens is not None
    journal = b"".join(path.read_bytes() for path in me.home.iterdir() if path.is_file())
    for secret in (tokens.access, tokens.refresh, me.keys.secret):
        assert secret.encode() not in journal
        assert secret not in repr(receipt) + repr(me.events) + caplog.text


def test_media_that_could_not_be_had_are_due_with_the_same_copy(me: Journey) -> None:
    me.connect("all.single")
    first = me.transfer(limit=1)
    assert first["exit_code"] == 0
    assert len(me.copies()) == 1
    assert me.transfer()["exit_code"] == 0
    assert (me.calls["add"], me.copies()) == (1, [])


def test_a_long_wait_is_over_before_the_copy_expires() -> None:
    from decamp.engine.copies.requests import LONGEST

    assert timedelta(days=4) > 10 * LONGEST
