"""Whole transfers to real WebDAV servers: read back by other programs, judged by bagit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest

from dav_journey import DavJourney, DavRun, differences
from dav_proxy import Call, dav_proxy, when
from dav_reading import client, readers
from dav_servers import DIGEST, REAL, DavServer
from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import tree

WRITING = ("PUT", "MKCOL", "MOVE", "COPY", "DELETE", "PROPPATCH", "PATCH", "POST")
KINDS = [*REAL, "nextcloud-simulator"]
POST = "data/posts/*/*/post.json"


def archive(path: Path, media: MediaServer, year: int = 2025) -> Path:
    options = ArchiveOptions(
        seed=5,
        counts=Counts(posts=6, watched=400),
        media_base=media.base,
        exported_at=datetime(year, 11, 20, 12, tzinfo=UTC),
    )
    write_archive(path, options)
    return path


@pytest.fixture(scope="module")
def source(media: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("archive") / "TikTok_Data.zip", media)


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, dav_servers: Callable[..., DavServer]) -> DavServer:
    return dav_servers(request.param)


@pytest.fixture
def journey(server: DavServer, media: MediaServer, tmp_path: Path) -> DavJourney:
    return DavJourney(tmp_path / "journey", server, server.place(), media)


@pytest.fixture
def done(journey: DavJourney, source: Path) -> DavJourney:
    """Give a journey whose first transfer has come to its end."""
    receipt = journey.run(source)
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    return journey


def test_everything_is_there_and_others_can_read_it(
    done: DavJourney, expected: dict[str, str], tmp_path: Path
) -> None:
    assert differences(done.bundle(), expected) == {}, "the same bytes as in a folder"
    for name, read in readers(done.server).items():
        copy = read(done.server, done.url, tmp_path / name)
        assert tree(copy) == expected
        bagit.Bag(str(copy)).validate()
    assert done.verify()["proofs"].keys() == {"digest"}


def test_again_sends_nothing(
    server: DavServer, media: MediaServer, source: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    place = server.place()
    with dav_proxy(server.url) as proxy:
        journey = DavJourney(tmp_path / "journey", server, proxy.here(place), media)
        assert journey.run(source)["exit_code"] == 0
        before = proxy.count()
        proxy.reset()
        receipt = journey.run(source)
        assert receipt["exit_code"] == 0
        assert proxy.count(*WRITING) == 0, [one for one in proxy.seen if one.method in WRITING]
        print(f"{server.kind}: {before} requests, and {proxy.count()} when nothing is new")
        assert proxy.count() < before / 2
        proxy.reset()
        newer = archive(tmp_path / "newer.zip", media, 2026)
        assert journey.run(newer)["exit_code"] == 0
        bundle = journey.bundle(place)
        bagit.Bag(str(bundle)).validate()
        kept = {name for name in expected if name.endswith((".mp4", ".jsonl"))}
        assert {name: expected[name] for name in kept}.items() <= tree(bundle).items()


def test_a_plan_touches_nothing(
    server: DavServer, media: MediaServer, source: Path, tmp_path: Path
) -> None:
    with dav_proxy(server.url) as proxy:
        place = server.place()
        journey = DavJourney(tmp_path / "journey", server, proxy.here(place), media)
        assert journey.run(source, dry_run=True)["exit_code"] == 0
        assert proxy.count(*WRITING) == 0
        assert not server.path(place).exists()


def test_a_lost_journal_is_rebuilt_and_the_bundle_is_a_source(
    done: DavJourney, source: Path, media: MediaServer, expected: dict[str, str], tmp_path: Path
) -> None:
    asked = len(media.requests)
    shutil.rmtree(done.home)
    receipt = done.run(source)
    assert receipt["exit_code"] == 0
    assert all(counts["found"] == counts["unchanged"] for counts in receipt["counts"].values())
    assert len(media.requests) == asked, "no media is fetched again"
    assert differences(done.bundle(), expected) == {}

    copy = tmp_path / "copy"
    other = DavJourney(tmp_path / "other", done.server, done.url)
    receipt = other.run(done.address, destination=f"disk:{copy}", options=[])
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    assert tree(copy) == expected, "the copy of a copy is the copy"


def test_an_edit_wins_and_a_strangers_file_is_never_touched(
    done: DavJourney, media: MediaServer, tmp_path: Path
) -> None:
    """What is changed goes through the server, as a person's own program would do it."""
    name = next(iter(sorted(done.bundle().glob(POST)))).relative_to(done.bundle()).as_posix()
    data = json.loads((done.bundle() / name).read_text("utf-8"))
    edited = json.dumps(data | {"caption": "my own words"}).encode()
    with client(done.server) as http:
        assert http.delete(done.url + name).is_success
        assert http.put(done.url + name, content=edited).is_success
        assert http.put(f"{done.url}data/mine.txt", content=b"mine").is_success
    found = done.verify()
    assert [one["problem"] for one in found["problems"]] == ["changed"]
    assert [place.rpartition("/")[2] for place in found["added"]] == ["mine.txt"]

    newer = archive(tmp_path / "newer.zip", media, 2026)
    receipt = done.run(newer)
    assert receipt["exit_code"] in (0, 3), "a newer export may say nothing new of that post"
    bundle = done.bundle()
    assert (bundle / name).read_bytes() == edited
    assert (bundle / "data" / "mine.txt").read_bytes() == b"mine"

    for _ in range(2):  # the newer run, and the first
        document = done.undo()
    assert [one["reason"] for one in document["stays"]]
    left = tree(bundle)
    assert (bundle / name).read_bytes() == edited
    assert {path for path in left if path.startswith("data/")} >= {name, "data/mine.txt"}
    post = name.rpartition("/")[0]  # what belongs to the edit stays with it
    assert not [p for p in left if p.endswith((".mp4", ".jsonl")) and not p.startswith(post)]


