"""Fetching against a server that fails in many ways: nothing wrong is ever taken for media."""

from __future__ import annotations

import gc
import gzip
import weakref

import pytest

from decamp.media import MediaFolder
from decamp.model import Blob, Link
from faulty_http import Answer, file
from media_bytes import jpeg, mp4, webp
from media_place import MIB, assert_arrived, assert_missing, item, places


@pytest.fixture
def place(tmp_path):
    """Give a function that serves routes and makes a fetcher."""
    with places(tmp_path) as place:
        yield place


def test_a_file_arrives_with_size_and_digest(place):
    here = place({"/a": file(mp4())})
    assert_arrived(here.fetch(), mp4())
    assert len(here.spooled) == 1
    assert here.clock.pauses == []


def test_a_file_of_many_reads_arrives(place):
    body = mp4(3 * MIB)
    here = place({"/a": file(body), "/b": Answer(200, body, chunked=True)})
    assert_arrived(here.fetch("/a"), body)
    assert_arrived(here.fetch("/b"), body)


def test_a_file_shorter_than_its_head_arrives(place):
    here = place({"/a": file(mp4(40))})
    assert_arrived(here.fetch(), mp4(40))


def test_released_files_are_gone(place):
    here = place({"/a": file(mp4())})
    blob = here.blob()
    here.fetcher.fetch(blob, item(blob))
    here.fetcher.release(item(blob))
    assert here.spooled == []


def test_closing_deletes_what_is_left(place):
    here = place({"/a": file(mp4())})
    here.fetch()
    here.fetcher.close()
    assert here.spooled == []


def test_blobs_without_a_link_stay_as_they_are(place):
    here = place({})
    blob = Blob.from_bytes("1.mp4", "video/mp4", b"x")
    assert here.fetcher.fetch(blob, item(blob)) is blob


def test_the_same_link_is_fetched_once_per_item(place):
    here = place({"/a": file(jpeg())})
    photo = here.blob(name="1.jpg", media_type="image/jpeg", key="same")
    cover = here.blob("/a", name="cover.jpg", media_type="image/jpeg", key="same")
    both = item(photo, cover)
    first, second = (here.fetcher.fetch(blob, both) for blob in both.blobs)
    assert_arrived(first, jpeg())
    assert_arrived(second, jpeg())
    assert (first.name, second.name) == ("1.jpg", "cover.jpg")
    assert len(here.server.seen) == 1
    here.fetcher.fetch(photo, item(photo, name="another"))
    assert len(here.server.seen) == 2


def test_a_lost_link_is_asked_for_once_per_item(place):
    here = place({"/a": Answer(404)})
    blobs = here.blob(name="1.mp4"), here.blob(name="2.mp4")
    for blob in blobs:
        found = here.fetcher.fetch(blob, item(*blobs))
        assert_missing(found, "gone")
        assert found.name == blob.name
    assert len(here.server.seen) == 1


def test_what_is_kept_of_a_lost_link_holds_nothing_else(place):
    here = place({"/a": Answer(404)})
    blob = here.blob()
    lost = item(blob)
    seen = weakref.ref(lost)
    gc.disable()  # which would find a circle, but seldom runs
    try:
        assert_missing(here.fetcher.fetch(blob, lost), "gone")
        here.fetcher.release(lost)
        del lost
        assert seen() is None
    finally:
        gc.enable()


def test_type_and_extension_follow_the_content(place):
    here = place({"/a": file(webp())})
    found = here.fetch(name="1.jpeg", media_type="image/jpeg")
    assert (found.name, found.media_type) == ("1.webp", "image/webp")


def test_a_corrected_extension_never_makes_two_names_equal(place):
    here = place({"/a": file(webp()), "/b": file(webp())})
    blobs = (
        here.blob("/a", "1.jpeg", "image/jpeg"),
        here.blob("/b", "1.png", "image/png"),
    )
    names = [here.fetcher.fetch(blob, item(*blobs)).name for blob in blobs]
    assert names == ["1.jpeg", "1.png"]


def test_text_plain_is_judged_by_the_content(place):
    here = place({"/a": file(mp4(), **{"Content-Type": "text/plain"})})
    assert_arrived(here.fetch(), mp4())


def test_a_redirect_is_followed(place):
    here = place({"/a": Answer(302, headers={"Location": "/b"}), "/b": file(mp4())})
    assert_arrived(here.fetch(), mp4())


@pytest.mark.parametrize("status", [401, 403])
def test_a_link_that_was_to_expire_has_expired(place, status):
    here = place({"/a": Answer(status)})
    assert_missing(here.fetch(expires=-1), "expired", words="The link to 127.0.0.1 has expired")
    assert_missing(here.fetch("/a?", expires=1), "refused", words="probably expired")
    assert here.clock.pauses == []


def test_an_expired_link_is_tried_all_the_same(place):
    here = place({"/a": file(mp4())})
    assert_arrived(here.fetch(expires=-1), mp4())


