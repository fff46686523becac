"""Items: what is about to be sent, what the destination holds, and what is open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext

import msgspec

from decamp.journal.codec import (
    KNOWN_COLUMNS,
    item_from_json,
    item_to_json,
    known_from_json,
    known_from_row,
    receipt_from_json,
    receipt_to_json,
)
from decamp.journal.database import Database
from decamp.journal.effects import forget_copies, note_before
from decamp.journal.rows import freeze
from decamp.journal.values import Intent, Known, Outcome, Settled, State
from decamp.model import Item, Receipt
from decamp.tables import in_groups

__all__ = ["HELD", "Items"]

HELD: tuple[State, ...] = ("confirmed", "incomplete", "intent", "conflict", "failed", "kept")
"""States in which an item can have a receipt."""
_DELIVERED = ("confirmed", "incomplete", "unknown")

_json = msgspec.json.encode


class Items(Database):
    """The part of the journal about items."""

    def known(self, route: int, item_id: str) -> Known | None:
        """Tell what is known about an item."""
        found = self._read(
            f"SELECT {KNOWN_COLUMNS} FROM items WHERE route = ? AND id = ?", route, item_id
        )
        row = next(found, None)
        return known_from_row(row) if row else None

    def known_many(self, route: int, item_ids: Sequence[str]) -> dict[str, Known]:
        """Tell what is known about many items, by id."""
        found = {}
        for ids in in_groups(item_ids):
            marks = ", ".join("?" * len(ids))
            query = f"SELECT {KNOWN_COLUMNS} FROM items WHERE route = ? AND id IN ({marks})"
            for row in self._read(query, route, *ids):
                known = known_from_row(row)
                found[known.item_id] = known
        return found

    def count_items(self, route: int, kind: str) -> int:
        """Count the items of a kind that the destination holds."""
        [(count,)] = self._read(
            "SELECT count(*) FROM items WHERE route = ? AND kind = ? AND receipt IS NOT NULL",
            *(route, kind),
        )
        return int(count)

    def held_ids(self, route: int, kind: str) -> Iterator[str]:
        """Go through the ids of a kind's items that the destination holds, in order."""
        for (item_id,) in self._read(
            "SELECT id FROM items WHERE route = ? AND kind = ? AND receipt IS NOT NULL ORDER BY id",
            *(route, kind),
        ):
            yield item_id

    def items(self, route: int, *states: State) -> Iterator[Known]:
        """Go through the items of a route in these states, in order of id."""
        marks = ", ".join("?" * len(states))
        for row in self._read(
            f"SELECT {KNOWN_COLUMNS} FROM items WHERE route = ? AND state IN ({marks}) ORDER BY id",
            route,
            *states,
        ):
            yield known_from_row(row)

    def receipts(self, route: int) -> Iterator[Receipt]:
        """Go through all receipts of a route, in order of item id."""
        marks = ", ".join("?" * len(HELD))
        for item_id, receipt in self._read(
            f"SELECT id, receipt FROM items WHERE route = ? AND state IN ({marks}) "
            "AND receipt IS NOT NULL ORDER BY id",
            route,
            *HELD,
        ):
            yield receipt_from_json(item_id, receipt)

    def open_intents(self, route: int) -> list[tuple[Known, Item, str]]:
        """List what was about to be sent when an earlier run ended, as it was then.

        Returns:
            What is known, the item, and its version as in `decamp.journal.values.Intent`.
        """
        rows = self._read(
            f"SELECT {KNOWN_COLUMNS}, intent FROM items WHERE route = ? AND state = 'intent' ORDER BY id",
            route,
        )
        return [(known_from_row(row[:-1]), *item_from_json(row[-1])) for row in list(rows)]

    def intend(self, route: int, run: str, intents: Sequence[Intent], *, full: bool) -> None:
        """Record what is about to be sent, in one commit.

        An item that is held already keeps its receipt until the new one arrives.

        Args:
            full: Also survive a power cut; for destinations that cannot be asked again.
        """
        with self._durable() if full else nullcontext(), self._write() as db:
            note_before(db, route, run, [one.item.id for one in intents])
            db.executemany(
                "INSERT INTO items (route, id, kind, state, digest, mapping, media, "
                "intent, run, as_of) VALUES (?, ?, ?, 'intent', ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (route, id) DO UPDATE SET state = 'intent', "
                "digest = excluded.digest, mapping = excluded.mapping, "
                "media = excluded.media, intent = excluded.intent, run = excluded.run, "
                "as_of = excluded.as_of, adopted = 0, reason = '', proof = '', proved = ''",
                [
                    (
                        *(route, one.item.id, one.item.kind, one.digest, one.mapping),
                        *(_json(one.media), item_to_json(one.item, one.version), run, one.as_of),
                    )
                    for one in intents
                ],
            )
            for intent in intents:
                if intent.frozen is not None:
                    freeze(db, route, intent.item.id, intent.frozen)
            db.execute("UPDATE routes SET finish_due = 1 WHERE id = ?", (route,))

    def settle(self, route: int, run: str, settled: Sequence[Settled]) -> None:
        """Record how intents ended, in one commit; a receipt marks its rows delivered."""
        with self._write() as db:
            db.executemany(
                "UPDATE items SET state = ?, receipt = coalesce(?, receipt), reason = ?, "
                "intent = NULL, run = ? WHERE route = ? AND id = ?",
                [
                    (
                        *(one.state, receipt_to_json(one.receipt) if one.receipt else None),
                        *(one.reason, run, route, one.item_id),
                    )
                    for one in settled
                ],
            )
            db.executemany(
                "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?)",
                [
                    (route, one.item_id, one.version, int(one.receipt.superseded))
                    for one in settled
                    if one.version and one.receipt
                ],
            )
            _take_back_announced(
                db, route, [one.item_id for one in settled if one.state not in _DELIVERED]
            )
            db.executemany(
                "UPDATE rows SET delivered = 1 WHERE route = ? AND item = ?",
                [(route, one.item_id) for one in settled if one.state in _DELIVERED],
            )
            db.executemany(
                "DELETE FROM rows WHERE route = ? AND item = ? AND delivered = 0",
                [(route, one.item_id) for one in settled if one.state not in _DELIVERED],
            )

    def release(self, route: int, item_id: str) -> None:
        """Drop an intent whose item is surely not at the destination, with its rows."""
        with self._write() as db:
            db.execute(
                "DELETE FROM items WHERE route = ? AND id = ? AND receipt IS NULL",
                (route, item_id),
            )
            db.execute(
                "DELETE FROM rows WHERE route = ? AND item = ? AND delivered = 0",
                (route, item_id),
            )

    def adopt(self, route: int, item_id: str, digest: str, mapping: int) -> None:
        """Take over the digest that a newer mapping gives to an item that is held already."""
        with self._write() as db:
            db.execute(
                "UPDATE items SET digest = ?, mapping = ?, adopted = 1 WHERE route = ? AND id = ?",
                (digest, mapping, route, item_id),
            )

    def list_outcome(self, route: int, run: str, outcome: Outcome) -> None:
        """Record an item that was not sent. What is held or unsettled stays as it is."""
        with self._write() as db:
            db.execute(
                "INSERT INTO items (route, id, kind, state, digest, mapping, reason, run) "
                "VALUES (?, ?, ?, ?, '', 0, ?, ?) ON CONFLICT (route, id) DO UPDATE SET "
                "state = excluded.state, reason = excluded.reason, run = excluded.run "
                "WHERE receipt IS NULL AND state IN ('failed', 'skipped', 'conflict', 'held')",
                (
                    *(route, outcome.item_id, outcome.kind, outcome.state),
                    *(outcome.reason, run),
                ),
            )

    def confirm_as_of(self, route: int, item_ids: Sequence[str], as_of: str) -> None:
        """Remember that a newer export still has these items just as they are held."""
        with self._write() as db:
            for some in in_groups(item_ids):
                marks = ", ".join("?" * len(some))
                db.execute(
                    f"UPDATE items SET as_of = ? WHERE route = ? AND id IN ({marks}) AND as_of < ?",
                    (as_of, route, *some, as_of),
                )

    def versions(self, route: int, item_ids: Sequence[str]) -> dict[tuple[str, str], bool]:
        """List older versions of items that have filled their gaps.

        Returns:
            By item id and digest: whether newer values stayed in the place of some of it.
        """
        found: dict[tuple[str, str], bool] = {}
        for some in in_groups(item_ids):
            marks = ", ".join("?" * len(some))
            for item_id, digest, superseded in self._read(
                f"SELECT item, digest, superseded FROM versions WHERE route = ? "
                f"AND item IN ({marks})",
                *(route, *some),
            ):
                found[item_id, digest] = bool(superseded)
        return found

    def keep(self, route: int, item_ids: Iterable[str]) -> int:
        """Settle conflicts and doubts: what is at the destination stays, and is not asked again.

        Returns:
            How many there were.
        """
        with self._write() as db:
            return db.executemany(
                "UPDATE items SET state = 'kept' WHERE route = ? AND id = ? "
                "AND state IN ('conflict', 'unknown')",
                [(route, item_id) for item_id in item_ids],
            ).rowcount

    def send_again(self, route: int, item_ids: Iterable[str]) -> int:
        """Settle doubts and decisions: these are not at the destination, and are due again.

        Returns:
            How many there were.
        """
        count = 0
        with self._write() as db:
            for item_id in item_ids:
                where = (route, item_id)
                states = "state IN ('unknown', 'conflict', 'kept')"
                gone = db.execute(
                    f"DELETE FROM items WHERE route = ? AND id = ? AND receipt IS NULL "
                    f"AND {states}",
                    where,
                ).rowcount
                if gone:
                    db.execute("DELETE FROM rows WHERE route = ? AND item = ?", where)
                else:
                    gone = db.execute(
                        f"UPDATE items SET state = 'failed' WHERE route = ? AND id = ? "
                        f"AND {states}",
                        where,
                    ).rowcount
                count += gone
            forget_copies(db, route)
        return count


def _take_back_announced(db: sqlite3.Connection, route: int, item_ids: Sequence[str]) -> None:
    """Let items that were not changed after all have the media that they had before."""
    for item_id in item_ids:
        where = (route, item_id)
        found = db.execute(
            "SELECT effects.before, seq FROM effects JOIN items ON items.route = effects.route "
            "AND items.id = effects.item AND items.run = effects.run "
            "WHERE effects.route = ? AND effects.item = ?",
            where,
        ).fetchone()
        if found is None:
            continue
        if found[0] is not None:
            media = known_from_json(found[0]).media
            db.execute(
                "UPDATE items SET media = ? WHERE route = ? AND id = ?", (_json(media), *where)
            )
        db.execute("DELETE FROM effects WHERE seq = ?", (found[1],))
