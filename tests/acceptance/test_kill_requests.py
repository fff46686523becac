"""kill -9 at every step of a request's life, then the same command again: asked once.

Between TikTok's taking a request and our knowing its id nothing can tell whether it was taken.
Killed there, a permission for a single copy is never used on a guess: a person decides.

DECAMP_ACCEPTANCE_KILL_STEPS=all takes every step; by default those of the request's own life
are taken, and some of the others.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest

from api_service import ApiService
from decamp import registry
from decamp.assembly import resolve_request
from decamp.home import Home
from decamp.journal import Journal
from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from journey import tree
from kill_points import ENDED, KILLED, Run, leftovers, open_intents

DOUBT = 5
WAITS = 10
EVERY = os.environ.get("DECAMP_ACCEPTANCE_KILL_STEPS") == "all"


@pytest.fixture(scope="module")
def archive(media: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "copy.zip"
    options = ArchiveOptions(
        seed=21,
        counts=Counts(posts=2, watched=20),
        exported_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        media_base=media.base,
    )
    write_archive(path, options)
    return path


@pytest.mark.timeout(3600)  # it takes what it takes; only a hang is a failure
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("single", [True, False], ids=["single", "ongoing"])
def test_killed_at_each_step(
    archive: Path, media: MediaServer, tmp_path: Path, single: bool
) -> None:
    place = tmp_path / "place"
    bundle, home = place / "bundle", place / "home"
    with ApiService([archive], single=single, pending=1).running() as service:
        plugins = registry.load(("signed-in", service))

        def run(step: int = 0) -> tuple[int, int]:
            """Run it: first it has to wait, then it has the copy."""
            return Run(plugins, "signed-in:", bundle, home, media.port, wait=False)(step)

        def fresh() -> None:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            service.reset()

        fresh()
        ended, first = run()
        assert ended == WAITS
        ended, second = run()
        assert ended == ENDED
        expected = tree(bundle)
        assert service.calls == ["add", "check", "check", "download"]

        outcomes: Counter[str] = Counter()
        for number, step in _chosen(first, second, single=single):
            fresh()
            if number == 2:
                assert run()[0] == WAITS
            ended, _ = run(step)
            assert ended in (KILLED, WAITS, ENDED), (number, step)
            outcomes["killed"] += ended == KILLED
            ended = _again(run, service, home, outcomes)
            assert ended == ENDED, (number, step)
            assert tree(bundle) == expected, (number, step)
            bagit.Bag(str(bundle)).validate()
            assert leftovers(bundle, home) == [], (number, step)
            assert list((home / "copies").iterdir()) == [], (number, step)
            assert open_intents(home) == 0, (number, step)
            most = 1 if service.asked == 1 else 2
            assert service.calls.count("add") == service.asked == most, (number, step)
        print(dict(outcomes), f"of {first} + {second} steps")
    assert outcomes["killed"] > 20
    # Of all steps, some are after the last row has arrived: an ongoing permission then asks anew.
    assert 0 < outcomes["doubt"] <= (24 if EVERY else 8)


def _chosen(first: int, second: int, *, single: bool) -> list[tuple[int, int]]:
    """Give runs and steps: of the first all, of the second those up to the copy, and some more."""
    if EVERY:
        return [(1, n) for n in range(1, first + 1)] + [(2, n) for n in range(1, second + 1)]
    gap = 1 if single else 3  # what differs between the two is only who may ask again
    early, late = range(1, 40, 2 * gap), range(40, second + 1, second // 6)
    return [(1, n) for n in range(1, first + 1, gap)] + [(2, n) for n in (*early, *late)]


def _again(run, service: ApiService, home: Path, outcomes: Counter[str]) -> int:
    """Run the same command until it is done; where it is in doubt, decide."""
    for _ in range(5):
        before = service.asked
        ended, _ = run()
        if ended == ENDED:
            break
        if ended == WAITS:
            outcomes["doubt"] += before == 1 and service.asked == 2  # asking again cost nothing
            continue
        assert ended == DOUBT
        if _has_arrived(home):
            return ENDED  # killed after its last step
        assert service.asked == before, "a doubt was decided by asking"
        outcomes["doubt"] += before == 1
        resolve_request("again", registry=registry.load(), home=Home(home))
        service.consent_again()
    with closing(Journal.open(home / "journal.db")) as journal:
        assert all(one.ended for one in journal.requests())
    return ended


def _has_arrived(home: Path) -> bool:
    with closing(Journal.open(home / "journal.db")) as journal:
        ended = next((run for run in journal.runs() if run.state == "done"), None)
        return ended is not None and journal.requests()[-1].step == "used"
