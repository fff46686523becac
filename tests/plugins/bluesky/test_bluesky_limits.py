"""A server with its limits on: 5 000 write points in an hour, 35 000 in a day; create costs 3.

Its clock is moved when decamp waits, so nothing here takes an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bluesky_runs import MovedClock, Place, post
from decamp.events import Waiting
from decamp_bluesky.config import Config
from decamp_bluesky.signin import VARIABLE
from pds_run import LIMITS, Account, Pds, require_pds

AN_HOUR = 1_666
"""Posts that an hour's points are enough for."""

pytestmark = pytest.mark.timeout(3600)  # it takes what it takes; only a hang is a failure


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Pds]:
    require_pds()
    with Pds.run(tmp_path / "pds", LIMITS) as running:
        yield running


@pytest.fixture
def owner(limited: Pds, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = limited.account()
    monkeypatch.setenv(VARIABLE, made.app_password)
    monkeypatch.setenv("DECAMP_SECRETS", "file")
    return made


def place_of(limited: Pds, owner: Account, tmp_path: Path, **settings: object) -> Place:
    config = Config(owner.handle, server=limited.url, **settings)
    return Place(tmp_path / "home", config, MovedClock(limited))


def posts(count: int) -> list:
    return [post(number, f"Post {number}") for number in range(count)]


def test_a_run_over_the_daily_limit_waits_and_its_plan_knew_when_it_would_end(
    limited: Pds, owner: Account, tmp_path: Path
) -> None:
    place = place_of(limited, owner, tmp_path)
    items = posts(7 * AN_HOUR + 200)  # more than 35 000 points
    plan = place.run(*items, dry_run=True)
    begun = place.clock.now()
    foreseen = (datetime.fromisoformat(plan["finish"]) - begun).total_seconds()

    assert place.run(*items)["exit_code"] == 0

    taken = (place.clock.now() - begun).total_seconds()
    assert abs(taken - foreseen) < 0.1 * taken
    assert taken > 86_000
    assert len(limited.repository(owner.did)) == len(items)
    waits = [event for event in place.events if isinstance(event, Waiting)]
    assert waits
    assert all("write points" in event.reason for event in waits)


def test_a_run_that_is_told_not_to_wait_stops_and_the_next_goes_on(
    limited: Pds, owner: Account, tmp_path: Path
) -> None:
    place = place_of(limited, owner, tmp_path)
    items = posts(AN_HOUR + 34)

    receipt = place.run(*items, wait=False)

    assert (receipt["exit_code"], receipt["error"]["code"]) == (7, "rate-limited")
    assert receipt["counts"]["post"]["delivered"] == AN_HOUR
    assert len(limited.repository(owner.did)) == AN_HOUR
    again = place.run(*items, wait=False)  # the account of what was spent outlasts the run
    assert again["exit_code"] == 7
    place.clock.wait(3_700, None)
    assert place.run(*items, wait=False)["exit_code"] == 0
    assert len(limited.repository(owner.did)) == len(items)


def test_points_that_somebody_else_has_used_are_waited_for_as_the_server_says(
    limited: Pds, owner: Account, tmp_path: Path
) -> None:
    place = place_of(limited, owner, tmp_path, points_per_hour=10**6)
    items = posts(AN_HOUR + 134)

    assert place.run(*items)["exit_code"] == 0

    assert len(limited.repository(owner.did)) == len(items)
    assert any(3_000 < waited < 3_700 for waited in place.clock.waited)
    assert any("asks to wait" in one.reason for one in place.events if isinstance(one, Waiting))
