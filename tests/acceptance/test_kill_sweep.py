"""kill -9 at every step of a run, then the same command again: the same bundle, to the byte.

DECAMP_ACCEPTANCE_KILL_STEPS=all takes every step; by default every n-th is taken.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest

from decamp import registry
from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import tree
from kill_points import ENDED, KILLED, Run, leftovers, open_intents

POINTS = 24
"""So many steps are tried by default, evenly spread."""


@pytest.fixture(scope="module")
def server() -> Iterator[MediaServer]:
    with MediaServer() as running:
        yield running


@pytest.fixture(scope="module")
def exports(server: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two exports of one account; the newer one has another profile, and more of all."""
    folder = tmp_path_factory.mktemp("exports")
    paths = []
    for number, (year, name) in enumerate(((2024, "old.name"), (2026, "new.name"))):
        path = folder / f"{number}.zip"
        options = ArchiveOptions(
            seed=21,
            generation="AD"[number],
            counts=Counts(posts=6, watched=120),
            exported_at=datetime(year, 11, 20, 9, tzinfo=UTC),
            media_base=server.base,
            username=name,
        )
        write_archive(path, options)
        paths.append(path)
    return paths


def chosen(steps: int) -> range:
    every = os.environ.get("DECAMP_ACCEPTANCE_KILL_STEPS") == "all"
    return range(1, steps + 1, 1 if every else max(1, steps // POINTS))


@pytest.mark.timeout(3600)  # it takes what it takes; only a hang is a failure
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("again", [False, True], ids=["first-run", "newer-export"])
def test_killed_at_each_step(
    exports: list[Path], server: MediaServer, tmp_path: Path, again: bool
) -> None:
    plugins = registry.load()
    before = tmp_path / "before"
    (before / "bundle").parent.mkdir(parents=True)

    def run(folder: Path, export: Path, step: int = 0) -> tuple[int, int]:
        return Run(plugins, export, folder / "bundle", folder / "home", server.port)(step)

    if again:
        assert run(before, exports[0])[0] == ENDED
    export = exports[again]
    whole = tmp_path / "whole"
    # The journal knows a destination by its path: so each attempt happens at the same one.
    place = tmp_path / "place"

    def reset() -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if again:
            assert run(place, exports[0])[0] == ENDED

    reset()
    ended, steps = run(place, export)
    assert ended == ENDED
    expected = tree(place / "bundle")
    shutil.copytree(place, whole)
    kept = tmp_path / "kept"
    reset()
    shutil.copytree(place, kept)
    tried = 0
    for step in chosen(steps):
        shutil.rmtree(place)
        shutil.copytree(kept, place)
        ended, _ = run(place, export, step)
        assert ended in (KILLED, ENDED), step  # threads: another run may take fewer steps
        tried += ended == KILLED
        marker = place / "bundle" / "decamp.json"
        if marker.exists() and json.loads(marker.read_text())["complete"]:
            bagit.Bag(str(place / "bundle")).validate()  # if it calls itself complete, it is
        assert run(place, export)[0] == ENDED, step
        assert tree(place / "bundle") == expected, step
        bagit.Bag(str(place / "bundle")).validate()
        assert leftovers(place / "bundle", place / "home") == [], step
        assert open_intents(place / "home") == 0, step
    print(f"{tried} points of {steps} steps")
    assert tried > POINTS // 2
