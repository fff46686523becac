"""The journal: one file, one thread, and a part for each thing it remembers."""

from __future__ import annotations

from decamp.journal.effects import Effects
from decamp.journal.items import Items
from decamp.journal.ordinals import Ordinals
from decamp.journal.routes import Routes
from decamp.journal.rows import Rows
from decamp.journal.runs import Runs

__all__ = ["Journal"]


class Journal(Routes, Items, Ordinals, Rows, Runs, Effects):
    """All that decamp remembers. Used by one thread."""
