"""What was used up of a destination's budgets, so that the next run knows it too."""

from __future__ import annotations

from collections.abc import Iterable

from decamp.journal.database import Database

__all__ = ["Spendings"]


class Spendings(Database):
    """The part of the journal about budgets."""

    def spend(
        self, plugin: str, place: str, spent: Iterable[tuple[float, str, int]], keep: int
    ) -> None:
        """Remember what is about to be used up.

        Args:
            plugin: The destination's.
            place: Its id there.
            spent: When (Unix seconds), the budget's name, and how much.
            keep: What is older than so many seconds is forgotten.
        """
        latest = 0
        with self._write() as db:
            for at, name, amount in spent:
                latest = max(latest, int(at))
                db.execute(
                    "INSERT INTO spending (plugin, place, name, at, amount) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (plugin, place, name, at) "
                    "DO UPDATE SET amount = amount + excluded.amount",
                    (plugin, place, name, int(at), amount),
                )
            db.execute(
                "DELETE FROM spending WHERE plugin = ? AND place = ? AND at < ?",
                (plugin, place, latest - keep),
            )

    def spent(self, plugin: str, place: str, since: float) -> list[tuple[float, str, int]]:
        """List what was used up, in order of time."""
        rows = self._read(
            "SELECT at, name, amount FROM spending WHERE plugin = ? AND place = ? AND at >= ? "
            "ORDER BY at",
            *(plugin, place, int(since)),
        )
        return [(float(at), name, amount) for at, name, amount in list(rows)]
