"""Nothing that data names may make decamp talk to a private network: canary hits = 0."""

from __future__ import annotations

from contextlib import contextmanager

import httpcore
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import faulty_http
from decamp.http import Refused, get, guarded_client
from decamp.http import guard as guard_module
from decamp.http.guard import Guard, system_resolver
from decamp.http.transport import GuardedTransport

# Each of these is tried on the port of a listening canary.
HOSTS = """
127.0.0.1 127.1 127.0.1 127.000.000.001 127.255.255.254 2130706433 0x7f000001 0x7f.1 0x7F.0.0.1
0177.0.0.1 017700000001 0177.0.1 127.0.0.1. localhost LOCALHOST localhost. 0 0.0.0.0 00.0.0.0
10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376
100.64.0.1 192.0.0.8 192.88.99.1 198.18.0.1 224.0.0.1 255.255.255.255 [::1] [::] [0:0:0:0:0:0:0:1]
[::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:169.254.169.254] [64:ff9b::7f00:1]
[64:ff9b::127.0.0.1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::1] [fe80::1] [fe80::1%25lo]
[fd00:ec2::254] [fec0::1] [ff02::1] [2001:db8::1] user@127.0.0.1 user:pw@127.0.0.1 :@127.0.0.1
public.example@127.0.0.1 127.0.0.1%00.public.example 127.0.0.1%2epublic 127。0。0。1 ①27.0.0.1
private.example mixed.example mapped.example metadata.example alias.example
""".split()  # noqa: SIM905 - a table reads better

NAMES = {
    "private.example": ["127.0.0.1"],
    "mixed.example": ["1.1.1.1", "127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "alias.example": ["1.1.1.1", "fe80::1%lo"],
}


TLS = httpx.create_ssl_context(trust_env=False)


def resolve(host, port):
    """Know the names above; leave addresses in all their forms to the operating system."""
    if host in NAMES:
        return NAMES[host]
    if host.endswith("example"):
        raise OSError("no such name")
    return system_resolver(host, port)


@pytest.fixture
def canary(monkeypatch):
    """Listen on a port that counts as one of the web, so that only addresses protect it."""
    with faulty_http.serving({"/": faulty_http.Answer(200, b"secret")}) as server:
        monkeypatch.setattr(guard_module, "_PORTS", (80, 443, server.port))
        yield server


def _asked(client, url):
    with get(client, url) as response:
        return response.read()


def test_the_canary_sings_when_it_may_be_asked(canary):
    with guarded_client(allowed=canary.allowed, tls=TLS) as client:
        assert _asked(client, canary.url("/")) == b"secret"
    assert len(canary.seen) == 1


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_form_of_a_private_address_is_asked(canary, host, scheme):
    url = f"{scheme}://{host}:{canary.port}/?secret"
    with (
        guarded_client(resolve=resolve, tls=TLS) as client,
        pytest.raises((Refused, httpx.ConnectError)) as caught,
    ):
        _asked(client, url)
    assert canary.seen == []
    assert "secret" not in str(caught.value)
    assert "pw" not in str(caught.value)


TARGETS = [
    "http://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "//[::ffff:127.0.0.1]:{port}/",
    "http://localhost:{port}/",
    "http://0x7f.1:{port}/",
    "http://private.example:{port}/",
    "http://mixed.example:{port}/",
    "http://user:pw@localhost:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/",
    "file:///etc/passwd",
    "gopher://localhost:{port}/",
    "ftp://localhost:{port}/",
    "unix:///run/docker.sock",
    "javascript:alert(1)",
    "http://[::1",
    "http://\x01/",
]


@pytest.mark.parametrize("target", TARGETS)
def test_redirects_do_not_lead_inside(canary, target):
    location = target.format(port=canary.port)
    entry = faulty_http.Answer(302, headers={"Location": location})
    with (
        faulty_http.serving({"/entry": entry}) as server,
        guarded_client(allowed=server.allowed, resolve=resolve, tls=TLS) as client,
        pytest.raises(Refused),
    ):
        _asked(client, server.url("/entry"))
    assert canary.seen == []
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://public.example/", "/etc/passwd", "", "x", "data:,x", "ws://a/"],
)
def test_only_web_addresses_are_asked(url):
    with guarded_client(resolve=resolve, tls=TLS) as client, pytest.raises(Refused):
        _asked(client, url)


