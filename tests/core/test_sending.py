"""How much of an item has been sent: what is counted, what is not, and what is told of it."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from decamp.engine.delivery.sending import Senders
from decamp.engine.work import Work
from decamp.errors import Unavailable
from decamp.events import Event, ItemSettled, Notice, Sending
from decamp.model import Blob, Item, Page, Receipt
from decamp.sending import Meter, aside, sending
from decamp.testing import MemoryImporter
from engine_harness import Bench

MIB = 1 << 20
WHEN = "2023-05-01T12:00:00Z"
FILM = bytes(range(256)) * (3 * MIB // 256)


def film(data: bytes = FILM, more: bytes = b"") -> Item:
    blobs = [Blob.from_bytes("1.mp4", "video/mp4", data)]
    blobs += [Blob.from_bytes("2.jpg", "image/jpeg", more)] if more else []
    record = {"time": WHEN, "type": "video", "caption": "a film", "audience": "public"}
    return Item(f"post:{WHEN}", "post", record, tuple(blobs))


def counted(meter: Meter, item: Item) -> list[Any]:
    return [blob.open for blob in meter.counted(item).blobs]


def test_what_is_read_of_all_files_is_counted() -> None:
    meter = Meter(30)
    with meter.attempt():
        first, second = counted(meter, film(b"x" * 20, b"y" * 10))
        with first() as stream:
            assert stream.read(8) == b"x" * 8
            assert meter.sent == 8
            assert (stream.read(), stream.read()) == (b"x" * 12, b"")
        with second() as stream:
            assert stream.readinto(bytearray(4)) == 4
            assert meter.sent == 24


def test_what_is_read_twice_counts_once() -> None:
    meter = Meter(20)
    with meter.attempt():
        [open_] = counted(meter, film(b"x" * 20))
        with open_() as stream:
            stream.read(15)
        with open_() as stream:
            stream.read(10)
            assert meter.sent == 15
            stream.read()
            assert meter.sent == 20


def test_a_look_at_the_end_of_a_file_is_no_jump() -> None:
    meter = Meter(20)
    with meter.attempt():
        [open_] = counted(meter, film(b"x" * 20))
        with open_() as stream:
            stream.seek(18)
            stream.read(2)
            assert (meter.sent, stream.tell()) == (2, 20)


def test_another_attempt_does_not_take_back_what_was_counted_nor_add_to_it() -> None:
    meter = Meter(20)
    [open_] = counted(meter, film(b"x" * 20))
    with meter.attempt(), open_() as stream:
        stream.read(15)
    beats = meter.beats
    with meter.attempt(), open_() as stream:
        stream.read(5)
        assert meter.sent == 15
        assert meter.beats > beats, "but it moves"
        stream.read(12)
        assert meter.sent == 17


def test_a_copy_on_this_machine_counts_when_it_is_sent() -> None:
    meter = Meter(20)
    with meter.attempt():
        [open_] = counted(meter, film(b"x" * 20))
        with aside(), open_() as stream:
            copy = stream.read()
        assert meter.sent == 0
        tell = sending("a draft")
        for at in (5, 10, 5, 10, 20):
            tell(at)
            assert meter.sent <= 20
        assert (len(copy), meter.sent) == (20, 20)


def test_more_than_there_is_was_never_sent() -> None:
    meter = Meter(20)
    with meter.attempt():
        sending("grown")(50)
    assert meter.sent == 20


def test_where_nobody_counts_nothing_happens() -> None:
    sending("a draft")(5)
    meter = Meter(20)
    with meter.attempt():
        pass
    sending("a draft")(5)
    assert meter.sent == 0


def test_lines_of_rows_are_counted() -> None:
    meter = Meter(8)
    with meter.attempt():
        [open_] = counted(meter, film(b"one\ntwo\n"))
        with open_() as stream:
            assert list(stream) == [b"one\n", b"two\n"]
    assert meter.sent == 8


# --- in the engine ---------------------------------------------------------------------------


def work(item: Item) -> Work:
    return Work(item, "send", "digest", 1)


def test_it_is_told_now_and_then_and_never_of_small_items() -> None:
    told: list[Event] = []
    times = [10.0]
    senders = Senders(told.append, threading.Event(), lambda: times[0])
    with senders.meter(work(film(b"x" * 1000))) as none:
        assert none is None
    with senders.meter(work(film())) as meter:
        assert meter is not None
        for seconds, position in ((10.0, 5), (10.1, 6), (10.6, 7), (11.2, 7), (11.8, 9)):
            times[0] = seconds
            meter.reach("1.mp4", position)
            senders.tell()
    senders.tell()
    assert [event.size for event in told if isinstance(event, Sending)] == [5, 7, 9]


def test_a_stop_tells_once_what_is_being_finished() -> None:
    told: list[Event] = []
    stop = threading.Event()
    senders = Senders(told.append, stop, lambda: 0.0)
    with senders.meter(work(film(b"x"))):
        senders.tell()
        stop.set()
        senders.tell()
        senders.tell()
    [notice] = told
    assert isinstance(notice, Notice)
    assert notice.text.startswith("Being finished: 1 item. If the destination does not answer, ")


def test_a_stop_while_nothing_is_sent_has_nothing_to_finish() -> None:
    told: list[Event] = []
    stop = threading.Event()
    stop.set()
    Senders(told.append, stop).tell()
    assert told == []


class Announcing(list[Event]):
    """Says each time when something large has moved."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = threading.Semaphore(0)

    def append(self, event: Event) -> None:
        super().append(event)
        if isinstance(event, Sending):
            self.moved.release()


