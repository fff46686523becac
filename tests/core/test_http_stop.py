"""A run that stops waits for no server, wherever that server is stuck."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import httpcore
import httpx
import pytest
from attrs import define, field

import faulty_http
from decamp.errors import Unavailable
from decamp.http import get, guarded_client
from decamp.http.stoppable import Stoppable
from faulty_http import Answer
from media_bytes import mp4
from media_place import places

TLS = httpx.create_ssl_context(trust_env=False)
FOREVER = httpx.Timeout(None)
SECONDS = 120.0
"""So long a test waits for what has to happen, before it fails."""


@pytest.fixture
def stop():
    return threading.Event()


@contextmanager
def held(answer):
    """Give a route that answers once the block is left, and whether it was asked."""
    gate, asked = threading.Event(), threading.Event()

    def route(headers):
        asked.set()
        gate.wait(SECONDS)
        return answer

    try:
        yield route, asked
    finally:
        gate.set()


def ends(call):
    """Make a call in a thread; give the thread, and a list for what the call raises."""
    raised = []

    def work():
        try:
            call()
        except Unavailable as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, raised


def read(client, url):
    with get(client, url) as response:
        return b"".join(response.iter_raw())


def assert_stopped(thread, raised):
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert [type(error) for error in raised] == [Unavailable]
    assert raised[0].hint


def test_a_server_that_does_not_answer_is_left(stop):
    with (
        held(Answer(200, b"x")) as (route, asked),
        faulty_http.serving({"/a": route}) as server,
        guarded_client(allowed=server.allowed, timeout=FOREVER, stop=stop, tls=TLS) as client,
    ):
        running = ends(lambda: read(client, server.url("/a")))
        assert asked.wait(SECONDS)
        stop.set()
        assert_stopped(*running)


def test_a_handshake_that_is_not_answered_is_left(stop):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with guarded_client(
            allowed=[("127.0.0.1", port)], timeout=FOREVER, stop=stop, tls=TLS
        ) as client:
            running = ends(lambda: read(client, f"https://127.0.0.1:{port}/"))
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(1) == b"\x16", "a handshake, RFC 8446 section 5.1"
                stop.set()
                assert_stopped(*running)


def test_a_name_that_is_looked_up_for_ever_is_left(stop):
    gate, asked = threading.Event(), threading.Event()

    def resolve(host, port):
        asked.set()
        gate.wait(SECONDS)
        return ["127.0.0.1"]

    with faulty_http.serving({"/a": Answer(200, b"x")}) as server:
        allowed = [("v.example", server.port)]
        with guarded_client(allowed=allowed, resolve=resolve, stop=stop, tls=TLS) as client:
            running = ends(lambda: read(client, server.url("/a", "v.example")))
            assert asked.wait(SECONDS)
            stop.set()
            assert_stopped(*running)
            gate.set()
        assert server.seen == []


def test_nothing_is_begun_after_a_stop(stop):
    stop.set()
    with faulty_http.serving({"/a": Answer(200, b"x")}) as server:
        with (
            guarded_client(allowed=server.allowed, stop=stop, tls=TLS) as client,
            pytest.raises(Unavailable),
        ):
            read(client, server.url("/a"))
        assert server.seen == []


def test_fetching_from_a_stalled_server_ends_with_the_run(tmp_path, stop):
    with places(tmp_path) as place, held(Answer(200, mp4())) as (route, asked):
        here = place({"/a": route}, {"timeout": FOREVER, "stop": stop}, stop=stop)
        running = ends(here.fetch)
        assert asked.wait(SECONDS)
        stop.set()
        assert_stopped(*running)
        assert here.spooled == []


@define
class Slow(httpcore.NetworkBackend, httpcore.NetworkStream):
    """Connects when it may, and has nothing to read for some time."""

    quiet: float = 0.0
    """Seconds of reading without a byte."""
    gate: threading.Event = field(factory=threading.Event)
    asked: threading.Event = field(factory=threading.Event)
    closed: threading.Event = field(factory=threading.Event)
    steps: list[float] = field(factory=list)

    def connect_tcp(self, *args, **kwargs):
        self.asked.set()
        self.gate.wait(SECONDS)
        return self

    def read(self, max_bytes, timeout=None):
        self.steps.append(timeout)
        if sum(self.steps) > self.quiet:
            return b"x"
        raise httpcore.ReadTimeout("nothing yet")

    def close(self):
        self.closed.set()


def test_a_connection_that_comes_too_late_is_closed(stop):
    network = Slow()
    running = ends(lambda: Stoppable(network, stop).connect_tcp("1.1.1.1", 80))
    assert network.asked.wait(SECONDS)
    stop.set()
    assert_stopped(*running)
    assert not network.closed.is_set()
    network.gate.set()
    assert network.closed.wait(SECONDS)


def test_waiting_in_steps_is_as_patient_as_waiting_at_once(stop):
    network = Slow(quiet=1.2)
    network.gate.set()
    stream = Stoppable(network, stop).connect_tcp("1.1.1.1", 80)
    with pytest.raises(httpcore.ReadTimeout):
        stream.read(1, timeout=1.2)
    assert sum(network.steps) == pytest.approx(1.2)
    network.steps.clear()
    assert stream.read(1, timeout=1.3) == b"x"
    network.steps.clear()
    assert stream.read(1) == b"x"


def test_what_goes_wrong_while_connecting_is_told(stop):
    class Broken(Slow):
        def connect_tcp(self, *args, **kwargs):
            raise httpcore.ConnectError("no way")

    with pytest.raises(httpcore.ConnectError, match="no way"):
        Stoppable(Broken(), stop).connect_tcp("1.1.1.1", 80)
