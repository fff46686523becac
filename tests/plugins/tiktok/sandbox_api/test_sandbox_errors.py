"""Error codes, limits, and what goes wrong on the way."""

from __future__ import annotations

import time
import zipfile
from contextlib import closing, suppress
from datetime import timedelta
from http.client import HTTPConnection
from io import BytesIO
from urllib.parse import urlsplit

import httpx
import pytest

from decamp_tiktok.sandbox.service import ServiceFault
from login_kit import ALL_ONCE, ALL_ONGOING, Client, code_of


def error_of(answer):
    """Give status and code of an answer, which has to be of the nested shape."""
    body = answer.json()
    assert body.keys() == {"data", "error"}
    assert body["data"] == {}
    assert {"code", "message", "log_id"} <= body["error"].keys()
    assert body["error"]["log_id"] and body["error"]["message"]
    return answer.status_code, body["error"]["code"]


# --- the codes ---------------------------------------------------------------------------


def test_code_ok_is_200(client):
    client.sign_in()
    answer = client.add()
    assert (answer.status_code, code_of(answer)) == (200, "ok")


def test_code_access_token_invalid_is_401(client):
    client.sign_in()
    client.server.advance(days=1)
    assert error_of(client.add()) == (401, "access_token_invalid")
    client.token = "act.never"
    assert error_of(client.add()) == (401, "access_token_invalid")


def test_code_scope_not_authorized_is_401(client):
    client.sign_in("portability.activity.single")
    assert error_of(client.add("video")) == (401, "scope_not_authorized")
    client.add("activity")
    assert error_of(client.add("activity")) == (401, "scope_not_authorized"), "used up"


def test_code_invalid_params_is_400(client):
    client.sign_in()
    assert error_of(client.add("nonsense")) == (400, "invalid_params")
    assert error_of(client.download(1)) == (400, "invalid_params")
    assert "wrong request_id" in client.download(1).json()["error"]["message"]


def test_code_rate_limit_exceeded_is_429(client):
    client.sign_in()
    client.server.fail("add:429")
    assert error_of(client.add()) == (429, "rate_limit_exceeded")


def test_code_internal_error_is_500(client):
    client.sign_in()
    client.server.fail("add:500")
    assert error_of(client.add()) == (500, "internal_error")


def test_code_scope_permission_missed_is_400(client):
    client.server.simulator.behave(used_scope="scope_permission_missed")
    client.sign_in()
    client.add()
    assert error_of(client.add()) == (400, "scope_permission_missed")


def test_a_code_that_no_page_lists(client):
    client.sign_in()
    client.server.fail(*(f"{name}:unknown-code" for name in ("add", "download", "refresh")))
    assert error_of(client.add()) == (400, "something_new")
    assert client.download(1).json()["error"]["code"] == "something_new"
    assert client.refresh("any").json()["error"] == "something_new"


def test_every_answer_has_another_log_id(client):
    client.sign_in()
    seen = {client.add("nonsense").json()["error"]["log_id"] for _ in range(20)}
    assert len(seen) == 20


# --- the limit ---------------------------------------------------------------------------


def test_limit_is_1000_calls_a_minute_for_each_endpoint_and_app(start):
    client: Client = start()
    client.sign_in(ALL_ONGOING)
    request = client.added()
    body = {"request_id": request}
    for _ in range(1_000):
        assert client.call("check", body, "status").status_code == 200
    answer = client.call("check", body, "status")
    assert error_of(answer) == (429, "rate_limit_exceeded")
    assert "retry-after" not in answer.headers
    assert client.download(request).status_code == 200, "another endpoint"
    client.server.advance(seconds=59)
    assert client.call("check", body, "status").status_code == 429
    client.server.advance(seconds=1)
    assert client.call("check", body, "status").status_code == 200


def test_limit_slides(start):
    client: Client = start(rate_limit=2)
    client.sign_in(ALL_ONGOING)
    body = {"request_id": client.added()}
    for seconds, status in ((0, 200), (30, 200), (29, 429), (1, 200), (29, 429), (1, 200)):
        client.server.advance(seconds=seconds)
        assert client.call("check", body, "status").status_code == status


# --- faults ------------------------------------------------------------------------------


def test_fault_429_and_500_have_no_effect(client):
    client.sign_in(ALL_ONCE)
    client.server.fail("add:429", "add:500@2", "add:html@3", "add:json@4", "add:dropped@5")
    assert client.add().status_code == 429
    assert client.add().status_code == 500
    assert client.add().status_code == 502
    odd = client.add()
    assert (odd.status_code, code_of(odd)) == (200, "internal_error")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.add()
    assert not client.server.simulator.desk.requests
    assert client.add().status_code == 200, "the single scope is still there"


def test_faults_come_when_the_whole_request_has(client):
    """A connection that ends before says "reset" to whoever is still sending."""
    client.server.fail("add:dropped", "add:html@2")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.http.post("/v2/user/data/add/", content=bytes(1 << 20))
    assert client.http.post("/v2/user/data/add/", content=bytes(1 << 20)).status_code == 502


