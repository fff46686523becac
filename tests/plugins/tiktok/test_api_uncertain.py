"""Lost answers and faults at each call, and each plausible answer to what nobody knows of TikTok."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_journey import ADA, SAM, Journey, patched_sign_in, sandbox
from decamp.assembly import cancel, pending_requests
from decamp.errors import AuthError
from decamp.home import Home
from decamp_tiktok.sandbox.service import switches


@pytest.fixture
def me(tmp_path: Path) -> Iterator[Journey]:
    with sandbox() as server:
        yield Journey(server, tmp_path)


def ended(receipt: dict) -> tuple[int, str, str]:
    error = receipt.get("error", {"message": "", "hint": ""})
    return receipt["exit_code"], error["message"], error["hint"]


# --- lost answers and faults at each call ----------------------------------------------------


@pytest.mark.parametrize("fault", ["lost", "500-done", "cut", "json", "html"])
def test_a_lost_answer_to_add_under_single(fault: str, me: Journey) -> None:
    me.connect("all.single")
    me.server.fail(f"add:{fault}")
    code, message, hint = ended(me.transfer())
    assert code == 5
    assert "the answer was lost: TikTok may have taken the request or not" in message
    assert "decamp connect tiktok" in hint
    asked = me.calls["add"]
    assert ended(me.transfer())[0] == 5
    assert me.calls["add"] == asked == 1
    me.connect("all.single")
    me.pass_by(days=5)  # the first one is over, whatever became of it
    assert me.transfer()["exit_code"] == 0


@pytest.mark.parametrize("second", ["invalid_params", "unknown-code", "same-request", "allowed"])
def test_a_lost_answer_to_add_under_ongoing(second: str, tmp_path: Path) -> None:
    with sandbox(hours=2, second_request=second) as server:
        me = Journey(server, tmp_path)
        me.connect("all.ongoing")
        server.fail("add:lost@1")
        assert me.transfer()["exit_code"] == 7
        receipt = me.transfer()
        if second in ("invalid_params", "unknown-code"):
            code, message, hint = ended(receipt)
            assert code == 5
            assert "log_id" in message
            assert "a request is still open" in hint
            me.pass_by(days=5)
            receipt = me.transfer()
        assert receipt["exit_code"] == 0


@pytest.mark.parametrize("fault", ["429", "500", "500-done", "dropped", "lost", "cut", "html"])
@pytest.mark.parametrize("call", ["check", "download"])
def test_faults_on_the_way_are_borne(call: str, fault: str, me: Journey) -> None:
    me.connect("all.single")
    me.server.fail(f"{call}:{fault}@1-2")
    assert ended(me.transfer())[0] == 0
    assert me.calls["add"] == 1


@pytest.mark.parametrize("seconds", ["absent", "seconds"])
def test_429_at_add_is_repeated(seconds: str, me: Journey) -> None:
    me.server.simulator.behave(retry_after=seconds)
    me.connect("all.single")
    me.server.fail("add:429@1-2")
    assert me.transfer()["exit_code"] == 0
    assert len(me.requests()) == 1


@pytest.mark.parametrize("fault", ["dropped", "lost", "500", "html"])
def test_a_refresh_that_fails_leaves_no_doubt_about_a_request(fault: str, me: Journey) -> None:
    me.connect("all.single")
    me.pass_by(days=2)  # the access token has expired
    me.server.fail(f"refresh:{fault}@1-")
    assert me.transfer()["exit_code"] in (5, 7)
    assert me.requests() == []
    assert "add" not in me.calls


# --- each plausible answer to what nobody knows ----------------------------------------------


@pytest.mark.parametrize(
    ("switch", "answer"),
    [
        ("mixed_terms", "single-first"),
        ("mixed_terms", "ongoing-first"),
        ("single_returned", "when-cancelled"),
        ("single_returned", "when-cancelled-or-expired"),
        ("user_quota", "3-a-day"),
        ("category_echo", "plural"),
        ("category_echo", "singular"),
        ("early_download", "unknown-code"),
        ("second_download", "invalid_params"),
        ("second_download", "unknown-code"),
        ("download_type", "application/octet-stream"),
        ("download_type", "absent"),
        ("download_length", "chunked"),
        ("download_ranges", "honoured"),
        ("refresh_rotation", "rotates"),
        ("refresh_rotation", "kept"),
        ("lifetimes", "short"),
        ("ongoing_lifetime", "90-days"),
    ],
)
def test_each_plausible_answer(switch: str, answer: str, tmp_path: Path) -> None:
    with sandbox(hours=3, **{switch: answer}) as server:
        me = Journey(server, tmp_path)
        mixed = ("directmessages.single",) if switch == "mixed_terms" else ()
        me.connect("directmessages.ongoing", *mixed)
        assert ended(me.transfer()) == (0, "", "")


@pytest.mark.parametrize("answer", ["invalid_params", "unknown-code"])
def test_a_copy_that_cannot_be_downloaded_twice(answer: str, tmp_path: Path) -> None:
    with sandbox(second_download=answer) as server:
        me = Journey(server, tmp_path)
        me.connect("all.single")
        server.fail("download:cut@1")
        code, message, hint = ended(me.transfer())
        assert code == 4
        assert "TikTok refuses to hand out the copy" in message
        assert "decamp cancel" in hint


@pytest.mark.parametrize("answer", ["invalid_params", "unknown-code"])
@pytest.mark.parametrize("term", ["single", "ongoing"])
def test_it_expires_between_the_look_and_the_download(answer, term, tmp_path: Path) -> None:
    with sandbox(late_download=answer) as server:
        me = Journey(server, tmp_path)
        me.connect(f"all.{term}")
        server.fail("download:500@1-4")
        me.clock.on_wait = lambda: me.pass_by(days=2)
        receipt = me.transfer()
        if term == "single":
            assert receipt["exit_code"] == 5
            assert "has expired at TikTok" in receipt["error"]["message"]
        else:
            assert receipt["exit_code"] in (0, 7)
            me.clock.on_wait = me.keep_time
            me.server.simulator.faults.clear()
            assert me.transfer()["exit_code"] == 0


EVERY = [(switch.name, answer) for switch in switches() for answer in switch.answers]


@pytest.mark.parametrize(("switch", "answer"), EVERY)
def test_whatever_tiktok_does_it_ends_well_or_is_explained(
    switch: str, answer: str, tmp_path: Path
) -> None:
    """Also for what is added to the sandbox later: asked once, and never a fault of ours."""
    with sandbox(hours=1, **{switch: answer}) as server:
        me = Journey(server, tmp_path, SAM if switch == "outside_region" else ADA)
        if (switch, answer) == ("outside_region", "no-consent"):
            with pytest.raises(AuthError) as refused:
                me.connect("all.single")
            assert refused.value.hint
            return
        me.connect("all.single")
        receipt = me.transfer()
        assert (
            me.calls["add"] == 1 or switch == "outside_region"
        )  # refused, and asked after renewal
        if receipt["exit_code"] == 0:
            assert (me.copies(), me.transfer()["exit_code"]) == ([], 5)
        elif receipt["exit_code"] == 3:
            assert (len(me.copies()), me.transfer()["exit_code"]) == (1, 3)
        else:
            assert receipt["exit_code"] in (4, 5, 7)
            assert receipt["error"]["message"] and receipt["error"]["hint"]


@pytest.mark.parametrize("answer", ["ok", "invalid_params"])
def test_what_has_ended_there_can_be_given_up_here(answer: str, tmp_path: Path) -> None:
    with sandbox(hours=1, late_cancel=answer) as server:
        me = Journey(server, tmp_path)
        me.connect("all.ongoing")
        assert me.transfer(wait=False)["exit_code"] == 10
        me.pass_by(days=10)
        [request] = pending_requests(Home(me.home))
        with patched_sign_in(me):
            done = cancel(
                request,
                (f"from.api={server.address}",),
                registry=me.service().registry,
                home=Home(me.home),
            )
        assert done["request"]["state"] == "cancelled"
