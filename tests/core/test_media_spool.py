from __future__ import annotations

import sys
import threading

import pytest

from decamp.errors import Unavailable
from decamp.media.spool import Spool

A, B, C = ("post", "a"), ("post", "b"), ("post", "c")


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "media", 100, threading.Event())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_files_are_private_from_the_start(spool, tmp_path):
    file = spool.add(A)
    with file.create():
        assert file.path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "media").stat().st_mode & 0o777 == 0o700


def test_a_file_is_never_created_over_another(spool):
    file = spool.add(A)
    file.create().close()
    with pytest.raises(FileExistsError):
        file.create()


def test_room_is_bounded_for_all_but_the_oldest_item(spool):
    old, new = spool.add(A), spool.add(B)
    assert spool.reserve(old, 60)
    assert spool.reserve(new, 40)
    assert not spool.reserve(new, 41)
    assert spool.reserve(old, 1000)
    assert not spool.reserve(spool.add(B), 1)
    assert spool.reserve(spool.add(A), 5)
    assert spool.used == 1045


def test_the_next_item_is_the_oldest_once_the_oldest_is_released(spool):
    spool.reserve(spool.add(A), 100)
    new = spool.add(B)
    assert not spool.reserve(new, 500)
    spool.release(A)
    assert spool.reserve(new, 500)


def test_unused_room_is_given_back(spool):
    old, new = spool.add(A), spool.add(B)
    spool.reserve(old, 100)
    assert not spool.reserve(new, 10)
    spool.settle(old, 90)
    assert spool.reserve(new, 10)


def test_released_and_discarded_files_are_gone(spool):
    first, second, third = spool.add(A), spool.add(A), spool.add(B)
    for file in (first, second, third):
        file.create().close()
        spool.reserve(file, 10)
    spool.discard(first)
    assert spool.used == 20
    spool.release(A)
    assert [file.path.exists() for file in (first, second, third)] == [False, False, True]
    assert spool.used == 10


def test_releasing_an_item_without_files_is_nothing(spool):
    spool.release(C)
    assert spool.used == 0


def test_waiting_ends_with_a_release(spool):
    spool.reserve(spool.add(A), 100)
    middle, new = spool.add(B), spool.add(C)
    waiting = threading.Thread(target=spool.wait, args=(new, 50))
    waiting.start()
    assert not spool.reserve(middle, 1)
    spool.release(A)
    waiting.join(120)
    assert not waiting.is_alive()
    assert new.reserved == 50


def test_waiting_ends_when_the_run_stops(tmp_path):
    stop = threading.Event()
    spool = Spool(tmp_path / "media", 100, stop)
    spool.reserve(spool.add(A), 100)
    stop.set()
    with pytest.raises(Unavailable):
        spool.wait(spool.add(B), 1)
