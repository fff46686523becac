"""TikTok's four endpoints: each row of what is documented, against real sockets.

The answers are those of the pages of developers.tiktok.com; what no page says is tried in each
way that it could be.
"""

from __future__ import annotations

import json
import logging
import stat
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api_answers import (
    ADD,
    CANCEL,
    CHECK,
    DOWNLOAD,
    LARGE,
    client,
    exporter,
    made,
    posted,
    reply,
    server,
    zipped,
)
from decamp import (
    AccessDenied,
    RequestStatus,
    SourceUnreadable,
    Unavailable,
)
from decamp_tiktok.api.categories import categories_for, is_repeatable, same_categories
from decamp_tiktok.api.client import LIFETIME, PortabilityClient
from faulty_http import Answer, Server

__all__ = ["client", "exporter", "server"]

# --- 2.1 scopes ------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["single", "ongoing"])
@pytest.mark.parametrize(
    ("types", "categories"),
    [
        (["activity"], ["activity"]),
        (["postsandprofile"], ["video", "profile"]),
        (["directmessages"], ["direct_message"]),
        (["all"], ["all_data"]),
        (["all", "activity"], ["all_data"]),  # it wins over everything else in the list
        (["directmessages", "postsandprofile"], ["video", "profile", "direct_message"]),
    ],
)
def test_2_1_each_category_with_the_scopes_that_cover_it(types, categories, term) -> None:
    scopes = [f"portability.{kind}.{term}" for kind in types]
    assert list(categories_for([*scopes, "user.info.basic"])) == categories
    assert is_repeatable([*scopes, "user.info.basic"]) == (term == "ongoing")


def test_2_1_mixed_terms_count_as_single() -> None:
    assert not is_repeatable(["portability.all.single", "portability.all.ongoing"])


@pytest.mark.parametrize("scopes", [[], ["user.info.basic"], ["portability.lemon.single"]])
def test_2_1_a_consumed_scope_disappears_and_then_nothing_is_asked(
    scopes, client, server, tmp_path
) -> None:
    exporter = made(client, tmp_path, *(scopes or ["user.info.basic"]))
    with pytest.raises(AccessDenied, match="used up"):
        exporter.request()
    assert server.seen == []
    assert not exporter.repeatable()


# --- 2.2 the common form ---------------------------------------------------------------------


def test_2_2_all_four_calls_are_posts_with_the_token_and_json(server, client, tmp_path) -> None:
    server.routes |= {
        ADD: reply(request_id=7),
        CHECK: reply(status="pending"),
        CANCEL: reply(),
        DOWNLOAD: Answer(200, zipped()),
    }
    client.add(["all_data"])
    client.check("7")
    client.cancel("7")
    client.download("7", tmp_path / "copy")
    assert len(server.bodies) == 4
    for _, headers in server.seen:
        assert headers["authorization"] == "Bearer act.secret"
        assert headers["content-type"] == "application/json"


def test_2_2_the_body_decides_and_the_status_too(server: Server, client) -> None:
    server.routes[ADD] = reply(200, "scope_not_authorized", request_id=7)
    with pytest.raises(AccessDenied):
        client.add(["all_data"])
    server.routes[ADD] = reply(500, "ok", request_id=7)
    with pytest.raises(Unavailable) as caught:
        client.add(["all_data"])
    assert not caught.value.unsent


def test_2_2_cancel_succeeds_without_data(server: Server, client) -> None:
    body = json.dumps({"error": {"code": "ok", "message": "", "log_id": "x"}}).encode()
    server.routes[CANCEL] = Answer(200, body)
    client.cancel("7")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""),
        Answer(200, b"<html>"),
        Answer(200, b"[]"),
        Answer(200, b"{}"),
        Answer(200, b'{"error": null, "data": 7}'),
        Answer(200, b"\xff\xfe"),
        Answer(200, b"[" * 100_000),
        Answer(302, b"", {"Location": "https://www.tiktok.com/"}),
        Answer(502, b"Bad gateway"),
        Answer(200, b'{"data":{},"error":{"code":"ok"}}' + b" " * (2 << 20)),
    ],
    ids=lambda one: f"{one.status} {one.body[:20]!r}",
)
def test_2_2_what_is_not_the_envelope_is_a_doubt(answer, server: Server, client) -> None:
    server.routes[ADD] = answer
    with pytest.raises(Unavailable) as caught:
        client.add(["all_data"])
    assert not caught.value.unsent


