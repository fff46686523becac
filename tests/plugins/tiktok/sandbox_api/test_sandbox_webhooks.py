"""Events: when they are sent, what they hold, how they are signed, and sent again."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from callback_server import CallbackServer, callback_server
from decamp_tiktok.sandbox.service import App, SandboxOptions, SandboxServer, example_app
from login_kit import ALL_ONGOING, Client

NOW = int(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp())
HOUR = timedelta(hours=1)


@pytest.fixture
def callback() -> Iterator[CallbackServer]:
    with callback_server() as running:
        yield running


@pytest.fixture
def client(start: Callable[..., Client], callback: CallbackServer) -> Client:
    """A client of an app whose events go to the callback; copies take an hour."""
    app = example_app(0, webhook=callback.address)
    client = start(apps=(app,), delay=HOUR, access_lifetime=timedelta(days=9))
    client.sign_in(ALL_ONGOING)
    return client


def body_of(callback: CallbackServer, number: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(callback.received[number].body)
    return body


def test_ready_is_sent_when_it_is_ready(client, callback):
    request = client.added()
    client.server.advance(minutes=59)
    assert not callback.received
    client.server.advance(minutes=1)
    body = body_of(callback)
    assert body == {
        "client_key": client.app.key,
        "event": "portability.download.ready",
        "create_time": NOW + 3_600,
        "content": body["content"],
    }
    assert isinstance(body["content"], str), "JSON within JSON"
    assert json.loads(body["content"]) == {"request_id": request}
    assert client.status(request) == "downloading"
    assert len(callback.received) == 1


def test_ready_is_not_sent_for_a_request_that_was_cancelled(client, callback):
    client.cancel(client.added())
    client.server.advance(days=1)
    assert not callback.received


def test_ready_is_sent_by_a_clock_that_runs(start, callback):
    app = example_app(0, webhook=callback.address)
    client = start(apps=(app,), at=None, delay=timedelta(milliseconds=50))
    client.sign_in(ALL_ONGOING)
    request = client.added()
    assert callback.came.wait(60)
    assert json.loads(body_of(callback)["content"]) == {"request_id": request}
    assert client.status(request) == "downloading"


def test_nobody_waits_for_events_of_a_sandbox_that_has_ended(callback):
    server = SandboxServer(SandboxOptions(apps=(example_app(0, webhook=callback.address),)))
    with server:
        pass
    simulator = server.simulator
    simulator.webhooks.tell(server.app, "test", {}, open_id=None, at=simulator.clock.now())
    simulator.webhooks.settle()


@pytest.mark.parametrize("reason", [0, 1, 2, 3, 4])
def test_removed_is_sent_when_the_person_disconnects_and_the_token_is_dead_then(
    client, callback, reason
):
    tokens = client.sign_in(ALL_ONGOING)
    simulator = client.server.simulator
    simulator.disconnect(simulator.user("tide.and.toast"), reason)
    assert client.add().status_code == 401
    simulator.webhooks.settle()
    body = body_of(callback)
    assert body["event"] == "authorization.removed"
    assert body["user_openid"] == tokens["open_id"]
    assert json.loads(body["content"]) == {"reason": reason}
    assert body["create_time"] == NOW
    assert len(callback.received) == 1, "once, however often the person had signed in"


def test_removed_is_sent_when_the_app_revokes(client, callback):
    client.revoke(client.token)
    client.server.simulator.webhooks.settle()
    assert json.loads(body_of(callback)["content"]) == {"reason": 5}


def test_a_reason_is_one_of_those_listed(client):
    simulator = client.server.simulator
    with pytest.raises(ValueError, match="from 0 to 5"):
        simulator.disconnect(simulator.user("tide.and.toast"), 6)


def test_ready_is_not_sent_after_the_grant_has_ended(client, callback):
    client.added()
    client.revoke(client.token)
    client.server.advance(days=1)
    assert [json.loads(one.body)["event"] for one in callback.received] == ["authorization.removed"]


def test_signature_is_hmac_of_time_and_raw_body_with_the_secret(client, callback):
    client.added()
    client.server.advance(hours=1)
    received = callback.received[0]
    parts = dict(part.split("=") for part in received.headers["tiktok-signature"].split(","))
    assert parts.keys() == {"t", "s"}
    assert int(parts["t"]) == NOW + 3_600
    message = parts["t"].encode() + b"." + received.body
    wanted = hmac.new(client.app.secret.encode(), message, hashlib.sha256).hexdigest()
    assert parts["s"] == wanted
    assert received.headers["content-type"] == "application/json"
    assert received.path == "/events"


@pytest.mark.parametrize("status", [500, 404, 302, 204, 201, 0])
def test_anything_but_200_is_sent_again(client, callback, status):
    callback.answers = [status]
    client.added()
    client.server.advance(hours=1)
    assert len(callback.received) == 1
    client.server.advance(minutes=1)
    assert len(callback.received) == 2
    client.server.advance(days=5)
    assert len(callback.received) == 2, "it was taken"
    assert callback.received[0].body == callback.received[1].body


def test_waits_double_and_end_after_72_hours(client, callback):
    callback.answers = [503] * 1_000
    client.added()
    client.server.advance(hours=1)
    for _ in range(100 * 60):
        client.server.advance(minutes=1)
    times = [one.at for one in client.server.simulator.webhooks.deliveries]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == [timedelta(minutes=2**n) for n in range(len(waits))]
    assert timedelta(hours=36) < times[-1] - times[0] <= timedelta(hours=72)
    seen = len(callback.received)
    client.server.advance(days=30)
    assert len(callback.received) == seen


def test_delivery_is_at_least_once(client, callback):
    client.added()
    client.server.advance(hours=1)
    client.server.simulator.webhooks.repeat()
    client.server.simulator.webhooks.settle()
    assert len(callback.received) == 2
    assert callback.received[0].body == callback.received[1].body


def test_all_events_go_to_the_one_address_of_their_app(start, callback):
    other = example_app(0, "web", loopback=False, redirect_uris=("https://service.example/",))
    client = start(apps=(example_app(0), other), delay=HOUR)
    client.server.simulator.webhooks.register(other, callback.address)
    client.sign_in(ALL_ONGOING)
    client.added()
    client.server.advance(hours=1)
    assert not callback.received, "the app for desktop has none"
    client.server.simulator.webhooks.register(client.app, callback.address)
    client.added()
    client.server.advance(hours=1)
    client.revoke(client.token)
    client.server.simulator.webhooks.settle()
    events = [json.loads(one.body) for one in callback.received]
    assert [one["event"] for one in events] == [
        "portability.download.ready",
        "authorization.removed",
    ]
    assert {one["client_key"] for one in events} == {client.app.key}


@pytest.mark.parametrize(
    "address",
    [
        "https://service.example/events",
        "http://10.0.0.1/",
        "file:///etc",
        "nonsense",
        "http://[",
        "http://127.0.0.1:99999/",
    ],
)
def test_events_never_leave_this_computer(client, address):
    with pytest.raises(ValueError, match="loopback only"):
        client.server.simulator.webhooks.register(client.app, address)
    with pytest.raises(ValueError, match="loopback only"):
        App(key="k", secret="s", webhook=address)
