"""Add, Check, Download and Cancel: fields, states, and the copies themselves."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from decamp_tiktok.sandbox import ArchiveOptions, Counts, write_archive
from decamp_tiktok.sandbox.service import User
from login_kit import ALL_ONCE, ALL_ONGOING, Client, code_of, opened

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


# --- the common form ---------------------------------------------------------------------


def test_envelope_of_success(client):
    client.sign_in()
    answer = client.add()
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert body.keys() == {"data", "error"}
    assert body["error"].keys() == {"code", "message", "log_id"}
    assert body["error"]["code"] == "ok"
    assert body["error"]["message"] == ""
    assert body["error"]["log_id"]


@pytest.mark.parametrize("name", ["add", "check", "download", "cancel"])
def test_calls_carry_a_bearer_token_and_json_and_are_posts(client, name):
    client.sign_in(ALL_ONGOING)
    body = {"request_id": client.added(), "data_format": "json",
            "category_selection_list": ["all_data"]}  # fmt: skip
    fields = "request_id" if name in ("add", "check") else None
    assert client.call(name, body, fields).status_code == 200
    for header in ("", client.token, f"Basic {client.token}", "Bearer", "Bearer act.none"):
        answer = client.call(name, body, fields, Authorization=header)
        assert (answer.status_code, code_of(answer)) == (401, "access_token_invalid")
    address = f"/v2/user/data/{name}/"
    signed = {"Authorization": f"Bearer {client.token}"}
    params = {"fields": fields} if fields else {}
    form = client.http.post(address, params=params, data={"request_id": "1"}, headers=signed)
    assert (form.status_code, code_of(form)) == (400, "invalid_params")
    assert client.http.get(address, params=params, headers=signed).status_code == 405


@pytest.mark.parametrize("text", ["", "[]", "1", "null", "{", "[" * 100_000, '"\\ud800"', "\xff"])
def test_bodies_that_are_no_object_are_refused(client, text):
    client.sign_in()
    for name in ("add", "check", "download", "cancel"):
        answer = client.http.post(
            f"/v2/user/data/{name}/?fields=request_id",
            content=text.encode("latin-1"),
            headers={"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"},
        )
        assert (answer.status_code, code_of(answer)) == (400, "invalid_params")


# --- Add ---------------------------------------------------------------------------------


def test_add_answers_an_int64_beyond_what_a_double_holds(client):
    client.sign_in()
    body = client.add().json()["data"]
    assert body.keys() == {"request_id"}
    assert 2**53 < body["request_id"] < 2**63


@pytest.mark.parametrize("fields", [None, "", "status", "request_id,", "request_id status"])
def test_add_needs_the_field_request_id(client, fields):
    client.sign_in()
    body = {"data_format": "json", "category_selection_list": ["all_data"]}
    assert code_of(client.call("add", body, fields)) == "invalid_params"
    assert client.call("add", body, "request_id").status_code == 200, "nothing was used up"


@pytest.mark.parametrize(
    "changes",
    [
        {"data_format": "xml"},
        {"data_format": None},
        {"category_selection_list": []},
        {"category_selection_list": None},
        {"category_selection_list": "all_data"},
        {"category_selection_list": ["everything"]},
        {"category_selection_list": ["direct_messages"]},
        {"category_selection_list": [["all_data"]]},
        {"category_selection_list": [None, "all_data"]},
    ],
)
def test_add_refuses_other_bodies_and_uses_nothing_up(client, changes):
    client.sign_in()
    body = {"data_format": "json", "category_selection_list": ["all_data"]}
    answer = client.call("add", body | changes, "request_id")
    assert (answer.status_code, code_of(answer)) == (400, "invalid_params")
    assert client.call("add", body, "request_id").status_code == 200


# --- Check -------------------------------------------------------------------------------


def test_check_brings_the_fields_that_were_asked_for(start):
    client: Client = start(delay=HOUR)
    client.sign_in()
    request = client.added("video", "direct_message")
    whole = client.check(
        request, "request_id,apply_time,collect_time,status,data_format,category_selection_list"
    )
    assert whole == {
        "request_id": request,
        "apply_time": int(NOW.timestamp()),
        "collect_time": int(NOW.timestamp()) + 1,
        "status": "pending",
        "data_format": "json",
        "category_selection_list": ["video", "direct_messages"],
    }
    for name, value in whole.items():
        assert client.check(request, name) == {name: value}


@pytest.mark.parametrize("fields", [None, "", "request_id,size", "*"])
def test_check_needs_fields_that_exist(client, fields):
    client.sign_in()
    request = client.added()
    assert code_of(client.call("check", {"request_id": request}, fields)) == "invalid_params"


@pytest.mark.parametrize("name", ["check", "download", "cancel"])
def test_a_request_is_known_to_its_person_and_app_alone(client, name):
    client.sign_in(ALL_ONGOING)
    request = client.added()
    fields = "status" if name == "check" else None
    for wrong in (str(request), float(request), request + 1, None, True, [request]):
        assert code_of(client.call(name, {"request_id": wrong}, fields)) == "invalid_params"
    client.sign_in(ALL_ONGOING, user="harbour.lights")
    assert code_of(client.call(name, {"request_id": request}, fields)) == "invalid_params"
    client.sign_in(ALL_ONCE)
    assert client.call(name, {"request_id": request}, fields).status_code == 200


def test_status_pending_then_downloading_then_expired(start):
    client: Client = start(delay=HOUR, access_lifetime=timedelta(days=9))
    client.sign_in()
    request = client.added()
    assert client.status(request) == "pending"
    client.server.advance(minutes=59, seconds=59)
    assert client.status(request) == "pending"
    client.server.advance(seconds=1)
    assert client.status(request) == "downloading"
    client.server.advance(days=3, hours=23, minutes=59, seconds=59)
    assert client.status(request) == "downloading"
    client.server.advance(seconds=1)
    assert client.status(request) == "expired"


@pytest.mark.parametrize("waited", [0, 1])
def test_status_cancelled(start, waited):
    client: Client = start(delay=HOUR)
    client.sign_in()
    request = client.added()
    client.server.advance(hours=waited)
    client.cancel(request)
    assert client.status(request) == "cancelled"
    client.server.advance(hours=5)
    assert client.status(request) == "cancelled"


def test_a_single_scope_that_is_used_up_does_not_stop_check_download_and_cancel(client):
    client.sign_in(ALL_ONCE)
    request = client.added()
    assert client.status(request) == "downloading"
    assert client.download(request).status_code == 200
    assert client.cancel(request).status_code == 200


# --- Download ----------------------------------------------------------------------------


def test_download_is_the_archive_of_the_account_byte_for_byte(client, tmp_path):
    client.sign_in()
    answer = client.download(client.added())
    write_archive(
        tmp_path / "same.zip",
        ArchiveOptions(
            seed=7, username="tide.and.toast", exported_at=NOW, media_base=client.server.address
        ),
    )
    assert answer.content == (tmp_path / "same.zip").read_bytes()
    assert answer.headers["content-type"] == "application/zip"
    assert client.http.get("/sandbox/archive?user=tide.and.toast").content == answer.content


def test_download_is_from_the_time_when_the_copy_was_ready(start):
    client: Client = start(delay=HOUR, access_lifetime=timedelta(days=9))
    client.sign_in()
    request = client.added()
    client.server.advance(days=3)
    late = client.download(request).content
    with zipfile.ZipFile(io.BytesIO(late)) as archive:
        assert archive.infolist()[0].date_time == (2026, 11, 25, 13, 0, 0)


def test_download_says_where_the_account_is(client):
    client.sign_in(user="harbour.lights")
    document = opened(client.download(client.added()))
    profile = document["Profile And Settings"]["Profile Info"]["ProfileMap"]
    assert (profile["userName"], profile["accountRegion"]) == ("harbour.lights", "GB")


@pytest.mark.parametrize(
    ("category", "roots"),
    [
        ("video", {"Post"}),
        ("profile", {"Profile And Settings"}),
        ("activity", {"Your Activity"}),
        ("direct_message", {"Direct Message"}),
    ],
)
def test_download_holds_the_categories_that_were_asked_for(client, category, roots):
    client.sign_in()
    assert opened(client.download(client.added(category))).keys() == roots


def test_download_has_no_fields_and_a_request_id_in_its_body(client):
    client.sign_in()
    request = client.added()
    assert code_of(client.call("download", {})) == "invalid_params"
    params = {"request_id": str(request)}
    answer = client.http.post(
        "/v2/user/data/download/",
        params=params,
        json={},
        headers={"Authorization": f"Bearer {client.token}"},
    )
    assert code_of(answer) == "invalid_params"


@pytest.mark.parametrize("when", ["before", "after", "cancelled", "unknown"])
def test_download_error_has_one_key_more(start, when):
    client: Client = start(delay=HOUR, access_lifetime=timedelta(days=9))
    client.sign_in()
    request = client.added()
    if when == "after":
        client.server.advance(days=5)
    elif when == "cancelled":
        client.cancel(request)
    elif when == "unknown":
        request += 1
    answer = client.download(request)
    body = answer.json()
    assert answer.status_code == 400
    assert body["data"] == {}
    assert body["error"].keys() == {"code", "http_status_code", "log_id", "message"}
    assert body["error"]["code"] == "invalid_params"
    assert body["error"]["http_status_code"] == 400


def test_media_links_expire_with_the_copy(client):
    client.sign_in()
    document = opened(client.download(client.added()))
    links = [
        link for post in document["Post"]["Posts"]["VideoList"] for link in post["Link"].split()
    ]
    assert all(link.startswith(client.server.address) for link in links)
    client.server.advance(days=3, hours=23)
    assert [client.http.get(link).status_code for link in links[:3]] == [200] * 3
    client.server.advance(hours=1)
    assert [client.http.get(link).status_code for link in links[:3]] == [403] * 3


def test_a_copy_may_be_a_file_of_ones_own(start, tmp_path):
    (tmp_path / "own.zip").write_bytes(b"PK own")
    person = User(username="a", seed=1, archive=tmp_path / "own.zip")
    client: Client = start(users=(person,))
    client.sign_in()
    assert client.download(client.added()).content == b"PK own"


def test_an_empty_account_has_an_archive(start):
    client: Client = start(users=(User(username="a", seed=1, counts=Counts.none()),))
    client.sign_in()
    assert opened(client.download(client.added()))


# --- Cancel ------------------------------------------------------------------------------


def test_cancel_takes_its_id_from_the_body_and_answers_without_data(start):
    client: Client = start(delay=HOUR)
    client.sign_in()
    request = client.added()
    address = f"/v2/user/data/cancel/?request_id={request}"
    signed = {"Authorization": f"Bearer {client.token}"}
    assert code_of(client.http.post(address, json={}, headers=signed)) == "invalid_params"
    answer = client.cancel(request)
    assert answer.status_code == 200
    assert answer.json().keys() == {"error"}
    assert code_of(answer) == "ok"
    assert client.cancel(request).status_code == 200


# --- the text format ---------------------------------------------------------------------


def test_text_format_has_a_file_for_each_section(client):
    client.sign_in(ALL_ONGOING)
    json_copy = opened(client.download(client.added()))
    answer = client.add(data_format="text")
    archive = zipfile.ZipFile(
        io.BytesIO(client.download(answer.json()["data"]["request_id"]).content)
    )
    assert archive.testzip() is None
    names = archive.namelist()
    assert "TikTok/Your Activity/Watch History.txt" in names
    assert all(name.startswith("TikTok/") and name.endswith(".txt") for name in names)
    text = archive.read("TikTok/Your Activity/Watch History.txt").decode()
    watched = json_copy["Your Activity"]["Watch History"]["VideoList"]
    assert text.count("Link: ") == len(watched)
    assert f"Date: {watched[0]['Date']} UTC\nLink: {watched[0]['Link']}\n" in text
