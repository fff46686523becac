"""Files that arrive in pieces: only what surely belongs together is joined."""

from __future__ import annotations

from datetime import timedelta

import pytest

from faulty_http import Answer, file, then
from media_bytes import mp4
from media_place import MIB, assert_arrived, assert_missing, http_date, places


@pytest.fixture
def place(tmp_path):
    """Give a function that serves routes and makes a fetcher."""
    with places(tmp_path) as place:
        yield place


def cut(body, sent, etag='"v1"', **headers):
    return Answer(200, body, {"ETag": etag, **headers}, sent=sent)


BIG = mp4(300_000)
OTHER = mp4(300_000, seed=2)


def test_a_file_that_was_cut_is_continued(place):
    here = place({"/a": then(cut(BIG, 200_000), file(BIG))})
    assert_arrived(here.fetch(), BIG)
    assert here.server.ranges == [None, "bytes=200000-"]
    assert here.server.seen[1][1]["if-range"] == '"v1"'
    assert here.clock.pauses == [1.0]


def test_a_date_that_is_old_enough_continues_a_file(place):
    dated = {"Last-Modified": http_date(-1), "Date": http_date(0)}
    first = Answer(200, BIG, dated, sent=200_000)
    rest = Answer(206, BIG[200_000:], {"Content-Range": "bytes 200000-299999/300000"})
    here = place({"/a": then(first, rest)})
    assert_arrived(here.fetch(), BIG)
    assert here.server.seen[1][1]["if-range"] == dated["Last-Modified"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": 'W/"v1"'},
        {"ETag": 'W/"v1"', "Last-Modified": http_date(-9), "Date": http_date(0)},
        {"Last-Modified": http_date(0), "Date": http_date(0)},
        {"Last-Modified": http_date(-9)},
        {"Last-Modified": "never", "Date": http_date(0)},
        {"ETag": '"\xe9"'},
    ],
)
def test_a_file_that_might_have_changed_starts_again(place, headers):
    here = place({"/a": then(Answer(200, BIG, headers, sent=200_000), file(BIG))})
    assert_arrived(here.fetch(), BIG)
    assert here.server.ranges == [None, None]


def test_a_server_that_ignores_ranges_is_read_from_the_start(place):
    here = place({"/a": then(cut(BIG, 200_000), Answer(200, BIG))})
    assert_arrived(here.fetch(), BIG)


def test_a_file_that_changed_meanwhile_is_the_new_one(place):
    here = place({"/a": then(cut(BIG, 200_000), file(OTHER, '"v2"'))})
    assert_arrived(here.fetch(), OTHER)


def partial(span, body=BIG[200_000:], etag='"v1"'):
    return Answer(206, body, {"Content-Range": span, "ETag": etag})


@pytest.mark.parametrize(
    "wrong",
    [
        partial("bytes 199999-299999/300000", BIG[199_999:]),
        partial("bytes 200001-299999/300000", BIG[200_001:]),
        partial("bytes 200000-299998/300000", BIG[200_000:-1]),
        partial("bytes 200000-299999/300001"),
        partial("bytes 200000-299999/*"),
        partial("bytes 200000-399999/400000", bytes(200_000)),
        partial("bytes */300000"),
        partial("octets 200000-299999/300000"),
        partial("bytes 200000-299999/300000", BIG[200_000:] + b"more"),
        partial("bytes 200000-299999/300000", OTHER[200_000:], '"v2"'),
        Answer(206, BIG[200_000:]),
        Answer(416, headers={"Content-Range": "bytes */100"}),
    ],
)
def test_a_wrong_rest_is_never_joined(place, wrong):
    here = place({"/a": then(cut(BIG, 200_000), wrong, file(BIG))})
    assert_arrived(here.fetch(), BIG)
    assert here.server.ranges == [None, "bytes=200000-", None]


def test_a_part_that_was_not_asked_for_is_not_taken(place):
    here = place({"/a": Answer(206, BIG, {"Content-Range": "bytes 0-299999/300000"})})
    assert_missing(here.fetch(), "unreachable", words="do not belong together")


def test_a_rest_that_is_shorter_than_it_says_is_continued(place):
    short = partial("bytes 200000-299999/300000", BIG[200_000:-5])
    here = place({"/a": then(cut(BIG, 200_000), short, file(BIG))})
    assert_arrived(here.fetch(), BIG)
    assert here.server.ranges == [None, "bytes=200000-", "bytes=299995-"]


def test_a_shorter_body_than_promised_is_never_accepted(place):
    here = place({"/a": cut(BIG, 200_000)})
    assert_missing(here.fetch(), "truncated", words="broke off")
    assert here.spooled == []


def test_chunks_without_an_end_are_not_accepted(place):
    here = place({"/a": Answer(200, BIG, sent=200_000, chunked=True)})
    assert_missing(here.fetch(), "truncated")


def test_a_short_rest_is_not_accepted(place):
    rest = Answer(206, BIG[200_000:], {"Content-Range": "bytes 200000-299999/300000"}, sent=9)
    here = place({"/a": then(cut(BIG, 200_000), rest)})
    assert_missing(here.fetch(), "truncated")


def test_a_large_file_that_is_cut_often_arrives_all_the_same(place):
    body = mp4(9 * MIB)

    def cut_each(headers):
        answer = file(body)(headers)
        return Answer(answer.status, answer.body, answer.headers, sent=MIB)

    here = place({"/a": cut_each})
    assert_arrived(here.fetch(), body)
    assert len(here.server.seen) == 9


def test_a_server_that_sends_next_to_nothing_is_given_up(place):
    here = place({"/a": Answer(200, mp4(), chunked=True)})
    here.clock.ticks = timedelta(seconds=61)
    assert_missing(here.fetch(), "truncated", words="next to nothing")
