"""Every request to a WebDAV server is a place where things can end: kill -9, or a lost answer.

A proxy counts the requests. At the n-th one the run is killed, before it is forwarded or after
the server has carried it out; or the answer is lost, and the run goes on. Then the same command
again: the same bundle, to the byte, judged on the server's own disk.
DECAMP_ACCEPTANCE_WEBDAV_POINTS is how many requests of each kind are taken; "all" takes every
one.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from dav_journey import DavJourney, DavRun, differences
from dav_proxy import Call, Cut, DavProxy, Drop, Refuse, Request, dav_proxy, nth
from dav_reading import client
from dav_servers import REAL, DavServer
from decamp_tiktok.sandbox import MediaServer
from hand_archives import films
from hand_files import account, pack
from journey import tree

POINTS = 5
"""So many requests of each kind of end are tried by default, evenly spread."""


@pytest.fixture(scope="module")
def source(media: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an export of three posts with films, searches and a conversation."""
    folder = tmp_path_factory.mktemp("export")
    return pack(folder / "a.zip", account(words="one two", Post=films(media.base, 3)))


@pytest.fixture(params=REAL)
def server(request: pytest.FixtureRequest, dav_servers: Callable[..., DavServer]) -> DavServer:
    return dav_servers(request.param)


@pytest.fixture
def proxy(server: DavServer) -> Iterator[DavProxy]:
    with dav_proxy(server.url) as running:
        yield running