def test_an_expired_link_is_tried_once(place):
    here = place({"/a": Answer(503)})
    assert_missing(here.fetch(expires=-1), "unreachable")
    assert len(here.server.seen) == 1


HTML = b"<!DOCTYPE html><html>This link has expired</html>"
LOST = [
    (Answer(404), "gone"),
    (Answer(410), "gone"),
    (Answer(400), "refused"),
    (Answer(402), "refused"),
    (Answer(302), "refused"),
    (Answer(304), "refused"),
    (Answer(200), "empty"),
    (Answer(204), "empty"),
    (Answer(200, HTML), "not-media"),
    (Answer(200, HTML * 100), "not-media"),
    (Answer(200, mp4(), {"Content-Type": "text/html"}), "not-media"),
    (Answer(200, b'{"error":"expired"}'), "not-media"),
    (Answer(200, b"<?xml version='1.0'?><Error/>"), "not-media"),
    (Answer(200, bytes(5_000)), "not-media"),
    (Answer(200, jpeg()), "not-media"),
    (Answer(200, mp4(), {"Content-Encoding": "gzip"}), "refused"),
    (Answer(200, gzip.compress(mp4()), {"Content-Encoding": "gzip"}), "refused"),
    (Answer(302, headers={"Location": "http://localhost/"}), "refused"),
    (Answer(302, headers={"Location": "http://169.254.169.254/"}), "refused"),
    (Answer(302, headers={"Location": "file:///etc/passwd"}), "refused"),
    (Answer(302, headers={"Location": "/a"}), "refused"),
]


@pytest.mark.parametrize(("answer", "code"), LOST)
def test_what_is_not_the_file_is_missing(place, answer, code):
    here = place({"/a": answer})
    assert_missing(here.fetch(), code)
    assert here.spooled == []
    assert here.clock.pauses == []


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/a", "http://localhost:22/", "ftp://v.example/", "x", "", "http://[::1"]
)
def test_hostile_links_are_refused_without_a_try(place, url):
    here = place({})
    blob = Blob("1.mp4", "video/mp4", link=Link(url))
    assert_missing(here.fetcher.fetch(blob, item(blob)), "refused")
    assert here.clock.pauses == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.0.1/a", "10.0.0.1 was not asked: it leads into a private network"),
        ("http://localhost/a", "localhost was not asked: it leads into a private network"),
        ("http://v.example:8080/a", "decamp never visits port 8080"),
        ("ftp://v.example/a", "v.example was not asked: the link is not a web address"),
        ("", "A link without a host was not asked"),
    ],
)
def test_who_is_never_visited_is_told_why_and_no_new_export_is_asked_for(place, url, words):
    here = place({})
    blob = Blob("1.mp4", "video/mp4", link=Link(url))
    found = here.fetcher.fetch(blob, item(blob))
    assert_missing(found, "refused", words=words)
    assert "export" not in found.reason


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403),
        Answer(404),
        Answer(503),
        Answer(200),
        Answer(200, HTML),
        Answer(200, jpeg(1001)),
        Answer(200, mp4(1001)),
    ],
)
def test_reasons_are_the_same_for_all_files_of_a_server(place, answer):
    here = place({"/a": answer, "/b": answer}, max_bytes=1000)
    first = here.fetch("/a", expires=-1)
    second = here.fetch("/b", name="2.mp4", expires=-200)
    assert (first.code, first.reason) == (second.code, second.reason)


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_files_are_not_taken(place, chunked):
    here = place({"/a": Answer(200, mp4(1001), chunked=chunked)}, max_bytes=1000)
    assert_missing(here.fetch(), "too-large")
    assert here.spooled == []


def test_a_file_that_says_it_is_too_large_is_not_read(place):
    promise = Answer(200, mp4(900), {"Content-Length": str(10**12)}, sent=900)
    here = place({"/a": promise}, max_bytes=1000)
    assert_missing(here.fetch(), "too-large")
    assert len(here.server.seen) == 1


def test_a_file_of_exactly_the_limit_is_taken(place):
    here = place({"/a": Answer(200, mp4(1000), chunked=True)}, max_bytes=1000)
    assert_arrived(here.fetch(), mp4(1000))


def test_a_large_page_is_not_read_to_its_end(place):
    here = place({"/a": Answer(200, HTML + bytes(300_000), sent=200_000)})
    assert_missing(here.fetch(), "not-media")
    assert len(here.server.seen) == 1
    assert here.fetcher._spool.used == 0


def test_a_folder_is_looked_into_before_the_network(place, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "2023-05-01_12-00-00.mp4").write_bytes(mp4(seed=7))
    here = place({"/a": file(mp4())}, folder=MediaFolder(tmp_path / "mine"))
    assert_arrived(here.fetch(), mp4(seed=7))
    assert here.server.seen == []


def test_what_the_folder_lacks_is_fetched(place, tmp_path):
    (tmp_path / "mine").mkdir()
    here = place({"/a": file(mp4())}, folder=MediaFolder(tmp_path / "mine"))
    assert_arrived(here.fetch(), mp4())
