"""What a person does to a bundle between two runs: respected, and never called complete."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from hand_archives import clip, slides
from hand_files import account, documents, pack
from journey import Journey, stamps

VIDEO = "data/posts/2024/2024-01-01T000001Z/1.mp4"
RECORD = "data/posts/2024/2024-01-01T000001Z/post.json"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer() as running:
        yield running


def export(path: Path, server: MediaServer, words: str, caption: str = "as posted") -> Path:
    """Write an export of three posts and some searches."""
    posts = [
        {"Date": f"2024-01-01 00:00:0{n}", "Link": clip(server.base, n), "Title": f"{caption} {n}"}
        for n in range(3)
    ]
    return pack(path, account(words=words, Post={"Posts": {"VideoList": posts}}))


def delivered(tmp_path: Path, server: MediaServer) -> Journey:
    journey = Journey(tmp_path, server)
    assert journey.run(export(tmp_path / "first.zip", server, "one two"))["exit_code"] == 0
    return journey


def searches(bundle: Path) -> list[str]:
    rows = [one for one in documents(bundle) if "text" in one and "time" in one]
    return sorted(row["text"] for row in rows)


def test_an_edit_wins_and_is_listed(tmp_path: Path, server: MediaServer) -> None:
    journey = delivered(tmp_path, server)
    record = journey.bundle / RECORD
    edited = json.dumps(json.loads(record.read_text("utf-8")) | {"caption": "my own words"})
    record.write_text(edited, encoding="utf-8")
    newer = export(tmp_path / "second.zip", server, "one two three", "edited at TikTok")
    for _ in range(2):
        receipt = journey.run(newer)
        assert receipt["exit_code"] == 3
        [problem] = receipt["problems"]
        assert (problem["item"], problem["state"]) == ("post:2024-01-01T00:00:01Z", "conflict")
        assert record.read_text(encoding="utf-8") == edited
    assert searches(journey.bundle) == ["one", "three", "two"]


def test_a_bundle_that_is_gone_is_written_again(tmp_path: Path, server: MediaServer) -> None:
    journey = delivered(tmp_path, server)
    shutil.rmtree(journey.bundle)
    receipt = journey.run(tmp_path / "first.zip")
    assert (receipt["exit_code"], receipt["counts"]["post"]["delivered"]) == (0, 3)
    assert searches(journey.bundle) == ["one", "two"]
    journey.bag()


def test_a_bundle_that_was_moved_is_known_by_its_marker(
    tmp_path: Path, server: MediaServer
) -> None:
    journey = delivered(tmp_path, server)
    moved = tmp_path / "moved"
    shutil.move(journey.bundle, moved)
    before = stamps(moved)
    receipt = journey.run(tmp_path / "first.zip", destination=str(moved))
    assert receipt["exit_code"] == 0
    assert stamps(moved) == before
    shutil.move(moved, journey.bundle)
    assert journey.run(tmp_path / "first.zip")["exit_code"] == 0
    assert stamps(journey.bundle) == before


TAKEN = ["data/activity/searched", VIDEO, "data"]


@pytest.mark.parametrize("same", [True, False], ids=["same-export", "next-export"])
@pytest.mark.parametrize("taken", TAKEN)
def test_what_was_taken_out_is_not_said_to_be_there(
    taken: str, same: bool, tmp_path: Path, server: MediaServer
) -> None:
    journey = delivered(tmp_path, server)
    place = journey.bundle / taken
    gone = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    # Another export has its own table of contents, and may bring rows in other segments.
    sections = journey.bundle / "data" / "sections"
    files = [path for path in gone if path.suffix != ".jsonl" and sections not in path.parents]
    segments = [path for path in gone if path.suffix == ".jsonl"]
    lines = {line for path in segments for line in path.read_bytes().split(b"\n")[1:]}
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    next_one = export(tmp_path / "second.zip", server, "one two three")
    receipt = journey.run(tmp_path / "first.zip" if same else next_one)
    assert receipt["verdict"]["complete"]
    assert all(path.exists() for path in files)
    assert lines <= {
        line for path in journey.bundle.rglob("*.jsonl") for line in path.read_bytes().split(b"\n")
    }
    journey.bag()


def test_old_and_new_formats_of_one_account_meet(tmp_path: Path, server: MediaServer) -> None:
    counts = Counts(posts=3, watched=30)
    made: dict[str, Path] = {}
    for generation in ("A", "D"):
        made[generation] = tmp_path / f"{generation}.zip"
        write_archive(
            made[generation],
            ArchiveOptions(
                generation=generation,
                seed=9,
                counts=counts,
                media_base=server.base,
            ),
        )
    journey = Journey(tmp_path, server)
    first = journey.run(made["D"])["counts"]
    second = journey.run(made["A"])
    assert second["exit_code"] == 0
    for kind in ("conversation", "event", "message", "post", "profile"):
        found = second["counts"][kind]
        assert found.get("new", 0) == 0, kind
        assert found["found"] <= first[kind]["found"]
    journey.bag()


def twins(path: Path, links: list[str], note: str) -> Path:
    """Write an export of posts of one second that nothing but their media tells apart."""
    posts = [{"Date": "2024-01-01 00:00:00", "Link": link, "Title": ""} for link in links]
    more: dict[str, Any] = {"Post": {"Posts": {"VideoList": posts}}, "Note": {"note": note}}
    return pack(path, account(**more))


@pytest.mark.parametrize("kind", ["no-link", "new-links"])
def test_posts_of_one_second_do_not_become_conflicts_for_ever(
    kind: str, tmp_path: Path, server: MediaServer
) -> None:
    first = ["", ""] if kind == "no-link" else [slides(server.base, n) for n in (1, 2)]
    second = ["", ""] if kind == "no-link" else [slides(server.base, n) for n in (3, 4)]
    journey = Journey(tmp_path, server)
    assert journey.run(twins(tmp_path / "a.zip", first, "first"))["exit_code"] == 0
    receipt = journey.run(twins(tmp_path / "b.zip", second, "second"))
    assert (receipt["exit_code"], receipt["problems"]) == (0, [])