class Slow(MemoryImporter):
    """Reads a film in three pieces; goes on as `piece` lets it."""

    def import_item(self, item: Item) -> Receipt:
        with item.blobs[0].open() as stream:
            while stream.read(MIB):
                self.piece()
        return super().import_item(item)

    def piece(self) -> None:
        raise NotImplementedError


def test_a_run_tells_of_a_file_while_it_is_sent(tmp_path: Path) -> None:
    events = Announcing()
    bench = Bench(tmp_path, events=events)
    importer = Slow()
    importer.piece = lambda: events.moved.acquire(timeout=60)  # type: ignore[method-assign]
    bench.importer = importer
    receipt = bench.run(Page(items=(film(),)))

    told = [event for event in events if isinstance(event, Sending | ItemSettled)]
    sent = [event.size for event in told if isinstance(event, Sending)]
    assert receipt["exit_code"] == 0, receipt["problems"]
    assert sent == [MIB, 2 * MIB, 3 * MIB], "and it was read once more afterwards"
    assert isinstance(told[-1], ItemSettled)
    assert (told[-1].size, told[-1].id) == (3 * MIB, told[0].id)


def test_a_file_that_still_moves_is_not_hung(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks at the clock one piece is sent, and nearly all of the patience goes by."""
    go, gone = threading.Semaphore(0), threading.Semaphore(0)
    began, ended = threading.Event(), threading.Event()
    now = [0.0]

    class Slowly(Slow):
        def import_item(self, item: Item) -> Receipt:
            try:
                return super().import_item(item)
            finally:
                ended.set()
                gone.release()

        def piece(self) -> None:
            if began.is_set():
                gone.release()
            began.set()
            assert go.acquire(timeout=60)

    def clock() -> float:
        if began.is_set() and not ended.is_set():
            go.release()
            assert gone.acquire(timeout=60)
            now[0] += 0.9 * patience
        return now[0]

    patience = 0.01
    bench = Bench(tmp_path)
    bench.importer = Slowly()
    monkeypatch.setattr("decamp.engine.delivery.window.time", SimpleNamespace(monotonic=clock))
    receipt = bench.run(Page(items=(film(FILM * 3),)), patience=patience)
    assert receipt["exit_code"] == 0, receipt["error"]
    assert now[0] > 5 * patience


def test_a_file_that_is_sent_again_counts_once(tmp_path: Path) -> None:
    events: list[Event] = []
    bench = Bench(tmp_path, events=events)
    tries = iter((Unavailable("It broke off.", retry_after=0.0), None))

    def fails(call: str, item: Item) -> None:
        if error := next(tries):
            raise error

    bench.importer.before = fails
    receipt = bench.run(Page(items=(film(),)))
    assert receipt["counts"]["post"].get("delivered") == 1, receipt["problems"]
    sizes = [event.size for event in events if isinstance(event, Sending)]
    assert sizes == sorted(set(sizes))
    assert all(size <= len(FILM) for size in sizes)


def test_a_stream_is_closed_with_what_counts_it() -> None:
    opened = BytesIO(b"abc")
    item = Item("post:1", "post", {}, (Blob("1.mp4", "video/mp4", lambda: opened),))
    [open_] = counted(Meter(3), item)
    with open_() as stream:
        assert stream.seekable()
    assert opened.closed
