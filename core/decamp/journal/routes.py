"""Routes: which account's data went where."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from decamp.journal.codec import decoded
from decamp.journal.database import Database
from decamp.journal.values import Route

__all__ = ["Routes"]


class Routes(Database):
    """The part of the journal about routes."""

    def routes(self, source: str, destination: str, place: str) -> list[Route]:
        """List the routes from a source's service to this destination account."""
        return self._routes(
            "source = ? AND destination = ? AND place = ?", source, destination, place
        )

    def route(self, number: int) -> Route | None:
        """Give a route by its number."""
        return next(iter(self._routes("id = ?", number)), None)

    def all_routes(self) -> list[Route]:
        """List all routes, oldest first."""
        return self._routes("1")

    def _routes(self, where: str, *values: Any) -> list[Route]:
        found = self._read(
            "SELECT id, source, destination, place, finish_due, newest, token, seal, people, "
            f"settings FROM routes WHERE {where} ORDER BY id",
            *values,
        )
        return [self._route(*row) for row in list(found)]

    def _route(self, number: int, *columns: Any) -> Route:
        source, destination, place, due, newest, token, seal, people, settings = columns
        return Route(
            number, source, destination, place, self._aliases(number), bool(due),
            newest, token, seal, people, decoded(settings, dict[str, str]),
        )  # fmt: skip

    def _aliases(self, route: int) -> tuple[str, ...]:
        names = self._read("SELECT name FROM aliases WHERE route = ? ORDER BY name", route)
        return tuple(name for (name,) in names)

    def add_route(
        self, source: str, destination: str, place: str, names: Iterable[str], now: str
    ) -> Route:
        """Start a route."""
        with self._write() as db:
            number = db.execute(
                "INSERT INTO routes (source, destination, place, created) VALUES (?, ?, ?, ?)",
                (source, destination, place, now),
            ).lastrowid
            assert number is not None
        self.add_aliases(number, names)
        return Route(number, source, destination, place, self._aliases(number), False, "")

    def add_aliases(self, route: int, names: Iterable[str]) -> None:
        """Remember names under which the source account was seen."""
        with self._write() as db:
            db.executemany(
                "INSERT OR IGNORE INTO aliases VALUES (?, ?)", [(route, name) for name in names]
            )

    def reset_route(self, route: int) -> int:
        """Forget everything that a route delivered, because the destination is empty again.

        Returns:
            How many items were forgotten.
        """
        with self._write() as db:
            count = db.execute("DELETE FROM items WHERE route = ?", (route,)).rowcount
            for table in ("rows", "ordinals", "versions", "effects", "renames"):
                db.execute(f"DELETE FROM {table} WHERE route = ?", (route,))
            db.execute(
                "UPDATE routes SET finish_due = 0, newest = '', token = '', seal = '' WHERE id = ?",
                (route,),
            )
        return count

    def forget_route(self, route: int) -> None:
        """Forget a route, all that it delivered, and its runs."""
        self.reset_route(route)
        with self._write() as db:
            for table, column in (("aliases", "route"), ("runs", "route"), ("routes", "id")):
                db.execute(f"DELETE FROM {table} WHERE {column} = ?", (route,))

    def open_token(self, route: int) -> str:
        """Give the token of the unfinished work of a route, a new one if there is none."""
        with self._write() as db:
            db.execute(
                "UPDATE routes SET token = ? WHERE id = ? AND token = ''",
                (secrets.token_hex(8), route),
            )
        [(token,)] = self._read("SELECT token FROM routes WHERE id = ?", route)
        return str(token)

    def finished(self, route: int, seal: str) -> None:
        """Remember that the destination is complete, and what it shows now."""
        with self._write() as db:
            db.execute(
                "UPDATE routes SET finish_due = 0, token = '', seal = ? WHERE id = ?",
                (seal, route),
            )

    def learnt(self, route: int, seal: str, newest: str) -> None:
        """Remember that a destination was read back, and how it was left by whoever wrote it."""
        with self._write() as db:
            db.execute(
                "UPDATE routes SET finish_due = 1, token = '', seal = ?, "
                "newest = max(newest, ?) WHERE id = ?",
                (seal, newest, route),
            )

    def set_settings(self, route: int, settings: Mapping[str, str]) -> None:
        """Remember what leads to the destination again."""
        with self._write() as db:
            db.execute(
                "UPDATE routes SET settings = ? WHERE id = ?",
                (msgspec.json.encode(settings).decode(), route),
            )

    def set_people(self, route: int, people: str, check: str = "") -> None:
        """Fix what becomes of other people's names.

        Args:
            check: Tells later whether the secret behind aliases is still the same.
        """
        with self._write() as db:
            db.execute(
                "UPDATE routes SET people = ?, people_check = ? WHERE id = ?",
                (people, check, route),
            )

    def people_check(self, route: int) -> str:
        """Give what `set_people` was told."""
        [(check,)] = self._read("SELECT people_check FROM routes WHERE id = ?", route)
        return str(check)

    def renames(self, route: int) -> dict[str, str]:
        """Give the first name of each collection that was renamed, by its later ones."""
        return dict(self._read("SELECT name, first FROM renames WHERE route = ?", route))

    def add_renames(self, route: int, renames: Mapping[str, str]) -> None:
        """Remember later names of collections, each with the first one."""
        with self._write() as db:
            db.executemany(
                "INSERT OR REPLACE INTO renames VALUES (?, ?, ?)",
                [(route, name, first) for name, first in renames.items()],
            )

    def finish_due(self, route: int) -> bool:
        """Tell whether something was written since the destination was complete."""
        [(due,)] = self._read("SELECT finish_due FROM routes WHERE id = ?", route)
        return bool(due)

    def set_newest(self, route: int, moment: str) -> None:
        """Remember from when the newest delivered export is, RFC 3339."""
        with self._write() as db:
            db.execute("UPDATE routes SET newest = ? WHERE id = ?", (moment, route))
