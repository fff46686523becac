"""Effects: what each run changed at a destination, so that it can be taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from decamp.journal.codec import KNOWN_COLUMNS, known_from_json, known_to_json, receipt_to_json
from decamp.journal.database import Database
from decamp.journal.values import Effect, RunRecord
from decamp.model import Receipt

__all__ = ["Effects", "forget_copies", "note_before"]


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

    def effects(self, run: str) -> list[Effect]:
        """List what a run changed and was not taken back, the last first."""
        rows = self._read(
            "SELECT seq, item, before, NOT EXISTS (SELECT 1 FROM effects AS later WHERE "
            "later.route = e.route AND later.item = e.item AND later.seq > e.seq AND "
            "later.done = 0) FROM effects AS e WHERE run = ? AND done = 0 ORDER BY seq DESC",
            run,
        )
        return [
            Effect(
                seq,
                item_id,
                known_from_json(before) if before else None,
                bool(latest),
            )
            for seq, item_id, before, latest in list(rows)
        ]

    def undo_begun(self, run: RunRecord) -> bool:
        """Tell whether a run was being taken back, and that did not come to its end."""
        [(count,)] = self._read("SELECT count(*) FROM effects WHERE run = ? AND done = 1", run.id)
        return bool(count) and run.state != "undone"

    def taken_back(self, route: int, effect: Effect, receipt: Receipt | None) -> None:
        """Record that an effect was taken back: the item is held as before, or not at all.

        Args:
            receipt: Of what is there now.
        """
        where = (route, effect.item_id)
        with self._write() as db:
            db.execute("UPDATE effects SET done = 1 WHERE seq = ?", (effect.seq,))
            before = effect.before
            if before is None or receipt is None:
                db.execute("DELETE FROM items WHERE route = ? AND id = ?", where)
                db.execute("DELETE FROM rows WHERE route = ? AND item = ?", where)
                db.execute("DELETE FROM versions WHERE route = ? AND item = ?", where)
            else:
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
            db.execute("UPDATE routes SET finish_due = 1 WHERE id = ?", (route,))
            forget_copies(db, route)

    def mark_undone(self, run: str) -> None:
        """Record that all of what a run brought was taken back."""
        with self._write() as db:
            db.execute("UPDATE runs SET state = 'undone' WHERE id = ?", (run,))
