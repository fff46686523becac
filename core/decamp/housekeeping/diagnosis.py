"""Reads a journal from end to end, to find out whether it can be trusted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import get_args

from decamp.home import Home
from decamp.journal import Journal
from decamp.journal.values import State

__all__ = ["audit", "examined"]


@contextmanager
def examined(home: Home, *, running: bool) -> Iterator[Journal]:
    """Open a journal for looking at it, after it was read from end to end.

    A copy is looked at, so that nothing happens to the file: not even the step to a newer
    format. While a run is going on, a copy could be cut between two of its commits.

    Args:
        running: A run is going on.

    Raises:
        JournalDamaged: It cannot be read or trusted.
    """
    with tempfile.TemporaryDirectory(prefix="decamp-doctor-") as folder:
        journal = (
            Journal.open(home.journal) if running else Journal.open_copy(home.journal, Path(folder))
        )
        with closing(journal):
            audit(journal)
            yield journal


def audit(journal: Journal) -> None:
    """Read everything that a transfer could need.

    Raises:
        JournalDamaged: Something of it cannot be read.
    """
    journal.require_integrity()
    journal.requests()
    runs = journal.runs()
    for run in runs:
        for _ in journal.effects(run.id):
            pass
    for route in journal.all_routes():
        journal.open_intents(route.id)
        for _ in journal.items(route.id, *get_args(State)):
            pass
        for collection in journal.collections(route.id):
            for bucket in journal.buckets(route.id, collection).values():
                bucket.keys()