@pytest.mark.parametrize("port", [1, 22, 25, 8080, 6379])
def test_only_ports_of_the_web_are_asked(port):
    def never(host, port):
        raise AssertionError("resolved a host whose port is refused already")

    with (
        guarded_client(resolve=never, tls=TLS) as client,
        pytest.raises(Refused, match=f"port {port}"),
    ):
        _asked(client, f"http://public.example:{port}/")


def test_an_allowed_pair_is_no_wildcard(canary):
    port = canary.port
    for allowed in [("localhost", port), ("127.0.0.1", port + 1), ("0.0.0.0", port)]:
        with guarded_client(allowed=[allowed], tls=TLS) as client, pytest.raises(Refused):
            _asked(client, canary.url("/"))
    assert canary.seen == []


class Routes(httpcore.NetworkBackend):
    """Connects to loopback whatever address it is given, and remembers which it was."""

    def __init__(self, port):
        self.port = port
        self.given = []
        self.dead = set()

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.given.append((host, port))
        if host in self.dead:
            raise httpcore.ConnectTimeout("no answer")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)


@contextmanager
def _routed(server, answers):
    """Make a client whose resolver gives one answer after the other."""
    routes, left = Routes(server.port), list(answers)
    guard = Guard((), lambda host, port: left.pop(0), routes)
    pool = httpcore.ConnectionPool(network_backend=guard)
    with httpx.Client(transport=GuardedTransport(pool), trust_env=False, timeout=120) as client:
        yield client, routes, left


def test_a_name_that_turns_private_is_refused_the_second_time():
    closing = faulty_http.Answer(200, b"x", {"Connection": "close"})
    with (
        faulty_http.serving({"/": closing}) as server,
        _routed(server, [["1.1.1.1"], ["127.0.0.1"]]) as (client, routes, left),
    ):
        assert _asked(client, "http://rebinding.example/") == b"x"
        with pytest.raises(Refused, match=r"rebinding\.example"):
            _asked(client, "http://rebinding.example/")
        assert routes.given == [("1.1.1.1", 80)]
        assert not left


def test_the_checked_address_is_the_one_that_is_connected_to():
    with (
        faulty_http.serving({"/": faulty_http.Answer(200, b"x")}) as server,
        _routed(server, [["2606:4700::1111", "1.1.1.1", "8.8.8.8"]]) as (client, routes, _),
    ):
        routes.dead = {"2606:4700::1111"}
        assert _asked(client, "http://public.example/") == b"x"
        assert routes.given == [("2606:4700::1111", 80), ("1.1.1.1", 80)]
        assert server.seen[0][1]["host"] == "public.example"


def test_a_host_with_many_dead_addresses_is_given_up():
    addresses = [f"1.1.1.{number}" for number in range(1, 100)]
    with (
        faulty_http.serving() as server,
        _routed(server, [addresses]) as (client, routes, _),
    ):
        routes.dead = set(addresses)
        with pytest.raises(httpx.ConnectTimeout):
            _asked(client, "http://public.example/")
        assert len(routes.given) == 4


def test_a_host_without_addresses_cannot_be_reached():
    with faulty_http.serving() as server, _routed(server, [[]]) as (client, routes, _):
        with pytest.raises(httpx.ConnectError):
            _asked(client, "http://public.example/")
        assert routes.given == []


def test_a_name_that_no_host_may_have_cannot_be_reached():
    with guarded_client() as client, pytest.raises(httpx.ConnectError):
        _asked(client, f"http://{'a' * 70}.example/")


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    url=st.text(max_size=40)
    | st.builds("http{}://{}".format, st.sampled_from(["", "s"]), st.text(max_size=40))
)
def test_no_text_gets_past_the_guard(url):
    def nowhere(host, port):
        raise OSError("no network here")

    with (
        guarded_client(resolve=nowhere, tls=TLS) as client,
        pytest.raises((Refused, httpx.TransportError)),
    ):
        _asked(client, url)
