"""What decamp remembers: routes, runs, items and delivered rows.

The journal stands behind this small interface, with a test suite of its own, so that
another store can take its place when many workers share it.
"""

from decamp.journal.schema import VERSION, format_of
from decamp.journal.store import Journal
from decamp.journal.values import (
    Bucket,
    Change,
    Effect,
    Frozen,
    Intent,
    Known,
    Learnt,
    Marks,
    Outcome,
    RequestRecord,
    RequestStep,
    Route,
    RunRecord,
    Settled,
    Standing,
    State,
)

__all__ = [
    "VERSION",
    "Bucket",
    "Change",
    "Effect",
    "Frozen",
    "Intent",
    "Journal",
    "Known",
    "Learnt",
    "Marks",
    "Outcome",
    "RequestRecord",
    "RequestStep",
    "Route",
    "RunRecord",
    "Settled",
    "Standing",
    "State",
    "format_of",
]