# --- 2.3 Add ---------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [7, LARGE, str(LARGE)])
def test_2_3_add_gives_the_id_as_text(given: Any, server: Server, client) -> None:
    server.routes[ADD] = reply(request_id=given)
    assert client.add(["video", "profile"]) == str(given)
    assert server.seen[-1][0] == f"{ADD}?fields=request_id"
    wanted = {"data_format": "json", "category_selection_list": ["video", "profile"]}
    assert posted(server) == wanted


@pytest.mark.parametrize(
    "given", [None, "", "abc", 0, True, 7.5, [7], {"id": 7}, "7" * 5000, 10**40, "٧"]
)
def test_2_3_add_without_an_id_is_a_doubt(given: Any, server: Server, client) -> None:
    server.routes[ADD] = reply(request_id=given)
    with pytest.raises(Unavailable) as caught:
        client.add(["all_data"])
    assert not caught.value.unsent


# --- 2.4 Check -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", "pending"),
        ("downloading", "ready"),  # it means that one may
        ("expired", "expired"),
        ("cancelled", "cancelled"),
        ("canceled", "cancelled"),
        ("Downloading", "ready"),
        ("failed", "pending"),  # no page knows it; our own deadline ends the waiting
    ],
)
def test_2_4_each_status(word: str, state: Any, server: Server, exporter) -> None:
    server.routes[CHECK] = reply(status=word, request_id=LARGE)
    assert exporter.status(str(LARGE)) == RequestStatus(state, None, word.lower())
    assert posted(server) == {"request_id": LARGE}


def test_2_4_fields_are_asked_for_in_the_query(server: Server, client) -> None:
    server.routes[CHECK] = reply(status="pending")
    client.check("7")
    _, _, query = server.seen[-1][0].partition("?fields=")
    assert set(query.replace("%2C", ",").split(",")) == {
        *("request_id", "apply_time", "collect_time", "status", "data_format"),
        "category_selection_list",
    }


@pytest.mark.parametrize("given", [1_764_061_200, "1764061200"])
def test_2_4_times_are_unix_seconds_and_give_a_safe_end(given, server: Server, client) -> None:
    began = datetime.fromtimestamp(1_764_061_200, UTC)
    server.routes[CHECK] = reply(status="downloading", collect_time=given, apply_time=1)
    assert client.check("7").until == began + LIFETIME
    server.routes[CHECK] = reply(status="downloading", apply_time=given)
    assert client.check("7").until == began + timedelta(days=4)


@pytest.mark.parametrize("given", [None, 0, -1, "soon", 1e30, 10**30, [1], 253_402_300_799])
def test_2_4_times_that_are_none_are_not_believed(given, server: Server, client) -> None:
    server.routes[CHECK] = reply(status="downloading", collect_time=given)
    assert client.check("7").until is None


@pytest.mark.parametrize("spelling", ["direct_message", "direct_messages"])
def test_2_4_both_spellings_of_messages_are_the_same(
    spelling, server, client, tmp_path, caplog
) -> None:
    caplog.set_level(logging.INFO)
    exporter = made(client, tmp_path, "portability.directmessages.single")
    server.routes[CHECK] = reply(status="pending", category_selection_list=[spelling])
    exporter.status("7")
    assert "TikTok prepares" not in caplog.text
    assert same_categories([spelling], ["direct_message"])
    server.routes[CHECK] = reply(status="pending", category_selection_list=["video"])
    exporter.status("7")
    assert "TikTok prepares" in caplog.text


@pytest.mark.parametrize("data", [{}, {"status": ""}, {"status": 3}, {"status": None}])
def test_2_4_without_a_status_nothing_is_known(data, server: Server, client) -> None:
    server.routes[CHECK] = reply(**data)
    with pytest.raises(Unavailable):
        client.check("7")


