"""A scripted service that makes copies, and what a run left of them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from decamp.auth import Grant
from decamp.errors import TransferError
from decamp.events import Notice
from decamp.journal import RequestRecord
from decamp.model import Account, Page
from decamp.spec import RequestStatus
from decamp.testing import ScriptedRequests
from decamp.testing.samples import post_item
from engine_harness import Bench
from still_clock import StillClock

CONSENT = datetime(2026, 11, 24, 8, tzinfo=UTC)
PENDING = RequestStatus("pending", None, "pending")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def bench(tmp_path: Path, clock: StillClock) -> Bench:
    return Bench(tmp_path, stop=clock, now=clock.now)


def grant(since: datetime = CONSENT, account: str = "open-id-1") -> Grant:
    scopes = frozenset({"all.single"})
    return Grant(account=account, asked=scopes, scopes=scopes, since=since)


def page(*seconds: int) -> Page:
    return Page(tuple(post_item(second) for second in seconds))


def service(*copies: tuple[int, ...], repeats: bool = True, states: int = 0) -> ScriptedRequests:
    return ScriptedRequests(
        (),
        Account("open-id-1", ("ada.example",)),
        copies=[[page(*seconds)] for seconds in copies or ((1, 2),)],
        repeats=repeats,
        states=[PENDING] * states,
    )


def requests(bench: Bench) -> list[RequestRecord]:
    with closing(bench.journal()) as journal:
        return journal.requests()


def copies(bench: Bench) -> list[str]:
    folder = bench.folder / "copies"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def delivered(bench: Bench) -> list[str]:
    return sorted(item_id for item_id in bench.importer.store)


def told(bench: Bench) -> list[str]:
    return [event.text for event in bench.events if isinstance(event, Notice)]


def refuse(error: TransferError) -> None:
    raise error
