"""WebDAV servers that refuse, lie or are none: each ends in words, and nothing is lost by it.

A proxy before a real server gives the answers, so that after each of them the same command
brings everything, once the server has come to its senses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from dav_journey import DavJourney, differences
from dav_proxy import Act, Answer, DavProxy, Request, Rewrite, always, dav_proxy, when
from dav_servers import DavServer
from decamp_tiktok.sandbox import MediaServer
from hand_archives import films
from hand_files import account, pack
from journey import tree

WRITING = ("PUT", "MKCOL", "MOVE", "COPY", "DELETE", "PROPPATCH")
LOGIN_PAGE = Answer(200, b"<html><title>Sign in</title></html>", {"Content-Type": "text/html"})
OK, SOME, SIGN_IN, REFUSED, LATER = 0, 3, 5, 6, 7


@pytest.fixture(scope="module")
def source(media: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    return pack(folder / "a.zip", account(words="one two", Post=films(media.base, 2)))


@pytest.fixture(scope="module", params=["apache", "rclone"])
def server(request: pytest.FixtureRequest, dav_servers: Callable[..., DavServer]) -> DavServer:
    """Give one that takes conditional PUTs, and one that needs temporary names."""
    return dav_servers(request.param)


@pytest.fixture
def proxy(server: DavServer) -> Iterator[DavProxy]:
    with dav_proxy(server.url) as running:
        yield running


@pytest.fixture
def place(server: DavServer) -> str:
    return server.place()


@pytest.fixture
def journey(
    server: DavServer, proxy: DavProxy, place: str, media: MediaServer, tmp_path: Path
) -> DavJourney:
    return DavJourney(tmp_path / "journey", server, proxy.here(place), media)


def after(number: int, action: Any, *methods: str) -> Act:
    """Let so many requests (with these methods, or any) pass, and none after them."""
    lock, seen = threading.Lock(), 0

    def act(request: Request) -> Any:
        nonlocal seen
        with lock:
            seen += not methods or request.method in methods
            passes = seen <= number or (methods and request.method not in methods)
        return None if passes else action

    return act


def every(step: int, action: Any) -> Act:
    """Meet each n-th request."""
    return lambda request: action if request.number % step == 0 else None


def told(receipt: dict[str, Any]) -> str:
    """Give the words of the error, which a person has to understand."""
    error = receipt["error"]
    assert error["message"]
    assert error["hint"]
    assert "Traceback" not in str(error)
    assert "correct horse" not in str(receipt)
    return f"{error['message']} {error['hint']}"


def entities(_status: int, _body: bytes) -> tuple[int, bytes]:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    return 207, (
        f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY l0 "ha">{laughs}]>'
        '<D:multistatus xmlns:D="DAV:">&l12;</D:multistatus>'
    ).encode()


def foreign(_status: int, _body: bytes) -> tuple[int, bytes]:
    return 207, (
        b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        b'<D:multistatus xmlns:D="DAV:"><D:response><D:href>&f;</D:href></D:response>'
        b"</D:multistatus>"
    )


def deep(_status: int, _body: bytes) -> tuple[int, bytes]:
    return 207, b'<D:multistatus xmlns:D="DAV:">' + b"<D:x>" * 1_000_000


def huge(_status: int, _body: bytes) -> tuple[int, bytes]:
    one = b"<D:response><D:href>/" + b"x" * 1000 + b"</D:href></D:response>"
    return 207, b'<D:multistatus xmlns:D="DAV:">' + one * 90_000 + b"</D:multistatus>"


def truncated(status: int, body: bytes) -> tuple[int, bytes]:
    return status, body[: len(body) // 2]


CASES: dict[str, tuple[Act, int, str]] = {
    "login page with 200": (always(LOGIN_PAGE), REFUSED, "does not answer as a WebDAV folder"),
    "401 from the start": (always(Answer(401)), SIGN_IN, "user name and password"),
    "401 with nonsense": (
        always(Answer(401, headers={"WWW-Authenticate": '=, , Basic "=", Digest nonce'})),
        SIGN_IN, "",
    ),
    "401 in the middle": (after(30, Answer(401)), SIGN_IN, "user name and password"),
    "403 for all that writes": (
        after(0, Answer(403), *WRITING), SIGN_IN, "does not allow this",
    ),
    "405 for MKCOL": (when("MKCOL", Answer(405)), REFUSED, ""),
    "405 for PUT": (when("PUT", Answer(405)), REFUSED, "does not do this"),
    "507 in the middle": (after(8, Answer(507), "PUT"), REFUSED, "quota is full"),
    "redirect to another host": (
        always(Answer(302, headers={"Location": "http://elsewhere.example/dav/"})),
        REFUSED, "elsewhere.example",
    ),
    "truncated multistatus": (when("PROPFIND", Rewrite(truncated)), REFUSED, "cannot be read"),
    "entities that multiply": (when("PROPFIND", Rewrite(entities)), REFUSED, "cannot be read"),
    "an entity that reads files": (when("PROPFIND", Rewrite(foreign)), REFUSED, "cannot be read"),
    "a million levels": (when("PROPFIND", Rewrite(deep)), REFUSED, "cannot be read"),
    "90 MB of multistatus": (when("PROPFIND", Rewrite(huge)), REFUSED, ""),
}  # fmt: skip
"""What the server does, the exit code, and words of the message."""


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_go_on_ends_in_words(
    case: str,
    journey: DavJourney,
    proxy: DavProxy,
    place: str,
    source: Path,
    expected: dict[str, str],
) -> None:
    act, code, words = CASES[case]
    proxy.reset(act)
    receipt = journey.run(source, wait=False)
    assert receipt["exit_code"] == code, receipt["error"]
    assert words in told(receipt)
    proxy.reset()
    assert journey.run(source)["exit_code"] == OK
    assert differences(journey.bundle(place), expected) == {}


STORMS: dict[str, Act] = {
    "every 5th is 503": every(5, Answer(503)),
    "every 7th is 500, carried out or not": every(7, Answer(500)),
    "every 6th is 429, wait 0 seconds": every(6, Answer(429, headers={"Retry-After": "0"})),
    "every 9th is 503, wait until long ago": every(
        9, Answer(503, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})
    ),
    "every 9th is 503, wait for nonsense": every(
        9, Answer(503, headers={"Retry-After": "soon; -5, \u00e9".encode().decode("latin-1")})
    ),
    "every 8th MOVE or PUT is 423": lambda request: (
        Answer(423) if request.method in ("PUT", "MOVE") and request.number % 8 == 0 else None
    ),
    "every 8th is 502": every(8, Answer(502)),
}


@pytest.mark.parametrize("storm", STORMS)
def test_a_storm_passes(
    storm: str,
    journey: DavJourney,
    proxy: DavProxy,
    place: str,
    source: Path,
    expected: dict[str, str],
) -> None:
    """What may pass is tried again; whatever a run comes to, the next one ends it."""
    proxy.reset(STORMS[storm])
    receipt = journey.run(source, wait=False)
    if receipt["exit_code"] != OK:
        assert receipt["exit_code"] in (SOME, LATER), receipt["error"]
        if receipt["error"]:
            told(receipt)
        proxy.reset()
        assert journey.run(source)["exit_code"] == OK
    assert differences(journey.bundle(place), expected) == {}


def test_a_file_that_is_too_large_for_the_server_is_listed(
    journey: DavJourney, proxy: DavProxy, source: Path, server: DavServer
) -> None:
    """413 for films: the rest arrives, the receipt says what did not, and the next plan what may not."""

    def act(request: Request) -> Any:
        large = int(request.headers.get("content-length") or 0) > 20_000
        return Answer(413) if request.method == "PUT" and large else None

    assert journey.run(source, dry_run=True)["losses"]["sums"] == []
    proxy.reset(act)
    receipt = journey.run(source)
    assert receipt["exit_code"] == SOME, receipt.get("error", "no film was large enough")
    assert {one["state"] for one in receipt["problems"]} == {"failed"}
    assert all("larger than the server takes" in str(one) for one in receipt["problems"])
    assert receipt["losses"]["sums"] == []
    [loss] = journey.run(source, dry_run=True)["losses"]["sums"]
    assert (loss["code"], loss["certain"], loss["conditional"]) == ("large-file", 0, 2)
    proxy.reset()  # the limit is raised
    receipt = journey.run(source)
    assert (receipt["exit_code"], receipt["losses"]["sums"]) == (OK, [])
    assert journey.run(source, dry_run=True)["losses"]["sums"] == []


def test_a_success_for_what_was_never_stored_is_noticed(
    journey: DavJourney,
    proxy: DavProxy,
    place: str,
    source: Path,
    expected: dict[str, str],
    server: DavServer,
) -> None:
    """Each PUT of a post in turn is answered 201, and forgotten."""
    assert journey.run(source)["exit_code"] == OK
    puts = [one for one in proxy.seen if one.method == "PUT" and ".mp4" in one.path]
    assert puts
    for number in range(1, len(puts) + 1):
        there = server.place()
        other = DavJourney(journey.folder / str(number), server, proxy.here(there), journey.media)
        proxy.reset(_forget(number))
        receipt = other.run(source)
        proxy.reset()
        if receipt["exit_code"] != OK:
            assert other.run(source)["exit_code"] == OK
        assert differences(other.bundle(there), expected) == {}, number


def _forget(number: int) -> Act:
    lock, seen = threading.Lock(), 0

    def act(request: Request) -> Any:
        nonlocal seen
        if request.method != "PUT" or ".mp4" not in request.path:
            return None
        with lock:
            seen += 1
            return Answer(201) if seen == number else None

    return act


def test_a_server_that_is_busy_at_the_end_is_waited_for(
    journey: DavJourney, proxy: DavProxy, place: str, source: Path, expected: dict[str, str]
) -> None:
    """Everything has arrived: for the manifest alone nobody should have to run it again."""
    busy = _Once(lambda request: _names(request, "/manifest-sha256.txt"), Answer(503))
    proxy.reset(busy)
    assert journey.run(source)["exit_code"] == OK
    assert busy.met
    assert differences(journey.bundle(place), expected) == {}
    busy = _Once(lambda one: one.method == "DELETE" and "/data/" in one.path, Answer(503))
    proxy.reset(busy)
    assert journey.undo()["exit_code"] == OK
    assert busy.met
    assert tree(journey.bundle(place)) == {}


class _Once:
    """Does this to the first request that is like that, and tells whether there was one."""

    def __init__(self, is_it: Callable[[Request], bool], action: Answer) -> None:
        self._is_it, self._action = is_it, action
        self._lock = threading.Lock()
        self.met = False

    def __call__(self, request: Request) -> Answer | None:
        with self._lock:
            if self.met or not self._is_it(request):
                return None
            self.met = True
            return self._action


def _names(request: Request, name: str) -> bool:
    """Tell whether a request gives a file this name."""
    where = request.path if request.method == "PUT" else request.headers.get("destination", "")
    return where.endswith(name)


def test_a_wrong_password(
    server: DavServer, place: str, media: MediaServer, source: Path, tmp_path: Path
) -> None:
    wrong = evolve(server, password="wrong one")
    receipt = DavJourney(tmp_path / "journey", wrong, place, media).run(source)
    assert receipt["exit_code"] == SIGN_IN
    assert "wrong one" not in str(receipt)
    assert "app password" in told(receipt)
    assert not server.path(place).exists()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://nowhere.invalid/dav/x", LATER),
        ("http://nowhere.example/dav/x", 2),
        ("ftp://127.0.0.1/x", 2),
        ("https://ada:pw@127.0.0.1/x", 2),
        ("https://", 2),
        ("http://127.0.0.1:1/dav/", LATER),
    ],
)
def test_an_address_that_is_none(
    address: str, code: int, server: DavServer, source: Path, tmp_path: Path
) -> None:
    document = DavJourney(tmp_path / "journey", server, address).run(source)
    assert document.get("exit_code", 2) == code, document
    told(document)


def test_a_redirect_takes_no_password_along(
    journey: DavJourney, proxy: DavProxy, source: Path
) -> None:
    with dav_proxy(journey.server.url) as elsewhere:
        proxy.reset(always(Answer(307, headers={"Location": elsewhere.url})))
        receipt = journey.run(source)
        assert elsewhere.seen == []
    assert receipt["exit_code"] == REFUSED


def test_names_that_a_server_holds_for_one(
    journey: DavJourney, place: str, server: DavServer, tmp_path: Path
) -> None:
    """Partners whose names differ only by case or normal form each have a folder of their own."""
    names = ["Ada", "ada", "\u00e9mile", "e\u0301mile", "con", "a/b", "a:b"]
    chats = {
        f"Chat History with {name}:": [
            {"Date": "2024-01-01 00:00:00", "From": name, "Content": f"from {number}"}
        ]
        for number, name in enumerate(names)
    }
    export = account(words="one")
    export["Direct Message"] = {"Direct Messages": {"ChatHistory": chats}}
    receipt = journey.run(pack(tmp_path / "names.zip", export))
    assert receipt["exit_code"] == OK, receipt
    folders = [path.name for path in (journey.bundle(place) / "data" / "messages").iterdir()]
    assert len(folders) == len({name.casefold() for name in folders}) == len(names)
