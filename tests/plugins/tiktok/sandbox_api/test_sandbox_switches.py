"""What TikTok's pages leave open: each answer of each switch is seen once, from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from callback_server import callback_server
from decamp_tiktok.sandbox.service import Behaviour, example_app, switches
from login_kit import ALL_ONCE, ALL_ONGOING, CHALLENGE, VERIFIER, Client, code_of, query_of

HOUR = timedelta(hours=1)
SERVICE = "https://service.example/callback"
SEEN: dict[tuple[str, str], Callable[..., None]] = {}
Start = Callable[..., Client]


def shows(switch: str, answer: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark what shows one answer of one switch; it gets a client and may start another."""

    def mark(check: Callable[..., None]) -> Callable[..., None]:
        assert (switch, answer) not in SEEN
        SEEN[switch, answer] = check
        return check

    return mark


@pytest.mark.parametrize(("switch", "answer"), [
    (switch.name, answer) for switch in switches() for answer in switch.answers
])  # fmt: skip
def test_each_answer_of_each_switch(switch: str, answer: str, start: Start) -> None:
    def begin(**options: Any) -> Client:
        return start(**{"behaviour": Behaviour(**{switch: answer})} | options)

    SEEN[switch, answer](begin)


def test_nothing_is_shown_that_is_no_switch() -> None:
    assert set(SEEN) == {(one.name, answer) for one in switches() for answer in one.answers}


# --- Login Kit ---------------------------------------------------------------------------

POSTS = "portability.postsandprofile.single"


@shows("unapproved_scope", "page")
def _(start: Start) -> None:
    client = start(apps=(example_app(0, scopes=frozenset({POSTS})),))
    answer = client.authorize(f"{POSTS},{ALL_ONCE}")
    assert answer.status_code == 400
    assert "<code>scope</code>" in answer.text


@shows("unapproved_scope", "redirect")
def _(start: Start) -> None:
    client = start(apps=(example_app(0, scopes=frozenset({POSTS})),))
    answer = client.authorize(f"{POSTS},{ALL_ONCE}")
    assert answer.status_code == 302
    found = query_of(answer.headers["location"])
    assert found.keys() == {"error", "error_description", "state"}
    assert found["error"] == "invalid_scope"


def web(client: Client, **changes: str | None) -> dict[str, str | None]:
    client.app = client.server.simulator.options.apps[1]
    none = {"code_challenge": None, "code_challenge_method": None, "redirect_uri": SERVICE}
    return none | changes


def web_exchange(client: Client, verifier: str | None) -> int:
    code = client.consent(**web(client, code_challenge=CHALLENGE))["code"]
    return client.exchange(code, code_verifier=verifier, redirect_uri=SERVICE).status_code


@shows("web_pkce", "ignored")
def _(start: Start) -> None:
    assert web_exchange(start(), None) == 200


@shows("web_pkce", "checked")
def _(start: Start) -> None:
    client = start()
    assert web_exchange(client, None) == 400
    assert web_exchange(client, VERIFIER) == 200
    code = client.consent(**web(client))["code"]
    assert client.exchange(code, code_verifier=None, redirect_uri=SERVICE).status_code == 200


@shows("web_pkce", "refused")
def _(start: Start) -> None:
    client = start()
    answer = client.authorize(**web(client, code_challenge=CHALLENGE))
    assert answer.status_code == 400
    assert "<code>code_challenge</code>" in answer.text
    assert client.authorize(**web(client)).status_code == 200


@shows("oauth_status", "rfc")
def _(start: Start) -> None:
    client = start()
    assert client.exchange("none").status_code == 400
    assert client.exchange("none", client_secret="x").status_code == 401


@shows("oauth_status", "200")
def _(start: Start) -> None:
    client = start()
    answer = client.exchange("none")
    assert (answer.status_code, answer.json()["error"]) == (200, "invalid_grant")
    assert client.revoke("none").status_code == 200


def refreshed(client: Client) -> tuple[bool, int]:
    first = client.sign_in()["refresh_token"]
    second = client.refresh(first).json()["refresh_token"]
    assert client.refresh(second).status_code == 200
    return first == second, client.refresh(first).status_code


@shows("refresh_rotation", "once")
def _(start: Start) -> None:
    assert refreshed(start()) == (False, 400)


@shows("refresh_rotation", "rotates")
def _(start: Start) -> None:
    assert refreshed(start()) == (False, 200)


@shows("refresh_rotation", "kept")
def _(start: Start) -> None:
    assert refreshed(start()) == (True, 200)