def test_2_4_the_host_is_that_of_the_table(server: Server) -> None:
    assert PortabilityClient.__attrs_attrs__.base.default == "https://open.tiktokapis.com"


# --- 2.5 Download ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/zip"},
        {"Content-Type": "application/json"},  # no page says which it is: the bytes tell
        {"Content-Disposition": 'attachment; filename="../../x.zip"'},
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_2_5_a_zip_is_written_as_it_comes(headers, chunked, server, client, tmp_path) -> None:
    body = zipped(300_000)
    server.routes[DOWNLOAD] = Answer(200, body, headers, chunked=chunked)
    file = tmp_path / "copy"
    client.download(str(LARGE), file)
    assert file.read_bytes() == body
    assert posted(server) == {"request_id": LARGE}
    assert "?" not in server.seen[-1][0]
    assert server.ranges == [None]
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("status", [200, 400])
def test_2_5_an_error_comes_as_json_with_its_own_status(status, server, client, tmp_path) -> None:
    error = {
        "code": "invalid_params",
        "http_status_code": 400,
        "log_id": "2026112509AB",
        "message": "wrong request_id",
    }
    server.routes[DOWNLOAD] = Answer(status, json.dumps({"data": {}, "error": error}).encode())
    with pytest.raises(SourceUnreadable) as caught:
        client.download("7", tmp_path / "copy")
    assert "wrong request_id" in caught.value.message
    assert "log_id 2026112509AB" in caught.value.message
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 2, 1000, 299_000])
def test_2_5_a_body_that_is_cut_is_noticed(kept, chunked, server, client, tmp_path) -> None:
    server.routes[DOWNLOAD] = Answer(200, zipped(300_000), sent=kept, chunked=chunked)
    with pytest.raises(Unavailable):
        client.download("7", tmp_path / "copy")


def test_2_5_a_body_that_is_cut_before_it_is_sent_is_noticed(server, client, tmp_path) -> None:
    """Nothing in HTTP tells of it: the directory at the end of the zip is not there."""
    server.routes[DOWNLOAD] = Answer(200, zipped(300_000)[:200_000])
    with pytest.raises(Unavailable, match="broke off after 200,000 bytes"):
        client.download("7", tmp_path / "copy")


@pytest.mark.parametrize("body", [b"", b"<html>Sorry</html>", b"{}", b"P"])
def test_2_5_neither_a_zip_nor_an_error(body: bytes, server: Server, client, tmp_path) -> None:
    server.routes[DOWNLOAD] = Answer(200, body)
    with pytest.raises(Unavailable):
        client.download("7", tmp_path / "copy")


def test_2_5_it_may_be_downloaded_again_or_not(server: Server, client, tmp_path) -> None:
    server.routes[DOWNLOAD] = [Answer(200, zipped()), reply(400, "already_downloaded", "once")]
    client.download("7", tmp_path / "1")
    with pytest.raises(SourceUnreadable, match="already_downloaded"):
        client.download("7", tmp_path / "2")


# --- 2.6 Cancel ------------------------------------------------------------------------------


def test_2_6_the_id_is_in_the_body(server: Server, client) -> None:
    server.routes[CANCEL] = reply()
    client.cancel(str(LARGE))
    assert posted(server) == {"request_id": LARGE}
    assert server.seen[-1][0] == CANCEL


@pytest.mark.parametrize(
    ("check", "fine"),
    [
        (reply(status="expired"), True),
        (reply(status="cancelled"), True),
        (reply(400, "invalid_params", "wrong request_id"), True),
        (reply(status="pending"), False),
    ],
)
def test_2_6_one_that_has_ended_is_fine(check, fine, server: Server, exporter) -> None:
    server.routes |= {CANCEL: reply(400, "invalid_params"), CHECK: check}
    if fine:
        exporter.cancel("7")
    else:
        with pytest.raises(SourceUnreadable):
            exporter.cancel("7")


def test_an_id_that_is_none_is_never_sent(server: Server, client) -> None:
    for wrong in ("", "seven", "7 ", "-7", "٧"):
        with pytest.raises(SourceUnreadable):
            client.check(wrong)
    assert server.seen == []
