"""The servers and the proxy are what the other tests take them for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from dav_proxy import Answer, Cut, DavProxy, Drop, Refuse, Rewrite, dav_proxy, nth, when
from dav_reading import client, listing, readers
from dav_servers import DIGEST, DavServer
from journey import tree
from nextcloud_simulator import CHUNK, LOOKS, SLOW

NAMES = ("plain.txt", "with space", "100%25", "a#b?c", "ünï", "😀", ".hidden", "a+b&c")


@pytest.fixture
def proxy(dav: DavServer) -> Iterator[DavProxy]:
    with dav_proxy(dav.url) as running:
        yield running


@pytest.fixture
def place(dav: DavServer, proxy: DavProxy) -> str:
    """Give an empty folder, seen through the proxy."""
    place = dav.place()
    with client(dav) as http:
        assert http.request("MKCOL", place).status_code == 201
    return proxy.here(place)


def test_two_clients_read_the_same(any_dav: DavServer, tmp_path: Path) -> None:
    place = any_dav.place()
    with client(any_dav) as http:
        http.request("MKCOL", place)
        http.request("MKCOL", f"{place}sub/")
        for name in NAMES:
            url = f"{place}sub/{quote(name, safe='')}"
            assert http.put(url, content=name.encode()).status_code == 201
    there = tree(any_dav.path(place))
    assert set(there) == {f"sub/{name}" for name in NAMES}
    if any_dav.kind == "nginx":
        del there["sub/.hidden"]  # which it lists to nobody
    for name, read in readers(any_dav).items():
        assert tree(read(any_dav, place, tmp_path / name)) == there, name


@pytest.mark.parametrize("kind", DIGEST)
def test_digest_is_asked_for(kind: str, dav_servers: Callable[..., DavServer]) -> None:
    server = dav_servers(kind, digest=True)
    with httpx.Client(trust_env=False, timeout=120) as http:
        answer = http.request("PROPFIND", server.url)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Digest")
    with client(server) as http:
        assert http.request("PROPFIND", server.url).status_code == 401, "Basic is no way in"
    with client(server, digest=True) as http:
        assert http.request("PROPFIND", server.url, headers={"Depth": "0"}).status_code == 207


def test_tls_with_an_authority_of_our_own(dav_servers: Callable[..., DavServer]) -> None:
    server = dav_servers("apache", tls=True)
    with client(server) as http:
        assert http.request("MKCOL", server.place()).status_code == 201
    with httpx.Client(trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(server.url)


def test_the_proxy_hides_nothing(dav: DavServer, proxy: DavProxy, place: str) -> None:
    body = bytes(range(256)) * 1000
    with client(dav) as http:
        assert http.put(f"{place}a", content=body).status_code == 201
        assert http.put(f"{place}b", content=iter([body[:9], body[9:]])).status_code == 201
        moved = {"Destination": f"{place}c", "Overwrite": "F"}
        assert http.request("MOVE", f"{place}a", headers=moved).status_code == 201
        assert http.get(f"{place}b").content == http.get(f"{place}c").content == body
        assert listing(http, place) == {"b": len(body), "c": len(body)}
    assert [one.method for one in proxy.seen] == ["PUT", "PUT", "MOVE", "GET", "GET", "PROPFIND"]
    assert proxy.count("GET") == 2


def test_a_lost_answer_and_a_lost_request(dav: DavServer, proxy: DavProxy, place: str) -> None:
    with client(dav) as http:
        for act, arrived in ((Drop(), True), (Refuse(), False)):
            proxy.reset(nth(1, act))
            with pytest.raises(httpx.TransportError):
                http.put(f"{place}{arrived}", content=b"x" * 300_000)
            assert (http.get(f"{place}{arrived}").status_code == 200) == arrived


def test_what_each_server_keeps_of_a_cut_body(dav: DavServer, proxy: DavProxy, place: str) -> None:
    """The fact that the plugin has to live with: only Apache keeps nothing."""
    proxy.reset(when("PUT", Cut(100_000)))
    with client(dav) as http:
        with pytest.raises(httpx.TransportError):
            http.put(f"{place}film", content=b"x" * 300_000)
        partial = listing(http, place)
    assert partial == ({} if dav.kind == "apache" else {"film": 100_000})


def test_answers_that_are_made_up(dav: DavServer, proxy: DavProxy, place: str) -> None:
    with client(dav) as http:
        proxy.reset(nth(1, Answer(507, b"full", {"Retry-After": "9"})))
        answer = http.put(f"{place}a", content=b"x")
        assert (answer.status_code, answer.headers["retry-after"]) == (507, "9")
        proxy.reset(when("PUT", Answer(201), times=1))
        assert http.put(f"{place}a", content=b"x").status_code == 201
        proxy.reset(when("PROPFIND", Rewrite(lambda status, body: (status, body[:40]))))
        assert len(http.request("PROPFIND", place, headers={"Depth": "1"}).content) == 40
        assert http.get(f"{place}a").status_code == 404, "it said 201, and stored nothing"


def test_a_token_instead_of_a_password(dav: DavServer, proxy: DavProxy, place: str) -> None:
    proxy.authorization = dav.basic
    proxy.bearer = "token"
    with httpx.Client(trust_env=False, timeout=120) as http:
        answer = http.put(f"{place}a", content=b"x")
        assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer")
        signed = {"Authorization": "Bearer token"}
        assert http.put(f"{place}a", content=b"x", headers=signed).status_code == 201


# --- the simulator of Nextcloud's chunked upload ------------------------------------------------


@pytest.fixture
def upload(nextcloud_simulator: DavServer) -> Iterator[Callable[..., httpx.Response]]:
    """Give a function that uploads pieces, and answers with the answer of the MOVE."""
    server = nextcloud_simulator
    base = server.url.replace("/files/", "/uploads/") + "decamp-1/"

    def send(name: str, *pieces: bytes, total: int | None = None) -> httpx.Response:
        headers = {"Destination": f"{server.url}{name}", "Overwrite": "F"}
        assert http.request("MKCOL", base, headers=headers).status_code == 201
        for number, piece in enumerate(pieces, 1):
            assert http.put(f"{base}{number:05}", content=piece, headers=headers).is_success
        length = {"OC-Total-Length": str(total or sum(map(len, pieces)))}
        return http.request("MOVE", f"{base}.file", headers=headers | length)

    with client(server) as http:
        yield send
        http.delete(base)


def test_pieces_become_a_file(
    upload: Callable[..., httpx.Response], nextcloud_simulator: DavServer
) -> None:
    whole = b"a" * CHUNK, b"b" * CHUNK, b"c"
    assert upload("film.mp4", *whole).status_code == 201
    assert (nextcloud_simulator.files / "film.mp4").read_bytes() == b"".join(whole)
    assert upload("film.mp4", b"other").status_code == 412


def test_pieces_that_are_wrong_become_none(
    upload: Callable[..., httpx.Response], nextcloud_simulator: DavServer
) -> None:
    assert upload("small.mp4", b"a", b"b").status_code == 400
    assert not (nextcloud_simulator.files / "small.mp4").exists()


def test_a_length_that_is_wrong(upload: Callable[..., httpx.Response]) -> None:
    assert upload("short.mp4", b"a", total=2).status_code == 400


def test_assembly_may_outlast_the_answer(
    upload: Callable[..., httpx.Response], nextcloud_simulator: DavServer
) -> None:
    name = f"{SLOW}.mp4"
    assert upload(name, b"film").status_code == 504
    with client(nextcloud_simulator) as http:
        seen = [http.head(f"{nextcloud_simulator.url}{name}").status_code for _ in range(LOOKS)]
    assert seen == [404] * (LOOKS - 1) + [200]