@shows("lifetimes", "long")
def _(start: Start) -> None:
    tokens = start().sign_in()
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (86_400, 365 * 86_400)


@shows("lifetimes", "short")
def _(start: Start) -> None:
    tokens = start().sign_in()
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (7_200, 180 * 86_400)


def after_90_days(client: Client) -> tuple[str, int]:
    tokens = client.sign_in(f"{ALL_ONGOING},portability.activity.single")
    client.server.advance(days=90)
    renewed = client.refresh(tokens["refresh_token"]).json()
    client.token = renewed["access_token"]
    return renewed["scope"], client.add("video").status_code


@shows("ongoing_lifetime", "refresh-token")
def _(start: Start) -> None:
    assert after_90_days(start()) == (f"{ALL_ONGOING},portability.activity.single", 200)


@shows("ongoing_lifetime", "90-days")
def _(start: Start) -> None:
    assert after_90_days(start()) == ("portability.activity.single", 401)


# --- asking for a copy -------------------------------------------------------------------


def abroad(client: Client) -> Client:
    client.sign_in(user="far.from.home")
    return client


@shows("outside_region", "refused")
def _(start: Start) -> None:
    answer = abroad(start()).add()
    assert (answer.status_code, code_of(answer)) == (401, "scope_not_authorized")


@shows("outside_region", "unknown-code")
def _(start: Start) -> None:
    answer = abroad(start()).add()
    assert (answer.status_code, code_of(answer)) == (403, "user_region_not_supported")


@shows("outside_region", "empty")
def _(start: Start) -> None:
    client = abroad(start())
    empty = client.download(client.added())
    client.sign_in()
    assert len(empty.content) < len(client.download(client.added()).content) / 5


@shows("outside_region", "never-ready")
def _(start: Start) -> None:
    client = abroad(start(access_lifetime=timedelta(days=90)))
    request = client.added()
    client.server.advance(days=60)
    assert client.status(request) == "pending"


@shows("outside_region", "no-consent")
def _(start: Start) -> None:
    assert start().consent(user="far.from.home")["error"] == "access_denied"


def second_add(client: Client) -> tuple[int, str]:
    client.sign_in()
    client.added()
    answer = client.add()
    return answer.status_code, code_of(answer)


@shows("used_scope", "scope_not_authorized")
def _(start: Start) -> None:
    assert second_add(start()) == (401, "scope_not_authorized")


@shows("used_scope", "scope_permission_missed")
def _(start: Start) -> None:
    assert second_add(start()) == (400, "scope_permission_missed")


@shows("used_scope", "invalid_params")
def _(start: Start) -> None:
    assert second_add(start()) == (400, "invalid_params")


@shows("used_scope", "unknown-code")
def _(start: Start) -> None:
    client = start()
    assert second_add(client) == (400, "data_request_limit_exceeded")
    client.sign_in("portability.activity.single")
    assert code_of(client.add("video")) == "scope_not_authorized", "that was never granted"


def given_back(client: Client) -> tuple[bool, bool, bool]:
    """Tell whether a scope comes back: after cancelling, expiry, and a fetched copy."""
    client.sign_in()
    client.cancel(client.added())
    cancelled = client.add().status_code == 200
    client.sign_in()
    client.added()
    client.server.advance(days=4)
    expired = client.add().status_code == 200
    client.sign_in()
    client.download(client.added())
    client.server.advance(days=4)
    return cancelled, expired, client.add().status_code == 200


@shows("single_returned", "never")
def _(start: Start) -> None:
    assert given_back(start(access_lifetime=timedelta(days=30))) == (False, False, False)


@shows("single_returned", "when-cancelled")
def _(start: Start) -> None:
    assert given_back(start(access_lifetime=timedelta(days=30))) == (True, False, False)


@shows("single_returned", "when-cancelled-or-expired")
def _(start: Start) -> None:
    assert given_back(start(access_lifetime=timedelta(days=30))) == (True, True, False)


def left(client: Client) -> str:
    tokens = client.sign_in(f"{ALL_ONCE},{ALL_ONGOING}")
    client.added()
    scope: str = client.refresh(tokens["refresh_token"]).json()["scope"]
    return scope


@shows("mixed_terms", "single-first")
def _(start: Start) -> None:
    assert left(start()) == ALL_ONGOING


@shows("mixed_terms", "ongoing-first")
def _(start: Start) -> None:
    assert left(start()) == f"{ALL_ONCE},{ALL_ONGOING}"


