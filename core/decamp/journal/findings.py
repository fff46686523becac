"""Findings: what a destination was found to hold, when it was looked at or read back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from decamp.journal.codec import media_without, receipt_to_json
from decamp.journal.database import Database
from decamp.journal.items import HELD
from decamp.journal.ordinals import set_numbers
from decamp.journal.rows import freeze
from decamp.journal.values import Learnt
from decamp.model import Finding

__all__ = ["Findings"]


class Findings(Database):
    """The part of the journal that follows what a destination really holds."""

    def lose(self, route: int, lost: Iterable[Finding]) -> int:
        """Take note of what is no longer at the destination: it is due again.

        An item that is gone is forgotten, with its rows; one that lacks blobs is incomplete.

        Returns:
            How many items it concerns.
        """
        count = 0
        with self._write() as db:
            for one in lost:
                count += 1
                where = (route, one.item_id)
                if one.blobs is None:
                    db.execute("DELETE FROM items WHERE route = ? AND id = ?", where)
                    db.execute("DELETE FROM rows WHERE route = ? AND item = ?", where)
                    continue
                [(media,)] = db.execute(
                    "SELECT media FROM items WHERE route = ? AND id = ?", where
                ).fetchall()
                db.execute(
                    "UPDATE items SET media = ?, state = 'incomplete' WHERE route = ? AND id = ?",
                    (media_without(media, one.blobs), *where),
                )
            if count:
                db.execute("UPDATE routes SET finish_due = 1 WHERE id = ?", (route,))
        return count

    def prove(self, route: int, proofs: Iterable[tuple[str, str]], when: str) -> None:
        """Remember how well items were found to be there.

        Args:
            proofs: Item id, and ``exists``, ``size`` or ``digest``; empty takes it back.
            when: RFC 3339.
        """
        with self._write() as db:
            db.executemany(
                "UPDATE items SET proof = ?, proved = ? WHERE route = ? AND id = ?",
                [(proof, when if proof else "", route, item_id) for item_id, proof in proofs],
            )

    def proofs(self, route: int) -> dict[str, tuple[int, str]]:
        """Count the held items by proof (empty: none), each with the oldest time of it."""
        marks = ", ".join("?" * len(HELD))
        return {
            proof: (count, oldest)
            for proof, count, oldest in self._read(
                "SELECT proof, count(*), min(proved) FROM items WHERE route = ? "
                f"AND receipt IS NOT NULL AND state IN ({marks}) GROUP BY proof",
                *(route, *HELD),
            )
        }

    def relearn(self, route: int, learnt: Iterable[Learnt]) -> int:
        """Take what a destination was found to hold in the place of what was remembered.

        What is open and not held stays: doubts, conflicts, what failed or was held back. Of
        what is held, everything else is forgotten: what it says of an item that it does not
        hold is not true any more. Rows and numbers follow the items.

        Returns:
            How many items are held now.
        """
        count = 0
        with self._write() as db:
            db.execute("CREATE TEMP TABLE learnt (id TEXT PRIMARY KEY) WITHOUT ROWID")
            for one in learnt:
                count += 1
                receipt = receipt_to_json(one.receipt)
                row = db.execute(
                    "SELECT receipt, state FROM items WHERE route = ? AND id = ?",
                    (route, one.item_id),
                ).fetchone()
                db.execute("INSERT OR IGNORE INTO learnt VALUES (?)", (one.item_id,))
                _freeze_learnt(db, route, one)
                if one.number is not None:
                    set_numbers(db, route, [one.number], better=False)
                if row is not None and row[0] == receipt and row[1] != "intent":
                    continue  # nothing happened to it: what is known beyond the receipt stays
                db.execute(
                    "INSERT OR REPLACE INTO items (route, id, kind, state, digest, mapping, "
                    "receipt, media, run, as_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
                    (
                        *(route, one.item_id, one.kind, one.state, one.digest, one.mapping),
                        *(receipt, msgspec.json.encode(one.media), one.as_of),
                    ),
                )
                for table in ("effects", "versions"):
                    db.execute(
                        f"DELETE FROM {table} WHERE route = ? AND item = ?", (route, one.item_id)
                    )
            absent = "route = ? AND {} NOT IN (SELECT id FROM learnt)"
            where = absent.format("id")
            db.execute(
                f"DELETE FROM items WHERE {where} AND (receipt IS NOT NULL OR state = 'intent')",
                (route,),
            )
            where = absent.format("item")
            db.execute(
                f"DELETE FROM rows WHERE {where} AND item NOT IN "
                "(SELECT id FROM items WHERE items.route = rows.route)",
                (route,),
            )
            db.execute(f"DELETE FROM effects WHERE {where}", (route,))
            db.execute("DROP TABLE learnt")
        return count


def _freeze_learnt(db: sqlite3.Connection, route: int, one: Learnt) -> None:
    if one.frozen is not None:
        db.execute("DELETE FROM rows WHERE route = ? AND item = ?", (route, one.item_id))
        freeze(db, route, one.item_id, one.frozen)
        db.execute(
            "UPDATE rows SET delivered = 1 WHERE route = ? AND item = ?", (route, one.item_id)
        )
