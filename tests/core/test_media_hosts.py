"""Servers that cannot be reached are soon left alone, and never for longer than a run."""

from __future__ import annotations

import socket
from collections import Counter

import pytest
from attrs import define, field

from decamp.model import Blob, Link
from faulty_http import Answer, file
from media_bytes import mp4
from media_place import MIB, assert_arrived, assert_missing, item, places

TRIES = 4
GIVEN_UP = "cannot be reached, so other files there were not tried"
OFFLINE = "there seems to be no network"


@define
class Names:
    """Finds the addresses of some hosts, and counts what it was asked."""

    known: set[str] = field(factory=set)
    asked: Counter[str] = field(factory=Counter)

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked[host] += 1
        if host not in self.known:
            raise OSError("no such name")
        return ["127.0.0.1"]


@pytest.fixture
def place(tmp_path):
    """Give a function that serves routes and makes a fetcher."""
    with places(tmp_path) as place:
        yield place


@pytest.fixture
def dead():
    """Give a port that nobody listens on; it is kept, or another program might begin to."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()[1]


def fetch(here, url, number=0, expires=None):
    """Fetch the only file of a new item."""
    blob = Blob("1.mp4", "video/mp4", link=Link(url, expires))
    return here.fetcher.fetch(blob, item(blob, name=f"{url} {number}"))


def test_a_server_that_three_files_did_not_reach_is_not_asked_again(place, dead):
    names = Names({"v.example"})
    here = place({}, {"resolve": names, "allowed": [("v.example", dead)]})
    url = f"http://v.example:{dead}/"
    for number in range(3):
        assert_missing(
            fetch(here, url, number), "unreachable", words="v.example cannot be reached."
        )
    for number in range(3, 50):
        assert_missing(fetch(here, url, number), "unreachable", words=f"v.example {GIVEN_UP}")
    assert names.asked == {"v.example": 3 * TRIES}
    assert len(here.clock.pauses) == 3 * (TRIES - 1)
    assert here.spooled == []
    assert here.fetcher._spool.used == 0


def test_other_servers_are_asked_all_the_same(place, dead):
    names = Names({"v.example"})
    here = place({"/a": file(mp4())})
    allowed = [*here.server.allowed, ("v.example", dead)]
    here = place({}, {"resolve": names, "allowed": allowed})
    names.known.add("127.0.0.1")
    for number in range(4):
        fetch(here, f"http://v.example:{dead}/", number)
    assert_arrived(here.fetch(), mp4())


def test_a_server_whose_name_is_not_found_is_left_after_one_file(place):
    names = Names()
    here = place({}, {"resolve": names})
    found = fetch(here, "http://v.example/")
    assert_missing(found, "unreachable", words="v.example cannot be reached.")
    for number in range(50):
        found = fetch(here, "http://v.example/", number + 1)
        assert_missing(found, "unreachable", words=GIVEN_UP)
    assert names.asked == {"v.example": TRIES}


def test_three_servers_whose_names_are_not_found_mean_no_network(place):
    names = Names()
    here = place({}, {"resolve": names})
    reasons = [fetch(here, f"http://v{number}.example/").reason for number in range(10)]
    assert names.asked == {f"v{number}.example": TRIES for number in range(3)}
    assert all(OFFLINE in reason for reason in reasons[3:])
    assert len(set(reasons[3:])) == 1
    assert not any(OFFLINE in reason for reason in reasons[:3])


def test_with_one_answer_there_is_a_network(place):
    names = Names({"127.0.0.1"})
    here = place({"/a": Answer(503)}, {"resolve": names})
    here.fetch()
    reasons = [fetch(here, f"http://v{number}.example/").reason for number in range(6)]
    assert not any(OFFLINE in reason for reason in reasons)
    assert all(names.asked[f"v{number}.example"] == TRIES for number in range(6))


def test_the_next_run_tries_again(place, dead):
    names = Names()
    here = place({}, {"resolve": names})
    for number in range(5):
        fetch(here, f"http://v{number}.example/")
    here.fetcher.close()
    names.known.add("127.0.0.1")
    here = place({"/a": file(mp4())}, {"resolve": names})
    assert_arrived(here.fetch(), mp4())


def test_a_name_that_was_found_before_may_fail_for_two_files(place):
    closing = Answer(200, mp4(), {"Connection": "close"})
    names = Names({"127.0.0.1"})
    here = place({"/a": closing, "/b": closing}, {"resolve": names})
    assert_arrived(here.fetch(), mp4())
    names.known.clear()
    for number in range(2):
        assert_missing(fetch(here, here.server.url("/b"), number), "unreachable")
    names.known.add("127.0.0.1")
    assert_arrived(here.fetch("/b"), mp4())


def test_one_failed_look_up_for_an_expired_link_says_little(place):
    names = Names()
    here = place({"/a": file(mp4())}, {"resolve": names})
    for number in range(2):
        assert_missing(fetch(here, here.server.url("/a"), number, here.clock.now()), "unreachable")
    assert names.asked == {"127.0.0.1": 2}
    names.known.add("127.0.0.1")
    assert_arrived(here.fetch(), mp4())


def test_a_redirect_to_a_dead_server_is_not_held_against_the_first(place, dead):
    away = Answer(302, headers={"Location": "http://dead.example/a"})
    names = Names({"127.0.0.1"})
    here = place({"/a": away, "/b": file(mp4())}, {"resolve": names})
    for number in range(4):
        found = fetch(here, here.server.url("/a"), number)
        assert_missing(found, "unreachable", words="dead.example cannot be reached.")
    assert_arrived(here.fetch("/b"), mp4())


def test_files_that_break_off_do_not_close_a_server(place):
    cut = Answer(200, mp4(MIB), sent=1000)
    here = place({"/a": cut, "/b": file(mp4())})
    for number in range(5):
        assert_missing(fetch(here, here.server.url("/a"), number), "truncated")
    assert_arrived(here.fetch("/b"), mp4())
