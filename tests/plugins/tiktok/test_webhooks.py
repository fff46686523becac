"""TikTok's webhooks: what is genuine is read, and nothing else is.

Each test of the first part holds one row of TikTok's pages (webhooks-overview, -events and
-verification).
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decamp.webhooks import CopyReady, GrantRemoved, Notice, Refusal
from decamp_tiktok import decamp_exporters
from decamp_tiktok.api.webhooks import TikTokWebhooks
from tiktok_messages import (
    KEY,
    NOW,
    READY,
    READY_SIGNATURE,
    SECRET,
    SIGNED_AT,
    message,
    notice,
    read,
    refused,
    sign,
)

# --- TikTok's pages, row by row ----------------------------------------------------------


def test_the_signature_is_hmac_sha256_over_time_dot_raw_body_with_the_client_secret() -> None:
    headers = {"TikTok-Signature": f"t={SIGNED_AT},s={READY_SIGNATURE}"}
    assert isinstance(read(READY, headers), Notice)


def test_the_signature_covers_the_raw_bytes_not_the_json_in_them() -> None:
    same_json = READY.replace(b",", b", ")
    assert json.loads(same_json) == json.loads(READY)
    headers = {"TikTok-Signature": sign(READY)}
    assert "not TikTok's" in refused(read(same_json, headers))


@pytest.mark.parametrize(
    "name", ["TikTok-Signature", "Tiktok-Signature", "tiktok-signature", "TIKTOK-SIGNATURE"]
)
def test_the_header_is_spelled_in_more_than_one_way(name: str) -> None:
    assert isinstance(read(READY, {name: sign(READY)}), Notice)
    assert isinstance(read(READY, [("Host", "example.org"), (name, sign(READY))]), Notice)


def test_content_is_json_encoded_as_a_string_and_parsed_twice() -> None:
    assert isinstance(json.loads(READY)["content"], str)
    assert notice(READY).event == CopyReady("123123123123123")


def test_create_time_is_unix_seconds() -> None:
    assert notice(READY).at == datetime(2021, 3, 10, 1, 10, 10, tzinfo=UTC)


def test_download_ready_brings_a_request_id_and_no_user_openid() -> None:
    assert "user_openid" not in json.loads(READY)
    found = notice(READY)
    assert (found.name, found.event) == (
        "portability.download.ready",
        CopyReady("123123123123123"),
    )


@pytest.mark.parametrize("id_", [0, 2**53 + 1, 2**63 - 1, "9007199254740993"])
def test_a_request_id_is_an_int64_and_keeps_each_digit(id_: int | str) -> None:
    body = message("portability.download.ready", {"request_id": id_})
    assert notice(body).event == CopyReady(str(id_))


def test_download_ready_may_bring_a_user_openid_all_the_same() -> None:
    body = message("portability.download.ready", {"request_id": 7}, user_openid="someone")
    assert notice(body).event == CopyReady("7", "someone")


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (0, "unknown"),
        (1, "disconnected"),
        (2, "account-deleted"),
        (3, "age-changed"),
        (4, "banned"),
        (5, "revoked-by-app"),
        (6, "unknown"),
        (-1, "unknown"),
        (True, "unknown"),
        ("1", "unknown"),
        (None, "unknown"),
    ],
)
def test_authorization_removed_brings_user_openid_and_a_reason(number: Any, word: str) -> None:
    body = message("authorization.removed", {"reason": number}, user_openid="act.someone")
    assert notice(body).event == GrantRemoved("act.someone", word)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", ["video.upload.failed", "video.publish.completed", "new.event"])
def test_all_events_are_delivered_and_those_of_other_products_are_kept(event: str) -> None:
    body = message(event, {"share_id": "video.6974"}, user_openid="someone")
    found = notice(body)
    assert (found.name, found.event, found.body) == (event, None, body)


def test_at_least_once_a_repetition_has_the_same_id_whenever_it_was_signed() -> None:
    later = {"TikTok-Signature": sign(READY, at=SIGNED_AT + 3600)}
    again = read(READY, later, now=NOW + timedelta(hours=1))
    assert isinstance(again, Notice)
    assert again.id == notice(READY).id


def test_a_repetition_that_was_written_anew_has_the_same_id() -> None:
    anew = json.dumps(dict(reversed(json.loads(READY).items())), indent=2).encode()
    assert anew != READY
    assert notice(anew).id == notice(READY).id


@pytest.mark.parametrize(
    "other",
    [
        {"event": "authorization.removed"},
        {"create_time": 1615338611},
        {"content": '{"request_id":123123123123124}'},
        {"user_openid": "someone"},
        {"create_time": [1615338610]},
    ],
)
def test_another_event_has_another_id(other: dict[str, Any]) -> None:
    changed = json.dumps({**json.loads(READY), **other}).encode()
    assert notice(changed).id != notice(READY).id


# --- genuine, and odd --------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    ["", "no JSON", "{", "[1]", "7", "null", '"{}"', "{}", '{"request_id":null}', "[" * 50_000]
    + [json.dumps({"request_id": odd}) for odd in (True, 1.5, -1, "", "12a", "９", "1" * 21, [1])],
)
def test_content_that_is_no_json_or_not_the_expected_one_is_kept(content: str) -> None:
    body = message("portability.download.ready", content)
    found = notice(body)
    assert (found.name, found.event, found.body) == ("portability.download.ready", None, body)


@pytest.mark.parametrize("content", [7, None, {"request_id": 7}, ["x"]])
def test_content_that_is_no_string_is_kept(content: Any) -> None:
    body = json.dumps({**json.loads(READY), "content": content}).encode()
    assert notice(body).event is None


@pytest.mark.parametrize("account", ["", None, 7, {}])
def test_removal_of_nobody_is_kept(account: Any) -> None:
    body = message("authorization.removed", {"reason": 1}, user_openid=account)
    assert notice(body).event is None


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"no JSON", b"[]", b"null", b"[" * 60_000, b'{"client_key":1e400}']
)
def test_a_signed_body_that_is_no_object_is_kept_not_refused(body: bytes) -> None:
    found = notice(body)
    assert (found.name, found.at, found.event, found.body) == ("", None, None, body)


@pytest.mark.parametrize("time", [None, "1615338610", 1.5, True, 10**30, -(10**30), [1]])
def test_a_time_that_is_none(time: Any) -> None:
    found = notice(message("portability.download.ready", {"request_id": 7}, create_time=time))
    assert found.at is None and found.event == CopyReady("7")


@given(st.binary(max_size=400), st.text(max_size=200))
def test_nothing_breaks_it_and_nothing_unsigned_gets_through(body: bytes, header: str) -> None:
    assert isinstance(read(body, {"TikTok-Signature": header}), Refusal)
    read(body, {"TikTok-Signature": sign(body)})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"client_key": st.just(KEY)},
        optional={
            "event": st.sampled_from(["portability.download.ready", "authorization.removed"])
            | _JSON,
            "create_time": st.integers(0, 2**40) | _JSON,
            "user_openid": st.text(max_size=10) | _JSON,
            "content": _JSON.map(json.dumps) | _JSON,
        },
    )
)
def test_whatever_tiktok_signs_is_kept(told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    assert notice(body).body == body


# --- leaks, and the way in ---------------------------------------------------------------


def test_secret_signature_and_body_are_in_no_repr_and_no_reason() -> None:
    secret, account = "canary-secret-5c2a", "canary-account-91fe"
    reader = TikTokWebhooks(KEY, [secret])
    body = message("authorization.removed", {"reason": 1}, user_openid=account)
    signed = sign(body, secret)
    good = reader.read({"TikTok-Signature": signed}, body, NOW)
    old = reader.read({"TikTok-Signature": signed}, body, NOW + timedelta(days=1))
    bad = reader.read({"TikTok-Signature": sign(body)}, body, NOW)
    said = f"{reader!r} {good!r} {old!r} {bad!r}"
    assert secret not in said
    assert signed.partition("s=")[2] not in said
    assert said.count(account) == 1  # whom the event is about, for who acts on it


def test_the_exporter_declares_them() -> None:
    [spec] = tuple(decamp_exporters())
    assert spec.webhooks is not None
    found = spec.webhooks(KEY, [SECRET]).read({"TikTok-Signature": sign(READY)}, READY, NOW)
    assert isinstance(found, Notice)


def test_declaring_them_loads_nothing() -> None:
    code = "import sys, decamp_tiktok; print('decamp_tiktok.api.webhooks' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "False"
