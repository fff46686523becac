"""Ordinals: numbers given to items that share an id."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from decamp.journal.codec import decoded
from decamp.journal.database import Database
from decamp.journal.values import Marks
from decamp.tables import in_groups

__all__ = ["Ordinals", "set_numbers"]


def set_numbers(
    db: sqlite3.Connection,
    route: int,
    entries: Iterable[tuple[str, int, Marks]],
    *,
    better: bool,
) -> None:
    """Give numbers.

    Args:
        better: Replace what recognises an item that has its number already.
    """
    known = "UPDATE SET match = excluded.match" if better else "NOTHING"
    db.executemany(
        f"INSERT INTO ordinals VALUES (?, ?, ?, ?) ON CONFLICT (route, key, ordinal) DO {known}",
        [
            (route, key, number, msgspec.json.encode(marks).decode())
            for key, number, marks in entries
        ],
    )


class Ordinals(Database):
    """The part of the journal about numbers."""

    def ordinals(self, route: int, keys: Sequence[str]) -> dict[str, list[tuple[int, Marks]]]:
        """List the numbers given to items that share an id, with what recognises each."""
        found: dict[str, list[tuple[int, Marks]]] = {key: [] for key in keys}
        for some in in_groups(keys):
            places = ", ".join("?" * len(some))
            for key, number, match in self._read(
                f"SELECT key, ordinal, match FROM ordinals WHERE route = ? AND key IN ({places}) "
                "ORDER BY key, ordinal",
                route,
                *some,
            ):
                found[key].append((number, decoded(match, Marks)))
        return found

    def set_ordinals(
        self,
        route: int,
        entries: Iterable[tuple[str, int, Marks]],
        *,
        freed: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Give numbers, or remember better what recognises their items.

        Args:
            freed: Key and number of what is surely not at the destination: forgotten first.
        """
        with self._write() as db:
            db.executemany(
                "DELETE FROM ordinals WHERE route = ? AND key = ? AND ordinal = ?",
                [(route, key, number) for key, number in freed],
            )
            set_numbers(db, route, entries, better=True)
