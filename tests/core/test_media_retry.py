"""When a file is asked for again, how often, and after how long."""

from __future__ import annotations

import pytest

from faulty_http import Answer, file, then
from media_bytes import mp4
from media_place import assert_arrived, assert_missing, http_date, item, places


@pytest.fixture
def place(tmp_path):
    """Give a function that serves routes and makes a fetcher."""
    with places(tmp_path) as place:
        yield place


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_waited_out(place, status):
    here = place({"/a": then(Answer(status), Answer(status), file(mp4()))})
    assert_arrived(here.fetch(), mp4())
    assert here.clock.pauses == [1.0, 2.0]


def test_pauses_are_random_below_a_bound_that_doubles(place):
    bounds = []

    def low(least, most):
        bounds.append((least, most))
        return 0.0

    here = place({"/a": Answer(503)}, rng=low, attempts=9)
    assert_missing(here.fetch(), "unreachable", words="HTTP 503")
    assert bounds == [(0.0, most) for most in (1, 2, 4, 8, 16, 32, 32, 32)]
    assert len(here.server.seen) == 9


@pytest.mark.parametrize(
    ("headers", "total"),
    [
        ({"Retry-After": "20"}, 20.0),
        ({"Retry-After": "60"}, 60.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": http_date(30), "Date": http_date(0)}, 30.0),
        ({"Retry-After": http_date(3600 + 5), "Date": http_date(3600)}, 5.0),
        ({"Retry-After": http_date(-500), "Date": http_date(0)}, 1.0),
        ({"Retry-After": "soon"}, 1.0),
        ({"Retry-After": "-5"}, 1.0),
        ({"Retry-After": "Mon, 99 Zzz 99999 99:99:99 GMT"}, 1.0),
    ],
)
def test_the_server_says_when_to_come_back(place, headers, total):
    here = place({"/a": then(Answer(429, headers=headers), file(mp4()))})
    assert_arrived(here.fetch(), mp4())
    assert sum(here.clock.pauses) == pytest.approx(total)


@pytest.mark.parametrize("wait", ["61", "1000000000", "9" * 4000])
def test_a_server_that_asks_for_more_is_left_alone(place, wait):
    here = place({"/a": Answer(503, headers={"Retry-After": wait}), "/b": file(mp4())})
    assert_missing(here.fetch("/a"), "unreachable", words="wants to be asked after")
    assert_missing(here.fetch("/b"), "unreachable", words="wants to be asked after")
    assert len(here.server.seen) == 1


def test_a_server_that_works_again_gets_all_its_tries(place):
    down = dict.fromkeys(["/1", "/2", "/4", "/5"], Answer(503))
    here = place({**down, "/3": file(mp4())})
    for number in range(1, 6):
        blob = here.blob(f"/{number}")
        here.fetcher.fetch(blob, item(blob, name=str(number)))
    assert len(here.server.seen) == 4 + 4 + 1 + 4 + 4


def test_a_server_that_answers_badly_gets_one_try_for_each_file(place):
    paths = [f"/{number}" for number in range(6)]
    here = place(dict.fromkeys(paths, Answer(503)))
    for path in paths:
        blob = here.blob(path)
        found = here.fetcher.fetch(blob, item(blob, name=path))
        assert_missing(found, "unreachable", words="HTTP 503")
    assert len(here.server.seen) == 3 * 4 + 3