@shows("second_request", "invalid_params")
def _(start: Start) -> None:
    client = start(delay=HOUR)
    client.sign_in(ALL_ONGOING)
    client.added()
    assert code_of(client.add()) == "invalid_params"


@shows("second_request", "unknown-code")
def _(start: Start) -> None:
    client = start(delay=HOUR)
    client.sign_in(ALL_ONGOING)
    client.added()
    assert code_of(client.add()) == "data_request_in_progress"


@shows("second_request", "same-request")
def _(start: Start) -> None:
    client = start(delay=HOUR)
    client.sign_in()
    request = client.added()
    assert client.added() == request
    client.server.advance(hours=1)
    assert code_of(client.add()) == "scope_not_authorized"


@shows("second_request", "allowed")
def _(start: Start) -> None:
    client = start(delay=HOUR)
    client.sign_in(ALL_ONGOING)
    assert client.added() != client.added()


@shows("user_quota", "none")
def _(start: Start) -> None:
    client = start()
    client.sign_in(ALL_ONGOING)
    assert [client.add().status_code for _ in range(8)] == [200] * 8


@shows("user_quota", "3-a-day")
def _(start: Start) -> None:
    client = start(access_lifetime=timedelta(days=9))
    client.sign_in(ALL_ONGOING)
    assert [client.add().status_code for _ in range(4)] == [200, 200, 200, 429]
    client.sign_in(ALL_ONGOING, user="harbour.lights")
    assert client.add().status_code == 200
    client.server.advance(days=1)
    client.sign_in(ALL_ONGOING)
    assert client.add().status_code == 200


@shows("retry_after", "absent")
def _(start: Start) -> None:
    client = start(rate_limit=1)
    client.sign_in(ALL_ONGOING)
    client.added()
    answer = client.add()
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


@shows("retry_after", "seconds")
def _(start: Start) -> None:
    client = start(rate_limit=1)
    client.sign_in(ALL_ONGOING)
    client.added()
    client.server.advance(seconds=20)
    answer = client.add()
    assert 40 <= int(answer.headers["retry-after"]) <= 41
    client.server.advance(seconds=int(answer.headers["retry-after"]))
    assert client.add().status_code == 200


# --- waiting for it, fetching it ---------------------------------------------------------


def status_later(client: Client) -> str:
    client.sign_in()
    request = client.added()
    client.server.advance(days=1)
    return client.status(request)


@shows("collection", "succeeds")
def _(start: Start) -> None:
    assert status_later(start(delay=HOUR, access_lifetime=timedelta(days=9))) == "downloading"


@shows("collection", "never-ends")
def _(start: Start) -> None:
    assert status_later(start(delay=HOUR, access_lifetime=timedelta(days=9))) == "pending"


@shows("collection", "failed")
def _(start: Start) -> None:
    assert status_later(start(delay=HOUR, access_lifetime=timedelta(days=9))) == "failed"


def echoed(client: Client) -> list[str]:
    client.sign_in()
    data = client.check(client.added("direct_message", "video"), "category_selection_list")
    found: list[str] = data["category_selection_list"]
    return found


@shows("category_echo", "plural")
def _(start: Start) -> None:
    assert echoed(start()) == ["direct_messages", "video"]


@shows("category_echo", "singular")
def _(start: Start) -> None:
    assert echoed(start()) == ["direct_message", "video"]


def early(client: Client) -> str:
    client.sign_in()
    return code_of(client.download(client.added()))


@shows("early_download", "invalid_params")
def _(start: Start) -> None:
    assert early(start(delay=HOUR)) == "invalid_params"


@shows("early_download", "unknown-code")
def _(start: Start) -> None:
    assert early(start(delay=HOUR)) == "data_not_ready"


def late(client: Client) -> set[str]:
    client.sign_in(ALL_ONGOING)
    cancelled, expired = client.added(), client.added()
    client.cancel(cancelled)
    client.server.advance(days=4)
    return {code_of(client.download(one)) for one in (cancelled, expired)}


@shows("late_download", "invalid_params")
def _(start: Start) -> None:
    assert late(start(access_lifetime=timedelta(days=9))) == {"invalid_params"}


@shows("late_download", "unknown-code")
def _(start: Start) -> None:
    assert late(start(access_lifetime=timedelta(days=9))) == {"data_expired"}


def again(client: Client) -> tuple[int, Any]:
    client.sign_in()
    request = client.added()
    first = client.download(request)
    assert first.status_code == 200
    second = client.download(request)
    if second.status_code == 200:
        return 200, second.content == first.content
    return second.status_code, code_of(second)


