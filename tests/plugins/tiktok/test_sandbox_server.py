"""The media server, and each thing that it can do wrong, over real connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse, IncompleteRead

import pytest

from decamp_tiktok.sandbox.faults import Fault
from decamp_tiktok.sandbox.links import Signer, object_name
from decamp_tiktok.sandbox.media import jpeg, mp4
from decamp_tiktok.sandbox.server import MediaServer, Request

NAME = object_name(77)
FILM = Signer.video_path(NAME)
PICTURE = Signer.image_path(NAME, "photo")


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer() as running:
        yield running


def ask(
    server: MediaServer, path: str = FILM, method: str = "GET", **headers: str
) -> tuple[HTTPResponse, bytes]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        return response, response.read()


def test_paths_have_their_media(server: MediaServer) -> None:
    response, body = ask(server, FILM + "?x-tos-expires=1")
    assert response.status == 200
    assert response.headers["Content-Type"] == "video/mp4"
    assert body == mp4(int(NAME, 16))
    response, body = ask(server, PICTURE)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert body == jpeg(int(NAME, 16))
    for path in ("/", "/favicon.ico", "/storage/v1/x/short/", FILM + "more"):
        assert ask(server, path)[0].status == 404


def test_links_of_an_archive_lead_here(server: MediaServer) -> None:
    signer = Signer(server.base, 2_000_000_000)
    for link in (signer.video(NAME, 1), signer.image(NAME, "cover", 1)):
        response, body = ask(server, link.removeprefix(server.base))
        assert response.status == 200
        assert body


def test_head_has_the_headers_only(server: MediaServer) -> None:
    whole, body = ask(server)
    head, nothing = ask(server, method="HEAD")
    assert nothing == b""
    assert head.headers["Content-Length"] == str(len(body))
    assert head.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=0-99999999", slice(None)),
    ],
)
def test_range(server: MediaServer, wanted: str, part: slice) -> None:
    whole = mp4(int(NAME, 16))
    response, body = ask(server, Range=wanted)
    assert response.status == 206
    assert body == whole[part]
    start, stop, _ = part.indices(len(whole))
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0", "bytes=9-8"])
def test_range_that_is_not_there(server: MediaServer, wanted: str) -> None:
    response, body = ask(server, Range=wanted)
    assert response.status == 416
    assert body == b""
    assert response.headers["Content-Range"] == f"bytes */{len(mp4(int(NAME, 16)))}"


@pytest.mark.parametrize("wanted", ["bytes=-", "lines=1-2", "bytes=0-1,4-5"])
def test_range_that_it_does_not_know_is_ignored(server: MediaServer, wanted: str) -> None:
    assert ask(server, Range=wanted)[0].status == 200


def test_range_on_condition(server: MediaServer) -> None:
    tag = ask(server)[0].headers["ETag"]
    assert ask(server, Range="bytes=5-", If_Range=tag)[0].status == 206
    assert ask(server, Range="bytes=5-", If_Range='"other"')[0].status == 200


@pytest.mark.parametrize(("kind", "status"), [("expired", 403), ("not-found", 404), ("gone", 410)])
def test_refusals(server: MediaServer, kind: str, status: int) -> None:
    server.faults[FILM] = Fault(kind)  # type: ignore[arg-type]
    assert ask(server)[0].status == status
    assert ask(server, PICTURE)[0].status == 200


def test_wrong_content(server: MediaServer) -> None:
    server.faults[FILM] = Fault("html")
    response, body = ask(server)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html"
    assert body.startswith(b"<!doctype html>")
    server.faults[FILM] = Fault("empty")
    assert ask(server)[1] == b""
    server.faults[FILM] = Fault("wrong-type")
    response, body = ask(server)
    assert response.headers["Content-Type"] == "text/plain"
    assert body == mp4(int(NAME, 16))
    server.faults[FILM] = Fault("oversized", size=200_000)
    assert len(ask(server)[1]) == 200_000


def test_redirect(server: MediaServer) -> None:
    server.faults[FILM] = Fault("redirect", location="http://192.0.2.1/")
    response, _ = ask(server)
    assert response.status == 302
    assert response.headers["Location"] == "http://192.0.2.1/"


def test_flaky_recovers(server: MediaServer) -> None:
    server.faults[FILM] = Fault("flaky")
    assert [ask(server)[0].status for _ in range(3)] == [503, 200, 200]


def _cut(server: MediaServer, kind: str) -> tuple[bytes, str]:
    """Have the first answer cut; give what came, and the tag."""
    server.faults[FILM] = Fault(kind)  # type: ignore[arg-type]
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("GET", FILM)
        response = connection.getresponse()
        with pytest.raises(IncompleteRead) as caught:
            response.read()
        return caught.value.partial, response.headers["ETag"]


def test_cut_can_be_resumed(server: MediaServer) -> None:
    part, tag = _cut(server, "cut")
    response, rest = ask(server, Range=f"bytes={len(part)}-", If_Range=tag)
    assert response.status == 206
    assert part + rest == mp4(int(NAME, 16))


def test_cut_and_range_ignored(server: MediaServer) -> None:
    part, tag = _cut(server, "ignore-range")
    response, body = ask(server, Range=f"bytes={len(part)}-", If_Range=tag)
    assert response.status == 200
    assert body == mp4(int(NAME, 16))


def test_cut_and_file_changed(server: MediaServer) -> None:
    part, tag = _cut(server, "changed-etag")
    response, body = ask(server, Range=f"bytes={len(part)}-", If_Range=tag)
    assert response.status == 200
    assert response.headers["ETag"] != tag
    assert not body.startswith(part)
    assert ask(server, Range=f"bytes={len(part)}-")[0].status == 206


def test_expired_links_are_refused_by_the_clock() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    seconds = int(now.timestamp())
    with MediaServer(now=lambda: now) as server:
        for expires, status in ((seconds - 1, 403), (seconds, 403), (seconds + 1, 200)):
            signer = Signer(server.base, 0)
            picture = signer.image(NAME, "photo", 0, expires=expires)
            assert ask(server, picture.removeprefix(server.base))[0].status == status
            film = Signer(server.base, expires).video(NAME, 0)
            assert ask(server, film.removeprefix(server.base))[0].status == status


def test_requests_are_recorded_without_their_queries(server: MediaServer) -> None:
    ask(server, FILM + "?x-tos-signature=secret", Range="bytes=0-1")
    ask(server, PICTURE, method="HEAD")
    assert server.requests == [
        Request("GET", FILM, "bytes=0-1"),
        Request("HEAD", PICTURE),
    ]


def test_loopback_only_and_gone_afterwards() -> None:
    with MediaServer() as server:
        port = server.port
        assert server.base == f"http://127.0.0.1:{port}"
        # A connection that is kept open must not keep the server from ending.
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", PICTURE)
        connection.getresponse().read()
    connection.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=60)


def test_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError):
        Fault("slow")  # type: ignore[arg-type]
