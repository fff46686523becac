"""An error of ours in the middle of a run ends it, also while others wait for the room of media."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from decamp.errors import DestinationFull
from decamp.journal import Journal
from decamp.model import Blob, Item, Link, Missing, Page
from decamp.testing import MemoryImporter
from decamp.testing.samples import post_item
from engine_harness import Bench, idempotent

SECONDS = 120.0
"""So long a file waits for its room, before the test fails."""


@define(slots=False)
class Crowded(Bench):
    """Has room for the media of the first item; the second waits until that is let go of."""

    waits: threading.Event = field(factory=threading.Event)
    room: threading.Event = field(factory=threading.Event)
    found_room: list[bool] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.release = lambda item: self.room.set() if item.id == post_item(1).id else None

    def fetch(self, blob: Blob, item: Item) -> Blob | Missing:
        if item.id == post_item(1).id:
            assert self.waits.wait(SECONDS)
        else:
            self.waits.set()
            self.found_room.append(self.room.wait(SECONDS))
        return super().fetch(blob, item)


def linked(n: int) -> Item:
    link = Link("https://example.com/1.mp4")
    return post_item(n).evolve(blobs=(Blob("1.mp4", "video/mp4", link=link),))


@pytest.mark.parametrize("fails", ["intend", "list_outcome"])
def test_what_an_error_leaves_unsent_makes_room(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_more: Any) -> None:
        raise DestinationFull("The disk that holds decamp's journal is full.")

    bench = Crowded(tmp_path, MemoryImporter(idempotent(needs_media=fails == "list_outcome")))
    bench.missing = {"1.mp4"} if fails == "list_outcome" else set()
    monkeypatch.setattr(Journal, fails, full)
    receipt = bench.run(Page(tuple(linked(n) for n in (1, 2))))
    assert receipt["error"]["code"] == "destination-full"
    assert bench.found_room == [True]
