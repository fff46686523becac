"""Effects: what each run changed at a destination, so that it can be taken back."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from decamp.journal.codec import (
    KNOWN_COLUMNS,
    known_from_json,
    known_to_json,
    receipt_from_json,
    receipt_to_json,
)
from decamp.journal.database import Database
from decamp.journal.values import Change, Effect, RunRecord
from decamp.model import Receipt

__all__ = ["Effects", "forget_copies", "note_before"]

_PAGE = 200
"""So many effects are read at a time: what was held before can be large."""
_NEWEST = (1 << 63) - 1
"""No number of SQLite's is above it."""

_LEFT = (
    "effects AS e LEFT JOIN items ON items.route = e.route AND items.id = e.item "
    "WHERE e.run = ? AND e.done = 0"
)
_LATER = (
    "(SELECT later.run FROM effects AS later WHERE later.route = e.route AND "
    "later.item = e.item AND later.seq > e.seq AND later.done = 0 ORDER BY later.seq DESC LIMIT 1)"
)
_CHANGE = (
    f"CASE WHEN {_LATER} IS NOT NULL THEN 'later' WHEN receipt IS NULL THEN 'nothing' "
    "WHEN before IS NULL THEN 'new' ELSE 'changed' END"
)
"""What `decamp.journal.values.Change` says."""


def note_before(db: sqlite3.Connection, route: int, run: str, item_ids: Sequence[str]) -> None:
    """Write down what is held of items before a run changes them for the first time."""
    for item_id in item_ids:
        row = db.execute(
            f"SELECT {KNOWN_COLUMNS} FROM items WHERE route = ? AND id = ? AND receipt IS NOT NULL",
            (route, item_id),
        ).fetchone()
        before = known_to_json(row) if row is not None else None
        db.execute(
            "INSERT OR IGNORE INTO effects (route, run, item, before) VALUES (?, ?, ?, ?)",
            (route, run, item_id, before),
        )


def forget_copies(db: sqlite3.Connection, route: int) -> None:
    """Let no export of a route count as delivered before, without being read."""
    db.execute("UPDATE runs SET fingerprint = '' WHERE route = ?", (route,))


class Effects(Database):
    """The part of the journal about what runs changed."""

    def effects(self, run: str) -> Iterator[Effect]:
        """Go through what a run changed and was not taken back, the last first.

        A few are read at a time, so what was given may be taken back meanwhile.
        """
        below = _NEWEST
        while True:
            rows = list(
                self._read(
                    f"SELECT seq, e.item, {_CHANGE}, coalesce(kind, ''), before, receipt, "
                    f"coalesce({_LATER}, '') FROM {_LEFT} AND seq < ? ORDER BY seq DESC LIMIT ?",
                    *(run, below, _PAGE),
                )
            )
            yield from map(_effect_from_row, rows)
            if len(rows) < _PAGE:
                return
            below = rows[-1][0]

    def has_effects(self, run: str) -> bool:
        """Tell whether a run changed anything that was not taken back."""
        found = self._read("SELECT 1 FROM effects WHERE run = ? AND done = 0 LIMIT 1", run)
        return next(found, None) is not None

    def count_effects(self, run: str) -> Counter[tuple[Change, str]]:
        """Count what a run changed and was not taken back, by change and kind of the item."""
        rows = self._read(
            f"SELECT {_CHANGE} AS change, coalesce(kind, ''), count(*) FROM {_LEFT} GROUP BY 1, 2",
            run,
        )
        return Counter({(change, kind): count for change, kind, count in rows})

    def undo_begun(self, run: RunRecord) -> bool:
        """Tell whether a run was being taken back, and that did not come to its end."""
        [(count,)] = self._read("SELECT count(*) FROM effects WHERE run = ? AND done = 1", run.id)
        return bool(count) and run.state != "undone"

    def taken_back(self, route: int, taken: Iterable[tuple[Effect, Receipt | None]]) -> None:
        """Record, in one commit, effects that were taken back.

        The item of each is held as before, or not at all.

        Args:
            taken: Each with the receipt of what is there now.
        """
        with self._write() as db:
            for effect, receipt in taken:
                _take_back(db, route, effect, receipt)
            db.execute("UPDATE routes SET finish_due = 1 WHERE id = ?", (route,))
            forget_copies(db, route)

    def mark_undone(self, run: str) -> None:
        """Record that all of what a run brought was taken back."""
        with self._write() as db:
            db.execute("UPDATE runs SET state = 'undone' WHERE id = ?", (run,))


def _effect_from_row(row: tuple[Any, ...]) -> Effect:
    seq, item_id, change, kind, before, receipt, later = row
    return Effect(
        *(seq, item_id, change, kind),
        known_from_json(before) if before else None,
        receipt_from_json(item_id, receipt) if receipt else None,
        later,
    )


def _take_back(db: sqlite3.Connection, route: int, effect: Effect, receipt: Receipt | None) -> None:
    where = (route, effect.item_id)
    db.execute("UPDATE effects SET done = 1 WHERE seq = ?", (effect.seq,))
    before = effect.before
    if before is None or receipt is None:
        db.execute("DELETE FROM items WHERE route = ? AND id = ?", where)
        db.execute("DELETE FROM rows WHERE route = ? AND item = ?", where)
        db.execute("DELETE FROM versions WHERE route = ? AND item = ?", where)
        return
    db.execute(
        "UPDATE items SET state = ?, digest = ?, mapping = ?, receipt = ?, media = ?, "
        "reason = ?, run = ?, as_of = ?, adopted = ?, intent = NULL, proof = '', proved = '' "
        "WHERE route = ? AND id = ?",
        (
            *(before.state, before.digest, before.mapping, receipt_to_json(receipt)),
            msgspec.json.encode(before.media),
            *(before.reason, before.run, before.as_of, before.adopted, *where),
        ),
    )
