"""Whole transfers to S3, in processes of their own: again, killed and resumed, a year later."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bagit
import pytest

from cli_run import Cli
from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import Journey, tree
from s3_server import client, snapshot, versions

COUNTS = Counts(posts=8, watched=3_000)
LOCK = "tiktok/.decamp.lock"


@pytest.fixture(scope="module")
def server() -> Any:
    with MediaServer() as running:
        yield running


def archive(path: Path, server: MediaServer, year: int = 2025) -> Path:
    at = datetime(year, 11, 20, 12, tzinfo=UTC)
    options = ArchiveOptions(
        seed=3, counts=COUNTS, media_base=server.base, compact=True, exported_at=at
    )
    write_archive(path, options)
    return path


@pytest.fixture(scope="module")
def source(server: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("archive") / "TikTok_Data.zip", server)


@pytest.fixture(scope="module")
def on_disk(source: Path, server: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the files that an undisturbed transfer puts into a folder, by their digests."""
    journey = Journey(tmp_path_factory.mktemp("disk"), server)
    assert journey.run(source)["exit_code"] == 0
    return tree(journey.bundle)


class ToS3(Journey):
    """A journey whose bundle lies in a bucket with versions, where every write shows."""

    def to(self, s3: str, bucket: str) -> ToS3:
        self.place = (s3, bucket)
        self.options = [f"to.endpoint_url={s3}"]
        client(s3).put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        return self

    def start(self, source: Path, **changes: Any) -> subprocess.Popen[str]:
        address = f"disk:s3://{self.place[1]}/tiktok"
        return super().start(source, **{"destination": address} | changes)

    def fetched(self, folder: Path) -> Path:
        """Download the bundle with Amazon's own client."""
        for name, data in snapshot(*self.place, "tiktok/").items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder


@pytest.fixture
def journey(s3: str, bucket: str, server: MediaServer, tmp_path: Path) -> ToS3:
    return ToS3(tmp_path, server).to(s3, bucket)


def test_there_again_and_a_year_later(
    journey: ToS3, source: Path, server: MediaServer, on_disk: dict[str, str], tmp_path: Path
) -> None:
    planned = journey.run(source, plan=True)
    assert planned["exit_code"] == 0
    assert versions(*journey.place) == []

    receipt = journey.run(source)
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    assert receipt["destination"]["title"].startswith("s3://")
    bundle = journey.fetched(tmp_path / "first")
    assert tree(bundle) == on_disk, "the same bytes as in a folder"
    bagit.Bag(str(bundle)).validate()

    before = versions(*journey.place)
    assert journey.run(source)["exit_code"] == 0
    assert versions(*journey.place) == before, "a second run writes nothing"

    assert journey.run(archive(tmp_path / "later.zip", server, 2026))["exit_code"] == 0
    bundle = journey.fetched(tmp_path / "later")
    bagit.Bag(str(bundle)).validate()
    kept = {name: digest for name, digest in on_disk.items() if name.endswith((".mp4", ".jsonl"))}
    later = tree(bundle)
    assert kept.items() <= later.items()
    assert len(later) > len(on_disk)


def _written(now: list[tuple[str, str]], before: list[tuple[str, str]]) -> set[str]:
    """Name all objects that were written or deleted in between."""
    return {name for name, _ in set(now) - set(before)}


@pytest.mark.parametrize("settled", [[1], [8, 20], [37], [10, 20, 15]], ids=str)
def test_killed_and_resumed(
    settled: list[int], journey: ToS3, source: Path, on_disk: dict[str, str], tmp_path: Path
) -> None:
    for number in settled:
        process = journey.start(source, dies_after=number)
        lines = process.communicate()[0].splitlines()
        assert process.returncode
        assert sum(json.loads(line).get("event") == "item" for line in lines) >= number
        found = snapshot(*journey.place, "tiktok/")
        for name, data in found.items():
            if name.startswith("data/"):
                assert name in on_disk
                assert data, "an object appears whole"
        if "decamp.json" in found:
            assert not json.loads(found["decamp.json"])["complete"]
    receipt = journey.run(source)
    assert (receipt["exit_code"], receipt.get("error")) == (0, None)
    bundle = journey.fetched(tmp_path / "resumed")
    assert tree(bundle) == on_disk
    bagit.Bag(str(bundle)).validate()