@shows("second_download", "allowed")
def _(start: Start) -> None:
    assert again(start()) == (200, True)


@shows("second_download", "invalid_params")
def _(start: Start) -> None:
    assert again(start()) == (400, "invalid_params")


@shows("second_download", "unknown-code")
def _(start: Start) -> None:
    assert again(start()) == (400, "data_already_downloaded")


def downloaded(client: Client, **headers: str) -> Any:
    client.sign_in(ALL_ONGOING)
    return client.download(client.added(), **headers)


@shows("download_type", "application/zip")
def _(start: Start) -> None:
    assert downloaded(start()).headers["content-type"] == "application/zip"


@shows("download_type", "application/octet-stream")
def _(start: Start) -> None:
    assert downloaded(start()).headers["content-type"] == "application/octet-stream"


@shows("download_type", "absent")
def _(start: Start) -> None:
    answer = downloaded(start())
    assert "content-type" not in answer.headers
    assert answer.content.startswith(b"PK")


@shows("download_length", "sent")
def _(start: Start) -> None:
    answer = downloaded(start())
    assert int(answer.headers["content-length"]) == len(answer.content)


@shows("download_length", "chunked")
def _(start: Start) -> None:
    answer = downloaded(start())
    assert "content-length" not in answer.headers
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.content.startswith(b"PK")


@shows("download_ranges", "ignored")
def _(start: Start) -> None:
    answer = downloaded(start(), Range="bytes=10-")
    assert answer.status_code == 200
    assert answer.content.startswith(b"PK")
    assert "accept-ranges" not in answer.headers


@shows("download_ranges", "honoured")
def _(start: Start) -> None:
    client = start()
    whole = downloaded(client)
    assert whole.headers["accept-ranges"] == "bytes"
    size = len(whole.content)
    part = downloaded(client, Range="bytes=10-")
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 10-{size - 1}/{size}"
    assert part.content == whole.content[10:]
    assert downloaded(client, Range="bytes=10-19").content == whole.content[10:20]
    for odd in ("bytes=-5", "bytes=20-10", f"bytes={size}-", "lines=1-2"):
        assert downloaded(client, Range=odd).content == whole.content


def cancelled_late(client: Client) -> str:
    client.sign_in()
    request = client.added()
    client.server.advance(days=4)
    code = code_of(client.cancel(request))
    assert client.status(request) == "expired"
    return code


@shows("late_cancel", "ok")
def _(start: Start) -> None:
    assert cancelled_late(start(access_lifetime=timedelta(days=9))) == "ok"


@shows("late_cancel", "invalid_params")
def _(start: Start) -> None:
    assert cancelled_late(start(access_lifetime=timedelta(days=9))) == "invalid_params"


# --- webhooks ----------------------------------------------------------------------------


def ready_event(start: Start) -> tuple[dict[str, Any], tuple[str, ...], str]:
    with callback_server() as callback:
        client = start(apps=(example_app(0, webhook=callback.address),))
        open_id = client.sign_in()["open_id"]
        client.added()
        client.server.simulator.webhooks.settle()
        received = callback.received[0]
        return json.loads(received.body), received.spelt, open_id


@shows("ready_event_user", "absent")
def _(start: Start) -> None:
    body, _spelt, _open_id = ready_event(start)
    assert "user_openid" not in body


@shows("ready_event_user", "present")
def _(start: Start) -> None:
    body, _spelt, open_id = ready_event(start)
    assert body["user_openid"] == open_id


@shows("signature_header", "TikTok-Signature")
def _(start: Start) -> None:
    assert "TikTok-Signature" in ready_event(start)[1]


@shows("signature_header", "Tiktok-Signature")
def _(start: Start) -> None:
    assert "Tiktok-Signature" in ready_event(start)[1]


# --- the switches themselves -------------------------------------------------------------


def test_switches_can_be_changed_while_it_runs(start: Start) -> None:
    client = start(delay=HOUR)
    client.server.simulator.behave(early_download="unknown-code", oauth_status="200")
    assert early(client) == "data_not_ready"
    assert client.exchange("none").status_code == 200
    assert client.sign_in()["expires_in"] == 86_400
    client.server.simulator.behave(lifetimes="short")
    assert client.sign_in()["expires_in"] == 7_200


def test_every_switch_asks_something_and_has_several_answers() -> None:
    for switch in switches():
        assert len(set(switch.answers)) == len(switch.answers) > 1
        assert re.match(r"[A-Z]", switch.question)
        assert getattr(Behaviour(), switch.name) == switch.answers[0]
