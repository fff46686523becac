"""The same export again, and a newer one with its oldest rows trimmed: as people have them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import Journey, rows, stamps, tree

FIRST = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TRIMMED = datetime(2024, 1, 1, tzinfo=UTC)


def write(path: Path, server: MediaServer, exported_at: datetime, **changes: Any) -> Path:
    write_archive(
        path,
        ArchiveOptions(
            seed=5,
            counts=Counts(posts=12, watched=900),
            exported_at=exported_at,
            media_base=server.base,
            **changes,
        ),
    )
    return path


def test_running_again_touches_nothing(tmp_path: Path) -> None:
    with MediaServer() as server:
        archive = write(tmp_path / "a.zip", server, LATER)
        again = write(tmp_path / "b.zip", server, LATER, compact=True)
        journey = Journey(tmp_path / "journey", server)
        first = journey.run(archive)
        before, touched = tree(journey.bundle), stamps(journey.bundle)
        requests = len(server.requests)

        same = journey.run(archive)
        other_copy = journey.run(again)

    assert first["exit_code"] == 0
    assert tree(journey.bundle) == before
    assert stamps(journey.bundle) == touched
    assert len(server.requests) == requests, "nothing is fetched again"
    for receipt in (same, other_copy):
        assert receipt["exit_code"] == 0
        for kind, counts in receipt["counts"].items():
            assert counts == {"found": counts["found"], "unchanged": counts["found"]}, kind
    journey.bag()


def test_a_newer_trimmed_export_loses_nothing_and_adds_only_what_is_new(tmp_path: Path) -> None:
    with MediaServer() as server:
        old = write(tmp_path / "old.zip", server, FIRST)
        new = write(tmp_path / "new.zip", server, LATER, trim_before=TRIMMED)
        journey = Journey(tmp_path / "journey", server)
        journey.run(old)
        before = tree(journey.bundle)
        seen = Counter(json.dumps(row, sort_keys=True) for row in rows(journey.bundle, "watched"))
        fetched = [request.path for request in server.requests if request.method == "GET"]

        plan = journey.run(new, plan=True)
        receipt = journey.run(new)
        refetched = [request.path for request in server.requests if request.method == "GET"]

    journey.bag()
    after = tree(journey.bundle)
    payload = [path for path in before if path.startswith("data/")]
    kept = [path for path in payload if after.get(path) == before[path]]
    changed = set(payload) - set(kept)
    assert changed <= {"data/profile/profile.json"}, "segments and posts are never rewritten"
    now = Counter(json.dumps(row, sort_keys=True) for row in rows(journey.bundle, "watched"))
    assert seen <= now
    assert sum(now.values()) > sum(seen.values())
    assert oracle(old, new) == Counter(
        (row.get("time"), row.get("object")) for row in rows(journey.bundle, "watched")
    )
    assert receipt["counts"]["event"]["unchanged"] > 0
    for kind, counts in plan["counts"].items():
        for column in ("found", "new", "changed", "unchanged"):
            done = receipt["counts"][kind].get(column, 0)
            assert counts.get(column, 0) == done, (kind, column)
    again = Counter(refetched[len(fetched) :]) & Counter(fetched)
    assert not [path for path in again if path.endswith(".mp4")], "no video is fetched twice"


def oracle(*archives: Path) -> Counter[tuple[str, str]]:
    """Count each watched video as often as the export that has it most often."""
    expected: Counter[tuple[str, str]] = Counter()
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read(archive.namelist()[0]))
        listed = document["Your Activity"]["Watch History"]["VideoList"]
        expected |= Counter((row["Date"].replace(" ", "T") + "Z", row["Link"]) for row in listed)
    return expected


@pytest.mark.parametrize("generations", [("A", "D"), ("D", "D")], ids="".join)
def test_an_older_export_changes_nothing_that_is_newer(
    generations: tuple[str, str], tmp_path: Path
) -> None:
    with MediaServer() as server:
        old = write(
            tmp_path / "old.zip", server, FIRST, generation=generations[0], username="old.name"
        )
        new = write(
            tmp_path / "new.zip", server, LATER, generation=generations[1], trim_before=TRIMMED
        )
        straight, back = (Journey(tmp_path / name, server) for name in ("straight", "back"))
        straight.run(old)
        straight.run(new)
        for export in (old, new):
            back.run(export)
        before = stamps(back.bundle)
        third = back.run(old)
        fourth = back.run(old)

    assert tree(back.bundle) == tree(straight.bundle)
    assert stamps(back.bundle) == before, "the third run writes nothing"
    for receipt in (third, fourth):
        assert receipt["exit_code"] == 0
        assert not receipt["verdict"]["complete"], "the old user name is not there"
        assert "in a newer version" in receipt["verdict"]["reasons"][0]
        assert receipt["counts"]["profile"]["superseded"] == 1
    back.bag()


def test_the_newer_export_first(tmp_path: Path) -> None:
    """Rows and posts are the same in any order; the newer record wins in both."""
    with MediaServer() as server:
        old = write(tmp_path / "old.zip", server, FIRST)
        new = write(tmp_path / "new.zip", server, LATER, trim_before=TRIMMED)
        first, second = (Journey(tmp_path / name, server) for name in ("first", "second"))
        for export in (old, new):
            assert first.run(export)["exit_code"] == 0
        for export in (new, old):
            assert second.run(export)["exit_code"] == 0
    assert Counter(json.dumps(row, sort_keys=True) for row in rows(first.bundle, "watched")) == (
        Counter(json.dumps(row, sort_keys=True) for row in rows(second.bundle, "watched"))
    )
    assert says(first.bundle) == says(second.bundle)
    second.bag()


def says(bundle: Path) -> dict[str, Any]:
    """Read posts and the profile: all but counts, which alone are no change, and raw fields."""
    records = {}
    for path in [*bundle.rglob("post.json"), *bundle.rglob("profile.json")]:
        record = json.loads(path.read_bytes())
        records[path.relative_to(bundle).as_posix()] = {
            name: value for name, value in record.items() if name not in ("counts", "source")
        }
    return records


@pytest.mark.parametrize("command", ["plan", "inspect"])
def test_looking_changes_nothing_anywhere(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MediaServer() as server:
        archive = write(tmp_path / "a.zip", server, LATER)
        journey = Journey(tmp_path / "journey", server)
        journey.run(archive)
        newer = write(tmp_path / "b.zip", server, LATER, username="example.user")
        monkeypatch.setenv("DECAMP_HOME", str(journey.home))
        before = {place: stamps(place) for place in (tmp_path, journey.home)}
        requests = len(server.requests)

        words = [str(newer)] if command == "inspect" else [str(newer), str(journey.bundle)]
        subprocess.run([sys.executable, "-m", "decamp", command, *words], check=True, cwd=tmp_path)
        monkeypatch.setenv("DECAMP_HOME", str(tmp_path / "nowhere"))
        if command == "plan":
            words[1] = str(tmp_path / "nothing-here")
        subprocess.run([sys.executable, "-m", "decamp", command, *words], check=True, cwd=tmp_path)

    assert {place: stamps(place) for place in before} == before
    assert len(server.requests) == requests
