"""What TikTok's API refuses, and a network that fails: each code once, at each of the four calls."""

from __future__ import annotations

import json
import logging
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api_answers import ADD, client, exporter, reply, server
from decamp import (
    AccessDenied,
    AuthError,
    ConfigError,
    Context,
    RateLimited,
    SourceUnreadable,
    TransferError,
    Unavailable,
)
from decamp_tiktok.api.client import PortabilityClient
from decamp_tiktok.api.exporter import ApiExporter
from decamp_tiktok.config import Config
from faulty_http import Answer, Server, serving

__all__ = ["client", "exporter", "server"]

# --- 2.8 limits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("30", 30.0), ("", None), ("soon", None), ("9" * 400, None), ("-1", None)],
)
def test_2_8_slow_down_with_and_without_a_time(given, seconds, server: Server, client) -> None:
    answer = reply(429, "rate_limit_exceeded", "too many")
    headers = {"Retry-After": given} if given else {}
    server.routes[ADD] = Answer(answer.status, answer.body, headers)
    with pytest.raises(RateLimited) as caught:
        client.add(["all_data"])
    assert caught.value.retry_after == seconds


# --- 2.9 error codes -------------------------------------------------------------------------

CODES: dict[str, tuple[int, type[TransferError]]] = {
    "access_token_invalid": (401, AuthError),
    "scope_not_authorized": (401, AccessDenied),
    "scope_permission_missed": (400, AccessDenied),
    "invalid_params": (400, SourceUnreadable),
    "invalid_file_upload": (400, SourceUnreadable),
    "rate_limit_exceeded": (429, RateLimited),
    "internal_error": (500, Unavailable),
}


@pytest.mark.parametrize("call", ["add", "check", "download", "cancel"])
@pytest.mark.parametrize("told", ["status", "body alone"])
@pytest.mark.parametrize("code", CODES)
def test_2_9_each_code(code, told, call, server: Server, client, tmp_path) -> None:
    status, kind = CODES[code]
    if call == "add" and kind is SourceUnreadable:
        kind = AccessDenied  # it may be that the permission is used up
    server.routes[f"/v2/user/data/{call}/"] = reply(
        status if told == "status" else 200, code, "Said TikTok"
    )
    with pytest.raises(kind) as caught:
        _do(client, call, tmp_path)
    assert type(caught.value) is kind
    assert "Said TikTok" in caught.value.message
    assert "log_id 2026112509AB" in caught.value.message
    assert code in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("code", ["region_not_supported", "request_in_progress", "not_ready"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 409])
@pytest.mark.parametrize("call", ["add", "check", "download"])
def test_2_9_unknown_codes_are_shown_as_they_came(
    code, status, call, server: Server, client, tmp_path
) -> None:
    server.routes[f"/v2/user/data/{call}/"] = reply(status, code, "Only TikTok knows.")
    with pytest.raises((AccessDenied, SourceUnreadable)) as caught:
        _do(client, call, tmp_path)
    assert f"Only TikTok knows (code {code}, HTTP {status}, log_id" in caught.value.message
    assert (call != "add") or "EEA" in caught.value.hint


def test_2_9_the_other_shape_of_errors_is_read_too(server: Server, client) -> None:
    flat = {"error": "access_token_invalid", "error_description": "Gone.", "log_id": "L1"}
    server.routes[ADD] = Answer(401, json.dumps(flat).encode())
    with pytest.raises(AuthError, match=r"Gone \(code access_token_invalid, HTTP 401, log_id L1\)"):
        client.add(["all_data"])


def test_what_tiktok_says_is_shown_without_links_tokens_and_control_characters(
    server: Server, client
) -> None:
    nasty = "see https://x.example/?sig=CANARY1 act.CANARY2!3 \x1b[31m\n" + "y" * 900
    server.routes[ADD] = reply(400, "strange", nasty)
    with pytest.raises(AccessDenied) as caught:
        client.add(["all_data"])
    told = caught.value.message + repr(caught.value)
    assert "CANARY" not in told
    assert "\x1b" not in told
    assert len(caught.value.message) < 500


def _do(client: PortabilityClient, call: str, folder: Path) -> None:
    match call:
        case "add":
            client.add(["all_data"])
        case "check":
            client.check("7")
        case "download":
            client.download("7", folder / "copy")
        case _:
            client.cancel("7")


# --- the network -----------------------------------------------------------------------------


def test_who_cannot_be_reached_was_surely_not_asked(tmp_path: Path) -> None:
    with serving() as gone:
        url = gone.url("")
    with httpx.Client(trust_env=False, timeout=120) as http, pytest.raises(Unavailable) as caught:
        PortabilityClient(http, url).add(["all_data"])
    assert caught.value.unsent


def test_a_lost_answer_is_a_doubt(server: Server, client) -> None:
    server.routes[ADD] = Answer(200, b'{"data": {"request_id": 7}', sent=5)
    with pytest.raises(Unavailable) as caught:
        client.add(["all_data"])
    assert not caught.value.unsent
    assert "act.secret" not in caught.value.message


def test_nobody_is_signed_in(tmp_path: Path) -> None:
    context = Context(Config(), logging.getLogger("x"), lambda: datetime.now(UTC), tmp_path)
    with pytest.raises(ConfigError, match="not signed in") as caught:
        ApiExporter(context)
    assert "decamp connect tiktok" in caught.value.hint


def test_without_a_copy_there_is_nothing_to_read(exporter: ApiExporter) -> None:
    for call in (exporter.fingerprint, exporter.inspect, exporter.skeleton):
        with pytest.raises(ConfigError, match="no copy"):
            call()
    with pytest.raises(ConfigError, match="no copy"):
        next(exporter.export_pages(None))
    assert exporter.as_of() is None
    assert (exporter.account().id, exporter.account().service) == ("open-1", "tiktok")
    exporter.close()


def test_an_empty_copy_speaks_of_the_region(exporter: ApiExporter, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("user_data_tiktok.json", "{}")
    exporter.use(file)
    with pytest.raises(SourceUnreadable, match="no data") as caught:
        list(exporter.export_pages(None))
    assert "EEA" in caught.value.hint