class Attempts:
    """Journeys that begin anew in one place of one server, through one proxy."""

    def __init__(
        self, proxy: DavProxy, server: DavServer, media: MediaServer, source: Path, folder: Path
    ) -> None:
        self.proxy = proxy
        self._server, self._media, self._source = server, media, source
        self._folder, self._learnt = folder / "journey", folder / "learnt"
        self._place = server.place()
        self._http = client(server)

    def new(self, *, learnt: bool = True) -> DavJourney:
        """Begin with a new home, and an empty place.

        Args:
            learnt: It remembers what `count` learnt of the server.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        assert self._http.delete(self._place).status_code in (200, 204, 404)
        self.proxy.reset()
        here = self.proxy.here(self._place)
        journey = DavJourney(self._folder, self._server, here, self._media)
        if learnt:
            shutil.copytree(self._learnt, journey.state)
        return journey

    def count(self, expected: dict[str, str], *, learnt: bool = True) -> list[Request]:
        """Give the requests of an undisturbed run.

        Args:
            learnt: Of one that knows the server already.
        """
        journey = self.new(learnt=False)
        for second in range(1 + learnt):
            journey = self.new() if second else journey
            assert journey.run(self._source)["exit_code"] == 0
            self.judge(journey, expected, "undisturbed")
            shutil.copytree(journey.state, self._learnt, dirs_exist_ok=True)
        return list(self.proxy.seen)

    def again(self, journey: DavJourney, expected: dict[str, str], point: object) -> None:
        """Run it once more, undisturbed, and judge what is there."""
        self.proxy.reset()
        receipt = journey.run(self._source)
        assert receipt["exit_code"] == 0, (point, receipt.get("error"), receipt)
        self.judge(journey, expected, point)

    def run(self, journey: DavJourney, expected: dict[str, str], point: object) -> int:
        """Run it through a fault, and again where that is needed.

        Returns:
            How the first run ended.
        """
        receipt = journey.run(self._source)
        whole(self.bundle, expected, point)
        if receipt["exit_code"] == 0:
            self.judge(journey, expected, point)
        else:
            self.again(journey, expected, point)
        code: int = receipt["exit_code"]
        return code

    def judge(self, journey: DavJourney, expected: dict[str, str], point: object) -> None:
        assert differences(self.bundle, expected) == {}, point
        assert journey.open_intents() == 0, point

    @property
    def bundle(self) -> Path:
        return self._server.path(self._place)

    def __str__(self) -> str:
        return self._server.kind

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def attempts(
    proxy: DavProxy, server: DavServer, media: MediaServer, source: Path, tmp_path: Path
) -> Iterator[Attempts]:
    attempts = Attempts(proxy, server, media, source, tmp_path)
    yield attempts
    attempts.close()


def chosen(requests: int, *variants: Any) -> Iterator[tuple[int, Any]]:
    """Spread points over the requests: with each variant if asked to, else with them in turn."""
    wanted = os.environ.get("DECAMP_ACCEPTANCE_WEBDAV_POINTS")
    points = requests if wanted == "all" else int(wanted or POINTS)
    step = max(1, requests // points)
    for number, point in enumerate(range(1, requests + 1, step)):
        for variant in variants if wanted else variants[number % len(variants) :][:1]:
            yield point, variant


def whole(bundle: Path, expected: dict[str, str], point: object) -> None:
    """Make sure that no final name shows a part of a file."""
    if bundle.exists():
        for path, digest in tree(bundle).items():
            if path.startswith("data/"):
                assert digest == expected.get(path, digest), (point, path)


@pytest.mark.timeout(36_000)  # it takes what it takes; only a hang is a failure
def test_killed_at_each_request(attempts: Attempts, source: Path, expected: dict[str, str]) -> None:
    """The first run of all, which also tries out what the server honours.

    Before the request is forwarded, or after the server has carried it out.
    """
    requests, tried = len(attempts.count(expected, learnt=False)), 0
    for point, forward in chosen(requests, True, False):
        journey = attempts.new(learnt=False)
        victim: Future[DavRun] = Future()
        attempts.proxy.reset(nth(point, Call(partial(_kill, victim), forward)))
        victim.set_result(journey.transfer(source))
        tried += victim.result().ended() is None
        whole(attempts.bundle, expected, point)
        attempts.again(journey, expected, (point, forward))
    print(f"{attempts}: killed {tried} times, at {requests} requests")
    assert tried > POINTS // 2


def _kill(victim: Future[DavRun]) -> None:
    victim.result().kill()


@pytest.mark.timeout(36_000)
def test_each_answer_lost(attempts: Attempts, source: Path, expected: dict[str, str]) -> None:
    """The server has carried it out; or, where every point is taken, has never seen it."""
    requests = len(attempts.count(expected))
    ended: Counter[int] = Counter()
    for point, loss in chosen(requests, Drop(), Refuse()):
        journey = attempts.new()
        attempts.proxy.reset(nth(point, loss))
        ended[attempts.run(journey, expected, (point, loss))] += 1
    print(f"{attempts}: {ended.total()} answers of {requests} requests lost, ended {dict(ended)}")


@pytest.mark.timeout(36_000)
def test_a_file_that_is_replaced_survives_a_lost_answer(
    attempts: Attempts, source: Path, expected: dict[str, str]
) -> None:
    """rclone removes what a MOVE replaces before it sees that the source is gone already."""
    seen = attempts.count(expected)
    moves = [point for point, one in enumerate(seen, 1) if one.method == "MOVE"][-2:]
    if not moves:
        pytest.skip("this server is sent whole files")
    for point in moves:
        journey = attempts.new()
        attempts.proxy.reset(nth(point, Drop()))
        assert attempts.run(journey, expected, point) == 0


@pytest.mark.timeout(36_000)
def test_a_body_that_is_cut_is_never_a_file(
    attempts: Attempts, source: Path, expected: dict[str, str]
) -> None:
    """Cut the n-th PUT after a part of its bytes: at once, and after the next run, all is whole."""
    puts = [one for one in attempts.count(expected) if one.method == "PUT"]
    ended: Counter[int] = Counter()
    for point, share in chosen(len(puts), 0.5, 0.99, 0.0):
        journey = attempts.new()
        attempts.proxy.reset(_nth_put(point, share))
        ended[attempts.run(journey, expected, (point, share))] += 1
    print(f"{attempts}: {ended.total()} cuts of {len(puts)} PUTs, ended {dict(ended)}")


@pytest.mark.timeout(36_000)
def test_cut_by_a_kill_no_name_shows_a_part(
    attempts: Attempts, source: Path, expected: dict[str, str]
) -> None:
    """The connection breaks in the middle of a PUT because the run is killed."""
    puts = [one for one in attempts.count(expected) if one.method == "PUT"]
    tried = 0
    for point, share in chosen(len(puts), 0.5, 0.99):
        journey = attempts.new()
        victim: Future[DavRun] = Future()
        attempts.proxy.reset(_nth_put(point, share, partial(_kill, victim)))
        victim.set_result(journey.transfer(source))
        tried += victim.result().ended() is None
        whole(attempts.bundle, expected, point)
        attempts.again(journey, expected, (point, share))
    print(f"{attempts}: killed in {tried} of {len(puts)} PUTs")
    assert tried


def _nth_put(number: int, share: float, then: Callable[[], object] | None = None) -> Any:
    numbers = count(1)  # the proxy asks from several threads

    def act(request: Request) -> Cut | None:
        if request.method != "PUT" or next(numbers) != number:
            return None
        size = int(request.headers.get("content-length") or 0)
        return Cut(int(size * share), then)

    return act
