"""kill -9 and lost answers at every request of a run: lost 0, doubled 0, half threads 0.

DECAMP_BLUESKY_SWEEP=all takes every request; by default a few are taken.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import Any

import httpx
import pytest

from bluesky_runs import COLLECTION, Place, at_requests, blob, clear, mp4, png, post
from decamp import Unavailable
from pds_run import Account, Pds

POINTS = 6

ITEMS = (
    post(1, "Only text #birds"),
    post(2, "More text"),
    post(3, "A video", blob("1.mp4", mp4())),
    post(4, "Six photos", *(blob(f"{n}.png", png(8, 8, n)) for n in range(1, 7))),
    post(5, "A long text, " * 60),
    post(6, "Last"),
)
RECORDS = 9  # the photos are a thread of two, and the long text one of three


def chosen(steps: int) -> range:
    every = os.environ.get("DECAMP_BLUESKY_SWEEP") == "all"
    return range(1, steps + 1, 1 if every else max(1, steps // POINTS))


@pytest.fixture
def place(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("decamp.engine.workers.random.uniform", lambda low, high: low)
    return place


@pytest.fixture
def whole(pds: Pds, account: Account, place: Place) -> tuple[dict[str, Any], int]:
    """Give the repository as a run without faults leaves it, and its number of requests."""
    with at_requests(lambda step: None) as sent:
        assert place.run(*ITEMS)["exit_code"] == 0
    expected = pds.repository(account.did)
    assert len(expected) == RECORDS
    reset(pds, account, place)
    return expected, len(sent)


def threads_of(repository: dict[str, Any]) -> list[set[str]]:
    """List the keys of each thread, the root's too."""
    threads: dict[str, set[str]] = {}
    for key, record in repository.items():
        if "reply" in record:
            root = record["reply"]["root"]["uri"].rpartition("/")[2]
            threads.setdefault(root, {f"{COLLECTION}/{root}"}).add(key)
    assert sorted(map(len, threads.values())) == [2, 3]
    return list(threads.values())


def reset(pds: Pds, account: Account, place: Place) -> None:
    clear(pds, account.did, account.token)
    assert pds.repository(account.did) == {}
    shutil.rmtree(place.home)


@pytest.mark.timeout(3600)  # it takes what it takes; only a hang is a failure
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_killed_at_each_request(
    pds: Pds, account: Account, place: Place, whole: tuple[dict[str, Any], int]
) -> None:
    expected, requests = whole
    tried = 0
    for step in chosen(2 * requests):
        tried += place.killed(step, partial(place.run, *ITEMS)) == -9
        left = pds.repository(account.did)
        assert all(left[key] == expected[key] for key in left), step
        for thread in threads_of(expected):
            assert thread & left.keys() in (set(), thread), step
        assert place.run(*ITEMS)["exit_code"] == 0, step
        assert pds.repository(account.did) == expected, step
        with at_requests(lambda step: None) as sent:
            place.run(*ITEMS)
        assert not any("Write" in one or "put" in one or "upload" in one for one in sent), step
        reset(pds, account, place)
    assert tried
    print(f"{tried} of {2 * requests} points killed, {requests} requests")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("executed", [True, False], ids=["answer-lost", "never-sent"])
def test_no_answer_to_each_request(
    pds: Pds,
    account: Account,
    place: Place,
    whole: tuple[dict[str, Any], int],
    executed: bool,
) -> None:
    expected, requests = whole
    for number in chosen(requests):

        def act(step: range, number: int = number) -> None:
            if 2 * number - (not executed) in step:
                raise httpx.ReadError("the connection broke")

        with at_requests(act):
            receipt = place.run(*ITEMS)
        if receipt["exit_code"]:  # signing in is not tried again by itself
            assert receipt["error"]["code"] == "unavailable", number
            assert place.run(*ITEMS)["exit_code"] == 0, number
        assert pds.repository(account.did) == expected, number
        reset(pds, account, place)
    print(f"{len(chosen(requests))} of {requests} requests without an answer")


@pytest.mark.timeout(3600)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_an_undo_killed_at_each_request(pds: Pds, account: Account, place: Place) -> None:
    place.run(*ITEMS)
    threads = threads_of(pds.repository(account.did))
    with at_requests(lambda step: None) as sent:
        assert place.undo()["removed"] == len(ITEMS)
    assert pds.repository(account.did) == {}
    shutil.rmtree(place.home)
    tried = 0
    for step in chosen(2 * len(sent)):
        assert place.run(*ITEMS)["exit_code"] == 0, step
        tried += place.killed(step, place.undo) == -9
        left = pds.repository(account.did)
        for thread in threads:
            assert thread & left.keys() in (set(), thread), step
        assert place.undo()["exit_code"] == 0, step
        assert pds.repository(account.did) == {}, step
        shutil.rmtree(place.home)
    assert tried
    print(f"{tried} of {2 * len(sent)} points killed, {len(sent)} requests")


def test_a_lost_journal_doubles_nothing_and_uploads_nothing(
    pds: Pds, account: Account, place: Place
) -> None:
    assert place.run(*ITEMS)["exit_code"] == 0
    expected = pds.repository(account.did)
    for path in place.home.glob("journal.db*"):
        path.unlink()

    with at_requests(lambda step: None) as sent:
        receipt = place.run(*ITEMS)

    assert receipt["exit_code"] == 0
    assert receipt["counts"]["post"]["delivered"] == len(ITEMS)
    assert "com.atproto.repo.uploadBlob" not in sent
    assert pds.repository(account.did) == expected


@pytest.mark.parametrize("executed", [True, False], ids=["answer-lost", "never-sent"])
def test_no_answer_while_a_thread_is_taken_back(
    pds: Pds, account: Account, make, executed: bool
) -> None:
    importer = make()
    item = ITEMS[3]
    receipt = importer.import_item(item)
    with at_requests(lambda step: None) as sent:
        importer.remove(receipt, None)
    for number in range(1, len(sent) + 1):
        receipt = importer.import_item(item)
        assert len(pds.repository(account.did)) == 2

        def act(step: range, number: int = number) -> None:
            if 2 * number - (not executed) in step:
                raise httpx.ReadError("the connection broke")

        with at_requests(act), pytest.raises(Unavailable):
            importer.remove(receipt, None)
        assert len(pds.repository(account.did)) in (0, 2), number
        assert importer.remove(receipt, None) is None
        assert pds.repository(account.did) == {}