def test_undo_leaves_nothing_but_a_strangers_file(done: DavJourney) -> None:
    with client(done.server) as http:
        assert http.put(f"{done.url}mine.txt", content=b"mine").is_success
    document = done.undo()
    assert document["exit_code"] == 0, document
    assert tree(done.bundle()).keys() == {"mine.txt"}


def test_what_a_killed_run_had_begun_outlives_an_undo_and_is_no_strangers(
    dav_servers: Callable[..., DavServer],
    media: MediaServer,
    source: Path,
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    server = dav_servers("apache")  # files get their names at once there
    place = server.place()
    with dav_proxy(server.url) as proxy:
        journey = DavJourney(tmp_path / "journey", server, proxy.here(place), media)
        victim: Future[DavRun] = Future()
        kill = Call(lambda: victim.result().kill(), forward=False)
        proxy.act = when("PUT", kill, path="post.json")
        victim.set_result(journey.transfer(source))
        assert victim.result().ended() is None
        proxy.act = lambda _request: None
        assert journey.undo()["exit_code"] == 0
        left = tree(server.path(place)).keys() - {"decamp.json"}
        assert left and all(name.startswith("data/posts/") for name in left)
        receipt = journey.run(source)
        assert (receipt["exit_code"], receipt.get("error")) == (0, None)
        assert differences(server.path(place), expected) == {}
        assert journey.undo()["exit_code"] == 0
    assert not tree(server.path(place))


def test_a_folder_of_somebody_else_is_refused(
    server: DavServer, source: Path, media: MediaServer, tmp_path: Path
) -> None:
    place = server.place()
    with client(server) as http, dav_proxy(server.url) as proxy:
        assert http.request("MKCOL", place).is_success
        assert http.put(f"{place}thesis.txt", content=b"mine").is_success
        journey = DavJourney(tmp_path / "journey", server, proxy.here(place), media)
        receipt = journey.run(source)
        assert receipt["exit_code"] == 6
        assert "thesis.txt" in str(receipt["error"]) or "decamp" in str(receipt["error"])
        assert proxy.count(*WRITING) == 0
    assert tree(server.path(place)).keys() == {"thesis.txt"}


@pytest.mark.parametrize("kind", DIGEST)
def test_digest(
    kind: str,
    dav_servers: Callable[..., DavServer],
    media: MediaServer,
    source: Path,
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    server = dav_servers(kind, digest=True)
    journey = DavJourney(tmp_path / "journey", server, server.place(), media)
    receipt = journey.run(source)
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    assert differences(journey.bundle(), expected) == {}


def test_tls_with_an_authority_of_ones_own(
    dav_servers: Callable[..., DavServer],
    media: MediaServer,
    source: Path,
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    server = dav_servers("apache", tls=True)
    journey = DavJourney(tmp_path / "journey", server, server.place(), media)
    receipt = journey.run(source)
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    assert differences(journey.bundle(), expected) == {}


def test_a_token(
    apache: DavServer,
    media: MediaServer,
    source: Path,
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    place = apache.place()
    with dav_proxy(apache.url) as proxy:
        proxy.bearer, proxy.authorization = "token", apache.basic
        journey = DavJourney(tmp_path / "j", apache, proxy.here(place), media, token="token")
        receipt = journey.run(source)
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    assert differences(journey.bundle(place), expected) == {}
