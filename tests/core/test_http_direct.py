"""Asking one server directly: the same rules as through httpx, and heads that are odd or hostile."""

from __future__ import annotations

import base64
import http.client
import io
import re
import threading
from collections.abc import Iterator

import httpx
import pytest

from decamp import Asks
from decamp.errors import PluginError, Unavailable
from decamp.http.answers import Answer as Head
from decamp.http.answers import Lines
from decamp.http.direct import DirectClient
from decamp.http.guard import Refused
from decamp.http.login import LoginAuth
from faulty_http import Answer, Server, serving

SIGNED = f"Basic {base64.b64encode(b'ada:secret').decode()}"


@pytest.fixture
def server() -> Iterator[Server]:
    def closed(headers: object) -> Answer:
        assert isinstance(headers, dict)
        if headers.get("authorization") == SIGNED:
            return Answer(body=b"here", headers={"X-Two": "a"})
        return Answer(401, b"no", {"WWW-Authenticate": 'Basic realm="x"'})

    moved = Answer(302, headers={"Location": "/open", "Vary": "a"})
    with serving({"/closed": closed, "/open": Answer(body=b"x" * 100_000), "/moved": moved}) as it:
        yield it


def client_of(server: Server, password: str = "secret") -> DirectClient:
    return DirectClient(LoginAuth(server.url(""), "ada", password))


def test_it_is_signed_in_once_the_server_has_asked(server: Server) -> None:
    with client_of(server) as client:
        assert isinstance(client, Asks) and not isinstance(httpx.Client(), Asks)
        for _ in range(2):
            answer = client.ask("GET", server.url("/closed"), {"Depth": "1"})
            assert (answer.status, b"".join(answer)) == (200, b"here")
            assert answer.headers["x-two"] == "a"
            answer.close()
    told = [headers.get("authorization") for _, headers in server.seen]
    assert told == [None, SIGNED, SIGNED]
    sent = server.seen[-1][1]
    assert sent["depth"] == "1" and sent["accept-encoding"] == "identity"
    assert sent["host"] == f"127.0.0.1:{server.port}" and "decamp/" in sent["user-agent"]


def test_a_wrong_password_is_told_twice_at_most(server: Server) -> None:
    with client_of(server, "wrong") as client:
        answer = client.ask("GET", server.url("/closed"), {})
        assert answer.status == 401
        answer.close()
    assert len(server.seen) == 2


def test_no_other_server_is_asked(server: Server) -> None:
    with client_of(server) as client:
        for url in (
            "https://127.0.0.1/",
            server.url("/", host="localhost"),
            "http://evil.example/",
        ):
            with pytest.raises(PluginError, match="alone"):
                client.ask("GET", url, {})
    with DirectClient() as client, pytest.raises(Refused, match="not a web address"):
        client.ask("GET", "ftp://127.0.0.1/", {})
    assert not server.seen


def test_a_redirect_is_told_and_not_followed(server: Server) -> None:
    with client_of(server) as client:
        answer = client.ask("GET", server.url("/moved"), {})
        assert (answer.status, answer.location) == (302, "/open")
        assert "location" not in answer.headers
        answer.close()


def test_half_an_answer_ends_the_connection(server: Server) -> None:
    with client_of(server) as client:
        for whole, kept in ((True, 1), (False, 0)):
            answer = client.ask("GET", server.url("/open"), {})
            read = next(iter(answer)) if not whole else b"".join(answer)
            answer.close()
            assert len(client._kept._open) == kept
            assert 0 < len(read) <= 100_000


@pytest.mark.parametrize(
    ("url", "headers"),
    [("/a b", {}), ("/a\r\nX: y", {}), ("/\u00e4", {}), ("/a", {"X": "y\r\nZ: w"})],
)
def test_nothing_can_be_slipped_into_a_head(
    url: str, headers: dict[str, str], server: Server
) -> None:
    with client_of(server) as client, pytest.raises(httpx.LocalProtocolError):
        client.ask("GET", server.url(url), headers)
    assert not server.seen


def test_a_stop_ends_it(server: Server) -> None:
    stop = threading.Event()
    with DirectClient(stop=stop) as client:
        stop.set()
        with pytest.raises(Unavailable, match="Stopped"):
            client.ask("GET", server.url("/open"), {})


# --- heads -------------------------------------------------------------------------------


class _Wire:
    def __init__(self, data: bytes, piece: int) -> None:
        self.data, self.piece = io.BytesIO(data), piece

    def makefile(self, *_: object) -> Lines:
        return Lines(_Slow(self.data, self.piece), 1 << 16)


class _Slow(io.RawIOBase):
    def __init__(self, data: io.BytesIO, piece: int) -> None:
        self.data, self.piece = data, piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        assert isinstance(buffer, memoryview)
        got = self.data.read(min(len(buffer), self.piece))
        buffer[: len(got)] = got
        return len(got)


def read_head(data: bytes, piece: int, method: str = "GET") -> Head:
    head = Head(_Wire(data, piece), method=method)  # type: ignore[arg-type]
    head.begin()
    return head


@pytest.mark.parametrize("piece", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    ("data", "length", "closes"),
    [
        (b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc", 3, False),
        (b"HTTP/1.1 201\r\ncontent-length:3\r\nX: y\r\n z\r\n\r\nabc", 3, False),
        (b"HTTP/1.1 201 Created\nContent-Length: 3\n\nabc", 3, False),
        (b"HTTP/1.1 201 \xe4\r\nContent-Length: 3\r\nConnection: Close\r\n\r\nabc", 3, True),
        (b"HTTP/1.0 201 OK\r\nContent-Length: 3\r\n\r\nabc", 3, True),
        (b"HTTP/1.0 201 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc", 3, False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 3\r\n\r\nabc", 3, False),
        (b"HTTP/1.1 201 OK\r\n\r\nabc", None, True),
        (b"HTTP/1.1 201 OK\r\nContent-Length: -3\r\n\r\nabc", None, True),
        (
            b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            None,
            False,
        ),
    ],
)
def test_heads(data: bytes, length: int | None, closes: bool, piece: int) -> None:
    head = read_head(data, piece)
    assert (head.status, head.length, head.will_close) == (201, length, closes)
    read = bytearray()
    while chunk := head.read1(100):
        read += chunk
    assert read == b"abc"
    for name, value in head.fields:
        assert re.fullmatch(r"[a-z-]+", name) and "\n" not in value


@pytest.mark.parametrize("piece", [1, 1 << 16])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: y",
    ],
)
def test_what_is_no_head(data: bytes, piece: int) -> None:
    with pytest.raises(http.client.HTTPException):
        read_head(data, piece)


@pytest.mark.parametrize(("status", "method"), [(204, "GET"), (304, "GET"), (200, "HEAD")])
def test_heads_that_no_body_follows(status: int, method: str) -> None:
    head = read_head(b"HTTP/1.1 %d x\r\nContent-Length: 9\r\n\r\n" % status, 1 << 16, method)
    assert head.length == 0 and not head.will_close