def test_a_lost_journal_is_rebuilt_from_the_bucket(
    journey: ToS3, source: Path, server: MediaServer, tmp_path: Path
) -> None:
    assert journey.run(source)["exit_code"] == 0
    before, asked = versions(*journey.place), len(server.requests)
    shutil.rmtree(journey.home)
    receipt = journey.run(source)
    assert receipt["exit_code"] == 0
    assert all(counts["found"] == counts["unchanged"] for counts in receipt["counts"].values())
    assert len(server.requests) == asked, "no media is fetched again"
    assert _written(versions(*journey.place), before) <= {LOCK}


def test_a_bucket_is_a_source_too(
    journey: ToS3, source: Path, on_disk: dict[str, str], tmp_path: Path
) -> None:
    assert journey.run(source)["exit_code"] == 0
    endpoint = journey.options[0].partition("=")[2]
    decamp = Cli(tmp_path / "home-of-another")
    address = f"disk:s3://{journey.place[1]}/tiktok"
    words = ["transfer", address, str(tmp_path / "copy"), "-o", f"from.endpoint_url={endpoint}"]
    ended = decamp(*words)
    assert ended.code == 0, ended.err
    assert tree(tmp_path / "copy") == on_disk, "the copy of a copy is the copy"

    for wrong, said in (("nowhere", "no such bucket"), (f"{journey.place[1]}/x", "no folder")):
        ended = decamp("inspect", f"disk:s3://{wrong}", "-o", f"from.endpoint_url={endpoint}")
        assert ended.code == 4, ended.err
        assert said in ended.err


def test_verify_and_undo(journey: ToS3, source: Path, tmp_path: Path) -> None:
    s3, bucket = client(journey.place[0]), journey.place[1]
    assert journey.run(source)["exit_code"] == 0
    decamp = Cli(journey.home)
    ended = decamp("verify", "--deep", "--json")
    assert ended.code == 0, ended.err

    names = snapshot(*journey.place, "tiktok/")
    film = next(name for name in names if name.endswith(".mp4"))
    flipped = bytes([names[film][0] ^ 1]) + names[film][1:]
    s3.put_object(Bucket=bucket, Key=f"tiktok/{film}", Body=flipped)
    s3.put_object(Bucket=bucket, Key="tiktok/data/mine.txt", Body=b"mine")
    ended = decamp("verify", "--deep", "--json")
    assert ended.code == 3, ended.err
    assert [one["problem"] for one in ended.document["problems"]] == ["changed"]
    assert [name.rpartition("/")[2] for name in ended.document["added"]] == ["mine.txt"]

    s3.put_object(Bucket=bucket, Key=f"tiktok/{film}", Body=names[film])
    ended = decamp("undo", "--yes")
    assert ended.code == 0, ended.err
    left = snapshot(*journey.place, "tiktok/")
    assert left.pop("data/mine.txt") == b"mine"
    assert left.keys() == {"decamp.json"}, "so that the next run knows the folder again"


def test_on_the_command_line(s3: str, bucket: str, source: Path, tmp_path: Path) -> None:
    decamp = Cli(tmp_path / "home")
    words = ["transfer", str(source), f"disk:s3://{bucket}/x", "--kind", "messages,activity"]
    ended = decamp(*words, "--option", f"to.endpoint_url={s3}")
    assert ended.code == 0, ended.err
    assert f"s3://{bucket}/x" in ended.err
    assert "decamp.json" in snapshot(s3, bucket, "x/")

    ended = decamp(*words, "--json", "--option", "to.endpoint_url=http://127.0.0.1:9")
    assert (ended.code, ended.document["error"]["code"]) == (7, "unavailable")
    refused = decamp("transfer", str(source), f"disk:s3://key:secret@{bucket}/x")
    assert refused.code == 2
    assert "secret" not in refused.err
