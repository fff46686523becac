"""kill -9 at random moments, then the same command again: the same bundle, to the byte.

DECAMP_ACCEPTANCE_KILLS makes it longer; each kill hits a run that has just begun or that
resumes an earlier killed one, and after every kill but those in a chain the bundle is
finished and compared.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import bagit
import pytest

from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import Journey, tree

KILLS = int(os.environ.get("DECAMP_ACCEPTANCE_KILLS", "8"))
CHAIN = 4


@pytest.fixture(scope="module")
def server() -> Any:
    with MediaServer() as running:
        yield running


@pytest.fixture(scope="module")
def archive(server: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "TikTok_Data.zip"
    options = ArchiveOptions(
        seed=3, counts=Counts(posts=40, watched=120_000), media_base=server.base, compact=True
    )
    write_archive(path, options)
    return path


@pytest.fixture(scope="module")
def undisturbed(
    archive: Path, server: MediaServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], int]:
    journey = Journey(tmp_path_factory.mktemp("undisturbed"), server)
    process = journey.start(archive)
    lines = process.communicate(timeout=300)[0].splitlines()
    journey.bag()
    return tree(journey.bundle), len(lines)


def kill_at_line(journey: Journey, archive: Path, line: int, pause: float) -> bool:
    """Kill a run a moment after its n-th event; false if it had ended before."""
    process = journey.start(archive)
    assert process.stdout is not None
    for _ in range(line):
        if not process.stdout.readline():
            break
    time.sleep(pause)  # the outcome does not depend on it; it spreads the moments
    alive = process.poll() is None
    process.kill()
    process.communicate()
    return alive


@pytest.mark.parametrize("chain", range((KILLS + CHAIN - 1) // CHAIN))
def test_killed_at_random_moments_and_resumed(
    chain: int,
    archive: Path,
    server: MediaServer,
    undisturbed: tuple[dict[str, str], int],
    tmp_path: Path,
) -> None:
    expected, events = undisturbed
    chance = random.Random(f"kill {chain}")
    journey = Journey(tmp_path, server)
    killed = 0
    for _ in range(CHAIN):
        line = chance.randrange(events)
        if kill_at_line(journey, archive, line, chance.random() * 0.05):
            killed += 1
        else:  # nothing is left to be interrupted
            shutil.rmtree(tmp_path)
        if (journey.bundle / "manifest-sha256.txt").exists():
            bagit.Bag(str(journey.bundle)).validate()  # if it calls itself a bag, it is one
    receipt = journey.run(archive)

    assert receipt.get("error") is None, receipt["error"]
    assert receipt["counts"]["event"].get("failed", 0) == 0
    assert tree(journey.bundle) == expected
    assert [p.name for p in (journey.home / "tmp").iterdir()] == []
    journey.bag()
    assert killed > 0
