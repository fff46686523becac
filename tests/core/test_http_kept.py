"""Connections that are kept open, against servers that do what they are told, right or wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from decamp.errors import Unavailable
from decamp.http.direct import DirectClient
from faulty_http import Answer, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with DirectClient() as made:
        yield made


@contextmanager
def talking(*answers: bytes, reads: int | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Answer each request with these bytes, on however many connections; then close."""
    left, heads = list(answers), []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while left:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(120)
                while left:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        got = connection.recv(65536)
                        if not got:
                            break
                        head += got
                    if b"\r\n\r\n" not in head:
                        break
                    heads.append(head)
                    answer = left.pop(0)
                    connection.sendall(answer)
                    if b"close" in answer or not answer:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", heads
    finally:
        listener.close()


def connections(client: httpx.Client) -> int:
    return len(client._transport._open)  # type: ignore[attr-defined]


def test_one_connection_for_many_requests(client: httpx.Client) -> None:
    with serving({"/": Answer(body=b"here"), "/none": Answer(204)}) as server:
        for path in ("/", "/none", "/", "/absent"):
            client.get(server.url(path))
        assert connections(client) == 1
        assert client.get(server.url("/")).content == b"here"


def test_no_body_follows_a_head(client: httpx.Client) -> None:
    with talking(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", OK) as (url, _):
        assert client.head(url).headers["content-length"] == "4"
        assert client.get(url).content == b"ok"
        assert connections(client) == 1


def test_each_thread_has_its_own(client: httpx.Client) -> None:
    with serving({"/": Answer(body=b"here")}) as server:
        threads = [threading.Thread(target=client.get, args=(server.url("/"),)) for _ in range(3)]
        for thread in threads:
            thread.start()
            thread.join()
        assert connections(client) == 3


def test_an_answer_that_was_not_read_ends_its_connection(client: httpx.Client) -> None:
    with serving({"/": Answer(body=b"x" * 1_000_000)}) as server:
        with client.stream("GET", server.url("/")):
            assert connections(client) == 1
        assert connections(client) == 0


def test_two_answers_at_a_time_in_one_thread(client: httpx.Client) -> None:
    with (
        serving({"/": Answer(body=b"here")}) as server,
        client.stream("GET", server.url("/")) as first,
    ):
        assert client.get(server.url("/")).content == b"here"
        assert first.read() == b"here"


def test_chunks_and_what_comes_before_an_answer(client: httpx.Client) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    early = b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
    with talking(chunked, early + OK) as (url, _):
        assert client.get(url).content == b"abcde"
        assert client.get(url).content == b"ok"
        assert connections(client) == 1


def test_headers_of_any_bytes(client: httpx.Client) -> None:
    odd = b"HTTP/1.1 200 OK\r\nX-Odd: \xe9\xff\r\nX-Odd: b\r\nContent-Length: 2\r\n\r\nok"
    with talking(odd) as (url, _):
        answer = client.get(url)
    assert (b"x-odd", b"\xe9\xff") in answer.headers.raw
    assert answer.headers.get_list("x-odd")[1] == "b"


def test_no_length_means_to_the_end(client: httpx.Client) -> None:
    with talking(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it") as (url, _):
        assert client.get(url).content == b"all of it"
    assert connections(client) == 0


BROKEN = {
    "no answer": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2 close\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK close\r\nContent-",
    "half a body": b"HTTP/1.1 200 close\r\nContent-Length: 10\r\n\r\nhalf",
    "half a chunk": b"HTTP/1.1 200 close\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
    "no chunk": b"HTTP/1.1 200 close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "too many headers": b"HTTP/1.1 200 close\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    "an endless header": b"HTTP/1.1 200 close\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_what_is_no_answer_is_an_error_of_the_transport(
    answer: bytes, client: httpx.Client
) -> None:
    with talking(answer) as (url, _), pytest.raises(httpx.TransportError):
        client.get(url)
    assert connections(client) == 0


def test_a_body_goes_with_its_head(client: httpx.Client) -> None:
    with talking(OK, OK) as (url, heads):
        client.put(url, content=b"small")
        client.put(url, content=iter([b"one", b"two"]))
    assert heads[0].endswith(b"\r\n\r\nsmall")
    assert b"transfer-encoding: chunked" in heads[1].lower()
    assert heads[1].count(b"Host: ") == 1


def test_a_refusal_before_all_has_come_is_heard(client: httpx.Client) -> None:
    full = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with talking(full) as (url, _):
        try:
            status = client.put(url, content=(bytes(1 << 20) for _ in range(64))).status_code
        except httpx.TransportError:  # the system threw the answer away with the connection
            status = 507
    assert status == 507


def test_a_body_of_another_length_is_not_sent_as_whole(client: httpx.Client) -> None:
    with talking(OK) as (url, _), pytest.raises(httpx.LocalProtocolError):
        client.put(url, content=iter([b"abc"]), headers={"Content-Length": "5"})
    assert connections(client) == 0


def test_a_body_that_breaks_off_breaks_the_connection(client: httpx.Client) -> None:
    def broken() -> Iterator[bytes]:
        yield b"abc"
        raise KeyError

    with talking(OK) as (url, _), pytest.raises(KeyError):
        client.put(url, content=broken(), headers={"Content-Length": "5"})
    assert connections(client) == 0


def test_a_stop_ends_it() -> None:
    stop = threading.Event()
    with DirectClient(stop=stop) as client, serving({"/": Answer()}) as server:
        client.get(server.url("/"))
        stop.set()
        with pytest.raises(Unavailable, match="Stopped"):
            client.get(server.url("/"))


def test_only_the_web(client: httpx.Client) -> None:
    with pytest.raises(Exception, match="not a web address"):
        client._transport.handle_request(httpx.Request("GET", "ftp://127.0.0.1/"))


def test_close_closes_all(client: httpx.Client) -> None:
    with serving({"/": Answer()}) as server:
        client.get(server.url("/"))
        client.close()
    assert connections(client) == 0


def test_who_still_waits_at_the_end_opens_no_new_connection() -> None:
    with serving({"/": Answer(body=b"here")}) as server, DirectClient() as client:
        client.close()
        with pytest.raises(httpx.ConnectError):
            client.ask("GET", server.url("/"), {})
        assert server.seen == []
