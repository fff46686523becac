"""Rows: which messages and events a route has delivered, by their keys."""

from __future__ import annotations

import sqlite3
from array import array
from functools import partial

from decamp.errors import JournalDamaged
from decamp.identity import SUM_MASK
from decamp.journal.codec import DAMAGED_HINT
from decamp.journal.database import Database
from decamp.journal.values import Bucket, Frozen

__all__ = ["Rows", "freeze"]


def freeze(db: sqlite3.Connection, route: int, item_id: str, frozen: Frozen) -> None:
    """Write down the rows of a segment that is about to be sent; none counts as delivered yet."""
    db.executemany(
        "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        [
            (route, item_id, frozen.collection, bucket, len(keys), total, keys.tobytes())
            for bucket, (keys, total) in frozen.buckets.items()
        ],
    )


class Rows(Database):
    """The part of the journal about delivered rows."""

    def buckets(self, route: int, collection: str) -> dict[str, Bucket]:
        """Tell which rows of a collection were delivered, by month, without their keys."""
        rows = self._read(
            "SELECT bucket, sum(count), sum(total) FROM rows "
            "WHERE route = ? AND collection = ? AND delivered = 1 GROUP BY bucket",
            route,
            collection,
        )
        return {
            name: Bucket(count, total & SUM_MASK, partial(self._keys, route, collection, name))
            for name, count, total in rows
        }

    def collections(self, route: int, prefix: str = "") -> list[str]:
        """List the collections of which rows were delivered, those that begin like this."""
        found = self._read(
            "SELECT DISTINCT collection FROM rows WHERE route = ? AND delivered = 1 "
            "AND substr(collection, 1, ?) = ? ORDER BY collection",
            *(route, len(prefix), prefix),
        )
        return [name for (name,) in found]

    def _keys(self, route: int, collection: str, bucket: str) -> array[int]:
        keys = array("Q")
        for blob, count in self._read(
            "SELECT keys, count FROM rows "
            "WHERE route = ? AND collection = ? AND bucket = ? AND delivered = 1",
            *(route, collection, bucket),
        ):
            if len(blob) != count * keys.itemsize:
                raise JournalDamaged(
                    "The journal is damaged: keys of delivered rows are lost.", hint=DAMAGED_HINT
                )
            keys.frombytes(blob)
        return keys
