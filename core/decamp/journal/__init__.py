"""What decamp remembers: routes, runs, items and delivered rows.

The journal stands behind this small interface, with a test suite of its own, so that
another store can take its place when many workers share it.
"""

from decamp.journal.store import Journal
from decamp.journal.values import (
    Bucket,
    Effect,
    Frozen,
    Intent,
    Known,
    Learnt,
    Marks,
    Outcome,
    Route,
    RunRecord,
    Settled,
    State,
)

__all__ = [
    "Bucket",
    "Effect",
    "Frozen",
    "Intent",
    "Journal",
    "Known",
    "Learnt",
    "Marks",
    "Outcome",
    "Route",
    "RunRecord",
    "Settled",
    "State",
]
