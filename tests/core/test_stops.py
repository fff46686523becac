"""A destination is left at a stop as long as it was only looked at."""

from __future__ import annotations

import threading
from pathlib import Path

from decamp.model import Origin, Page
from decamp.spec import ImporterCapabilities
from decamp.stops import LookingStop
from decamp.testing import MemoryImporter
from decamp.testing.samples import post_item
from engine_harness import Bench


def test_looking_ends_with_the_run_and_changing_does_not() -> None:
    stop, looking = threading.Event(), LookingStop()
    stop.set()
    assert not looking.is_set(), "nobody can ask for it yet"
    looking.follow(stop)
    assert looking.is_set()
    looking.over()
    assert not looking.is_set()
    assert not LookingStop(threading.Event()).is_set()


def test_a_run_says_so_before_it_changes_anything_and_a_plan_never_does(tmp_path: Path) -> None:
    said: list[str] = []

    class Begun(MemoryImporter):
        def begin(self, origin: Origin, token: str) -> ImporterCapabilities:
            said.append("begin")
            return super().begin(origin, token)

    bench = Bench(tmp_path, Begun(), writes=lambda: said.append("writes"))
    bench.run(Page((post_item(1),)), dry_run=True)
    assert said == []
    bench.run(Page((post_item(1),)))
    assert said == ["writes", "begin"]