@pytest.mark.parametrize("name", ["lost", "500-done"])
def test_fault_lost_answer_has_its_effect(client, name):
    client.sign_in(ALL_ONCE)
    client.server.fail(f"add:{name}")
    if name == "lost":
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            client.add()
    else:
        assert error_of(client.add()) == (500, "internal_error")
    assert len(client.server.simulator.desk.requests) == 1
    assert error_of(client.add()) == (401, "scope_not_authorized"), "it was used up"


def test_fault_lost_answer_to_a_refresh_loses_the_pair(client):
    token = client.sign_in()["refresh_token"]
    client.server.fail("refresh:lost")
    with pytest.raises(httpx.RemoteProtocolError):
        client.refresh(token)
    assert client.refresh(token).json()["error"] == "invalid_grant"


def test_fault_lost_answer_to_a_code_exchange_loses_the_code(client):
    client.server.fail("token:lost")
    code = client.consent()["code"]
    with pytest.raises(httpx.RemoteProtocolError):
        client.exchange(code)
    assert client.exchange(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("length", ["sent", "chunked"])
def test_fault_cut_body(client, length):
    client.server.simulator.behave(download_length=length)
    client.sign_in(ALL_ONGOING)
    request = client.added()
    client.server.fail("download:cut")
    with pytest.raises(httpx.RemoteProtocolError):
        client.download(request)
    got = b""
    client.server.fail("download:cut")
    signed = {"Authorization": f"Bearer {client.token}"}
    with (
        client.http.stream(
            "POST", "/v2/user/data/download/", json={"request_id": request}, headers=signed
        ) as answer,
        suppress(httpx.RemoteProtocolError),
    ):
        assert answer.status_code == 200
        for chunk in answer.iter_raw():
            got += chunk
    whole = client.download(request).content
    assert got and whole.startswith(got) and len(got) < len(whole)


def test_fault_json_instead_of_a_zip(client):
    client.sign_in()
    request = client.added()
    client.server.fail("download:json")
    answer = client.download(request)
    assert answer.status_code == 200
    assert error_of(answer) == (200, "internal_error")
    assert "http_status_code" in answer.json()["error"]
    assert zipfile.is_zipfile(BytesIO(client.download(request).content))


def test_fault_slow_comes_late_and_whole(client):
    client.sign_in()
    # Both before either call: how soon the first one is read there decides nothing.
    client.server.simulator.faults.set(ServiceFault("add", "slow", last=1, seconds=600.0))
    client.server.simulator.faults.set(ServiceFault("add", "slow", first=2, last=2, seconds=0.0))
    with pytest.raises(httpx.ReadTimeout):
        client.http.post(
            "/v2/user/data/add/?fields=request_id",
            json={"data_format": "json", "category_selection_list": ["all_data"]},
            headers={"Authorization": f"Bearer {client.token}"},
            timeout=httpx.Timeout(60, read=0.05),
        )
    assert client.add().status_code == 200
    assert [one.fault for one in client.server.simulator.calls if one.endpoint == "add"] == ["slow"]


def test_faults_meet_the_calls_that_they_name(client):
    client.sign_in(ALL_ONGOING)
    request = client.added()
    body = {"request_id": request}
    client.call("check", body, "status")
    client.server.fail("check:500@2-3", "check:429@5-")
    seen = [client.call("check", body, "status").status_code for _ in range(6)]
    assert seen == [200, 500, 500, 200, 429, 429]
    assert [str(one) for one in client.server.simulator.faults.active()] == ["check:429@5-"]
    client.server.simulator.faults.clear()
    assert client.status(request) == "downloading"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is not like"),
        ("add:lost@", "is not like"),
        ("upload:lost", "there is no endpoint upload; there are: token"),
        ("add:burn", "there is no fault burn; there are: 429"),
        ("add:lost@0", "names no call"),
        ("add:lost@3-2", "names no call"),
    ],
)
def test_a_fault_that_is_not_there_is_explained(text, said):
    with pytest.raises(ValueError, match=said):
        ServiceFault.parse(text)


def test_a_connection_that_rests_is_not_closed_under_the_next_call(client):
    """Uvicorn does so after five seconds; by chance the next call is on its way then, and lost."""
    with closing(HTTPConnection("127.0.0.1", urlsplit(client.server.address).port)) as connection:
        for pause in (5.5, 0):
            connection.request("GET", "/nothing")
            connection.getresponse().read()
            time.sleep(pause)


def test_calls_are_kept_for_tests(client):
    client.sign_in()
    client.server.fail("add:lost")
    with pytest.raises(httpx.RemoteProtocolError):
        client.add()
    seen = [(one.endpoint, one.status, one.fault) for one in client.server.simulator.calls]
    assert seen == [("token", 200, ""), ("add", None, "lost")]
    assert client.server.simulator.faults.calls == {"token": 1, "add": 1}


def test_answers_are_dated_by_the_clock(client):
    client.token = "act.none"
    client.server.advance(days=400)
    for answer in (client.http.get("/"), client.add(), client.download(1), client.exchange("x")):
        assert answer.headers.get_list("date") == ["Thu, 30 Dec 2027 12:00:00 GMT"]


def test_the_clock_moves_forward_alone(client):
    with pytest.raises(ValueError, match="only moves forward"):
        client.server.clock.advance(timedelta(seconds=-1))
    for far in (timedelta(days=365 * 100), timedelta.max):
        with pytest.raises(ValueError, match="2099"):
            client.server.clock.advance(far)
