"""A bounded spool that never blocks, and runs that stop."""

from __future__ import annotations

import errno
import threading

import pytest

from decamp.errors import DestinationFull, TransferError, Unavailable
from decamp.media.spool import Spool
from faulty_http import Answer, file
from media_bytes import mp4
from media_place import MIB, assert_arrived, item, places


@pytest.fixture
def place(tmp_path):
    """Give a function that serves routes and makes a fetcher."""
    with places(tmp_path) as place:
        yield place


def test_a_file_larger_than_the_spool_arrives(place):
    here = place(
        {"/a": file(mp4(300_000)), "/b": Answer(200, mp4(300_000), chunked=True)}, spool_bytes=1000
    )
    for path in ("/a", "/b"):
        blob = here.blob(path)
        assert_arrived(here.fetcher.fetch(blob, item(blob)), mp4(300_000))
        here.fetcher.release(item(blob))


@pytest.mark.parametrize(
    ("route", "ranges"),
    [
        (file(mp4(2 * MIB)), [None, None]),
        (Answer(200, mp4(2 * MIB), {"ETag": '"v1"'}, chunked=True), [None, "bytes="]),
        (Answer(200, mp4(2 * MIB), chunked=True), [None, None]),
    ],
)
def test_no_connection_waits_for_room(place, monkeypatch, route, ranges):
    here = place({"/old": file(mp4(2 * MIB)), "/a": route}, spool_bytes=7 * MIB // 2)
    old, new = here.blob("/old"), here.blob("/a")
    here.fetcher.fetch(old, item(old, name="old"))
    wait = Spool.wait

    def release_then_wait(spool, waiting, total):
        if total > MIB:
            here.fetcher.release(item(old, name="old"))
        wait(spool, waiting, total)

    monkeypatch.setattr(Spool, "wait", release_then_wait)
    assert_arrived(here.fetcher.fetch(new, item(new, name="new")), mp4(2 * MIB))
    asked = [(one or "")[:6] or None for one in here.server.ranges[1:]]
    assert asked == ranges
    assert here.clock.pauses == []


def size_of(path):
    """Give the size of a file; 0 if another thread has removed it since it was listed."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_full_spool_makes_fetching_wait_and_never_blocks(place, chunked):
    count, each, size, bound = 6, 3, 1_300_000, 4 * MIB
    routes = {
        f"/{number}/{part}": Answer(200, mp4(size, number * 10 + part), chunked=chunked)
        for number in range(count)
        for part in range(each)
    }
    here = place(routes, spool_bytes=bound)
    done, most = [], []

    def one(number):
        blobs = [here.blob(f"/{number}/{part}", f"{part}.mp4") for part in range(each)]
        whole = item(*blobs, name=str(number))
        fetched = [here.fetcher.fetch(blob, whole) for blob in blobs]
        most.append(sum(map(size_of, here.spooled)))
        for part, blob in enumerate(fetched):
            assert_arrived(blob, mp4(size, number * 10 + part))
        here.fetcher.release(whole)
        done.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(count))
    assert max(most) <= bound + each * size
    assert here.spooled == []
    assert here.fetcher._spool.used == 0


def test_a_disk_that_cannot_be_written_ends_with_a_hint(place, tmp_path):
    here = place({"/a": file(mp4())})
    (tmp_path / "scratch" / "media").rmdir()
    with pytest.raises(TransferError, match="cannot be kept") as caught:
        here.fetch()
    assert caught.value.hint


def test_a_full_disk_is_named_as_that(place, monkeypatch):
    here = place({"/a": file(mp4())})

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(here.fetcher._downloader), "download", full)
    with pytest.raises(DestinationFull, match="No room left on the disk that holds") as caught:
        here.fetch()
    assert "media" in caught.value.message


def test_a_stop_ends_the_pause(place):
    stop = threading.Event()

    def answer(headers):
        stop.set()
        return Answer(503)

    here = place({"/a": answer}, stop=stop, sleep=None)
    with pytest.raises(Unavailable):
        here.fetch()
    assert len(here.server.seen) == 1


def test_a_stop_ends_a_download(place):
    stop = threading.Event()

    def answer(headers):
        stop.set()
        return Answer(200, mp4(8 * MIB))

    here = place({"/a": answer}, stop=stop)
    with pytest.raises(Unavailable):
        here.fetch()
    assert here.spooled == []
