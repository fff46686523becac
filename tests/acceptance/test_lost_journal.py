"""The journal is gone, older, or another computer has written: the bundle has the last word."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import Journey, stamps, tree

YEARS = [datetime(year, 11, 20, 9, tzinfo=UTC) for year in (2023, 2024, 2025, 2026)]


@pytest.fixture(scope="module")
def server() -> Iterator[MediaServer]:
    with MediaServer() as running:
        yield running


@pytest.fixture(scope="module")
def exports(server: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same account, four years in a row."""
    folder = tmp_path_factory.mktemp("exports")
    paths = []
    for number, moment in enumerate(YEARS):
        path = folder / f"{moment.year}.zip"
        options = ArchiveOptions(
            seed=7,
            generation="A" if number == 0 else "D",
            counts=Counts(posts=8, watched=300),
            exported_at=moment,
            media_base=server.base,
        )
        write_archive(path, options)
        paths.append(path)
    return paths


def nothing_new(receipt: dict[str, Any]) -> bool:
    return all(
        counts == {"found": counts["found"], "unchanged": counts["found"]}
        for counts in receipt["counts"].values()
    )


def test_the_same_export_after_the_journal_was_lost(
    exports: list[Path], server: MediaServer, tmp_path: Path
) -> None:
    journey = Journey(tmp_path, server)
    assert journey.run(exports[3])["exit_code"] == 0
    before, touched = tree(journey.bundle), stamps(journey.bundle)
    requests = len(server.requests)
    shutil.rmtree(journey.home)
    receipt = journey.run(exports[3])
    assert receipt["exit_code"] == 0
    assert nothing_new(receipt), receipt["counts"]
    assert tree(journey.bundle) == before
    assert stamps(journey.bundle) == touched
    assert len(server.requests) == requests


@pytest.mark.parametrize("lose", [True, False], ids=["lost-each-time", "kept"])
def test_years_of_exports_with_and_without_a_journal(
    exports: list[Path], server: MediaServer, tmp_path: Path, lose: bool
) -> None:
    """The same payload, whether the journal was lost before each run or never."""
    journey = Journey(tmp_path / "one", server)
    for export in exports:
        if lose:
            shutil.rmtree(journey.home, ignore_errors=True)
        assert journey.run(export)["exit_code"] == 0
        journey.bag()
    other = Journey(tmp_path / "two", server)
    for export in exports:
        assert other.run(export)["exit_code"] == 0
    assert tree(journey.bundle) == tree(other.bundle)


def test_two_computers_take_turns(exports: list[Path], server: MediaServer, tmp_path: Path) -> None:
    bundle = tmp_path / "stick" / "bundle"
    machines = [Journey(tmp_path / name, server) for name in ("a", "b")]
    for number, export in enumerate(exports):
        receipt = machines[number % 2].run(export, destination=str(bundle))
        assert receipt["exit_code"] == 0, receipt.get("error")
    again = machines[1].run(exports[3], destination=str(bundle))
    assert nothing_new(again), again["counts"]
    alone = Journey(tmp_path / "alone", server)
    for export in exports:
        alone.run(export)
    assert tree(bundle) == tree(alone.bundle)


def test_an_older_journal_is_not_believed(
    exports: list[Path], server: MediaServer, tmp_path: Path
) -> None:
    journey = Journey(tmp_path, server)
    journey.run(exports[0])
    shutil.copytree(journey.home, tmp_path / "backup")
    journey.run(exports[2])
    before = tree(journey.bundle)
    shutil.rmtree(journey.home)
    shutil.copytree(tmp_path / "backup", journey.home)
    assert journey.run(exports[2])["exit_code"] == 0
    assert tree(journey.bundle) == before
    journey.run(exports[3])
    journey.bag()


def test_a_moved_bundle_goes_on(exports: list[Path], server: MediaServer, tmp_path: Path) -> None:
    journey = Journey(tmp_path, server)
    journey.run(exports[1])
    moved = tmp_path / "moved"
    shutil.move(journey.bundle, moved)
    receipt = journey.run(exports[1], destination=str(moved))
    assert receipt["exit_code"] == 0
    assert nothing_new(receipt), receipt["counts"]
