"""The journal: one file, one thread, and a part for each thing it remembers."""

from __future__ import annotations

from decamp.journal.effects import Effects
from decamp.journal.items import Items
from decamp.journal.ordinals import Ordinals
from decamp.journal.requests import Requests
from decamp.journal.routes import Routes
from decamp.journal.rows import Rows
from decamp.journal.runs import Runs
from decamp.journal.spending import Spendings
from decamp.journal.standing import Standings

__all__ = ["Journal"]


class Journal(Routes, Items, Standings, Ordinals, Rows, Runs, Effects, Requests, Spendings):
    """All that decamp remembers. Used by one thread."""
