"""The journal as a SQLite file: one writer per destination, any number of readers.

WAL with ``synchronous=NORMAL`` survives a killed process with every commit, and a power
cut without its last commits, which costs work and no data: an importer that needs it
syncs before its receipts are committed, and the others get a full commit per window.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from decamp.errors import DestinationFull, JournalDamaged, Locked, TransferError
from decamp.filesystems import is_network, make_private
from decamp.identity import SUM_MASK
from decamp.journal.codec import (
    item_from_json,
    item_to_json,
    known_from_row,
    media_without,
    receipt_to_json,
    run_from_row,
)
from decamp.journal.schema import prepare
from decamp.journal.values import (
    Bucket,
    Frozen,
    Intent,
    Known,
    Outcome,
    Route,
    RunRecord,
    Settled,
    State,
)
from decamp.model import Item, Lost, Receipt

__all__ = ["Journal"]

_KNOWN = "id, kind, state, digest, mapping, receipt, media, reason, run"
_RUN = (
    "id, route, command, state, started, ended, source, destination, fingerprint, "
    "exit_code, report, pid"
)
_CHECKPOINT_PAGES = 8_000
"""A checkpoint syncs the disk; intents are large, so SQLite's 1 000 pages come too often."""

_json = msgspec.json.encode


class Journal:
    """All that decamp remembers, in one file. Used by one thread."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.path = path
        self.salt: bytes = db.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()[0]

    # --- opening and closing -------------------------------------------------------------

    @classmethod
    def open(cls, path: Path, shown: Path | None = None) -> Journal:
        """Open the journal, or make a new one; the file is for its owner alone.

        Args:
            shown: What errors call it, if not its path.

        Raises:
            JournalDamaged: It cannot be read, or was written by a newer decamp.
            Locked: Another process keeps it busy for longer than half a minute.
        """
        if is_network(path.parent):
            raise JournalDamaged(
                f"The journal would lie on a network file system: {path.parent}. "
                "Locks are not reliable there.",
                hint="Set DECAMP_HOME to a folder on a local disk.",
            )
        make_private(path.parent)
        with _explained(shown or path):
            if not path.exists():
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            db = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                prepare(db, shown or path)
                return cls(db, shown or path)
            except BaseException:
                db.close()
                raise

    @classmethod
    def open_copy(cls, path: Path, folder: Path) -> Journal:
        """Open a private copy, for planning: nothing that happens to it has an effect."""
        copy = folder / "journal.db"
        with _explained(path):
            for suffix in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        return cls.open(copy, path)

    def close(self) -> None:
        """Close the file. What was committed stays."""
        self._db.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with _explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _read(self, query: str, *values: Any) -> Iterator[Any]:
        with _explained(self.path):
            yield from self._db.execute(query, values)

    # --- routes --------------------------------------------------------------------------

    def routes(self, source: str, destination: str, place: str) -> list[Route]:
        """List the routes from a source plugin to this destination account."""
        found = self._read(
            "SELECT id, finish_due, newest FROM routes WHERE source = ? AND destination = ? "
            "AND place = ? ORDER BY id",
            source,
            destination,
            place,
        )
        return [
            Route(number, source, destination, place, self._aliases(number), bool(due), newest)
            for number, due, newest in list(found)
        ]

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
            for table in ("rows", "ordinals"):
                db.execute(f"DELETE FROM {table} WHERE route = ?", (route,))
            db.execute("UPDATE routes SET finish_due = 0, newest = '' WHERE id = ?", (route,))
        return count

    def finish_due(self, route: int) -> bool:
        """Tell whether something was written since the destination was complete."""
        [(due,)] = self._read("SELECT finish_due FROM routes WHERE id = ?", route)
        return bool(due)

    def set_finish_due(self, route: int, *, due: bool) -> None:
        """Remember whether the destination has to be completed."""
        with self._write() as db:
            db.execute("UPDATE routes SET finish_due = ? WHERE id = ?", (int(due), route))

    def set_newest(self, route: int, moment: str) -> None:
        """Remember from when the newest delivered export is."""
        with self._write() as db:
            db.execute("UPDATE routes SET newest = max(newest, ?) WHERE id = ?", (moment, route))

    # --- items ---------------------------------------------------------------------------

    def known(self, route: int, item_id: str) -> Known | None:
        """Tell what is known about an item."""
        found = self._read(f"SELECT {_KNOWN} FROM items WHERE route = ? AND id = ?", route, item_id)
        row = next(found, None)
        return known_from_row(row) if row else None

    def known_many(self, route: int, item_ids: Sequence[str]) -> dict[str, Known]:
        """Tell what is known about many items, by id."""
        found = {}
        for ids in _batched(item_ids):
            marks = ", ".join("?" * len(ids))
            query = f"SELECT {_KNOWN} FROM items WHERE route = ? AND id IN ({marks})"
            for row in self._read(query, route, *ids):
                known = known_from_row(row)
                found[known.item_id] = known
        return found

    def items(self, route: int, *states: State) -> Iterator[Known]:
        """Go through the items of a route in these states, in order of id."""
        marks = ", ".join("?" * len(states))
        for row in self._read(
            f"SELECT {_KNOWN} FROM items WHERE route = ? AND state IN ({marks}) ORDER BY id",
            route,
            *states,
        ):
            yield known_from_row(row)

    def receipts(self, route: int) -> Iterator[Receipt]:
        """Go through all receipts of a route, in order of item id."""
        for known in self.items(route, "confirmed", "incomplete", "intent", "conflict", "failed"):
            if known.receipt is not None:
                yield known.receipt

    def open_intents(self, route: int) -> list[tuple[Known, Item]]:
        """List what was about to be sent when an earlier run ended, as it was then."""
        rows = self._read(
            f"SELECT {_KNOWN}, intent FROM items WHERE route = ? AND state = 'intent' ORDER BY id",
            route,
        )
        return [(known_from_row(row[:-1]), item_from_json(row[-1])) for row in list(rows)]

    def intend(self, route: int, run: str, intents: Sequence[Intent], *, full: bool) -> None:
        """Record what is about to be sent, in one commit.

        An item that is held already keeps its receipt until the new one arrives.

        Args:
            full: Also survive a power cut; for destinations that cannot be asked again.
        """
        if full:
            self._db.execute("PRAGMA synchronous = FULL")
        try:
            with self._write() as db:
                db.executemany(
                    "INSERT INTO items (route, id, kind, state, digest, mapping, media, "
                    "intent, run) VALUES (?, ?, ?, 'intent', ?, ?, ?, ?, ?) "
                    "ON CONFLICT (route, id) DO UPDATE SET state = 'intent', "
                    "digest = excluded.digest, mapping = excluded.mapping, "
                    "media = excluded.media, intent = excluded.intent, run = excluded.run, "
                    "reason = ''",
                    [
                        (
                            *(route, one.item.id, one.item.kind, one.digest, one.mapping),
                            *(_json(one.media), item_to_json(one.item), run),
                        )
                        for one in intents
                    ],
                )
                for intent in intents:
                    if intent.frozen is not None:
                        _freeze(db, route, intent.item.id, intent.frozen)
                db.execute("UPDATE routes SET finish_due = 1 WHERE id = ?", (route,))
        finally:
            if full:
                self._db.execute("PRAGMA synchronous = NORMAL")

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
            delivered = ("confirmed", "incomplete", "unknown")
            db.executemany(
                "UPDATE rows SET delivered = 1 WHERE route = ? AND item = ?",
                [(route, one.item_id) for one in settled if one.state in delivered],
            )
            db.executemany(
                "DELETE FROM rows WHERE route = ? AND item = ? AND delivered = 0",
                [(route, one.item_id) for one in settled if one.state not in delivered],
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

    def lose(self, route: int, lost: Iterable[Lost]) -> int:
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

    def adopt(self, route: int, item_id: str, digest: str, mapping: int) -> None:
        """Take over the digest that a newer mapping gives to an item that is held already."""
        with self._write() as db:
            db.execute(
                "UPDATE items SET digest = ?, mapping = ? WHERE route = ? AND id = ?",
                (digest, mapping, route, item_id),
            )

    def list_outcome(self, route: int, run: str, outcome: Outcome) -> None:
        """Record an item that was not sent. What is held or unsettled stays as it is."""
        with self._write() as db:
            db.execute(
                "INSERT INTO items (route, id, kind, state, digest, mapping, reason, run) "
                "VALUES (?, ?, ?, ?, '', 0, ?, ?) ON CONFLICT (route, id) DO UPDATE SET "
                "state = excluded.state, reason = excluded.reason, run = excluded.run "
                "WHERE receipt IS NULL AND state IN ('failed', 'skipped', 'conflict')",
                (
                    *(route, outcome.item_id, outcome.kind, outcome.state),
                    *(outcome.reason, run),
                ),
            )

    # --- ordinals and rows ---------------------------------------------------------------

    def ordinals(
        self, route: int, keys: Sequence[str]
    ) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
        """List the numbers given to items that share an id, with what recognises each."""
        found: dict[str, list[tuple[int, tuple[str, ...]]]] = {key: [] for key in keys}
        for some in _batched(keys):
            marks = ", ".join("?" * len(some))
            for key, number, match in self._read(
                f"SELECT key, ordinal, match FROM ordinals WHERE route = ? AND key IN ({marks}) "
                "ORDER BY key, ordinal",
                route,
                *some,
            ):
                found[key].append((number, msgspec.json.decode(match, type=tuple[str, ...])))
        return found

    def set_ordinals(self, route: int, entries: Iterable[tuple[str, int, tuple[str, ...]]]) -> None:
        """Give numbers, or remember better what recognises their items. Never reuses one."""
        with self._write() as db:
            db.executemany(
                "INSERT INTO ordinals VALUES (?, ?, ?, ?) "
                "ON CONFLICT (route, key, ordinal) DO UPDATE SET match = excluded.match",
                [(route, key, number, _json(match)) for key, number, match in entries],
            )

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

    def _keys(self, route: int, collection: str, bucket: str) -> array[int]:
        keys = array("Q")
        for (blob,) in self._read(
            "SELECT keys FROM rows "
            "WHERE route = ? AND collection = ? AND bucket = ? AND delivered = 1",
            *(route, collection, bucket),
        ):
            keys.frombytes(blob)
        return keys

    # --- runs ----------------------------------------------------------------------------

    def start_run(self, run: RunRecord) -> None:
        """Record that a run has started."""
        with self._write() as db:
            db.execute(
                f"INSERT INTO runs ({_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(run.id, run.route, run.command, run.state, run.started, run.ended),
                    *(run.source, run.destination, run.fingerprint, run.exit_code),
                    *(None, run.pid),
                ),
            )

    def bind_run(self, run: str, route: int) -> None:
        """Remember the route of a run, once it is known."""
        with self._write() as db:
            db.execute("UPDATE runs SET route = ? WHERE id = ?", (route, run))

    def end_run(
        self, run: str, state: str, ended: str, exit_code: int, report: dict[str, Any]
    ) -> None:
        """Record how a run ended, with its report."""
        with self._write() as db:
            db.execute(
                "UPDATE runs SET state = ?, ended = ?, exit_code = ?, report = ? WHERE id = ?",
                (state, ended, exit_code, _json(report).decode(), run),
            )

    def runs(self, prefix: str = "", route: int | None = None) -> list[RunRecord]:
        """List runs, newest first."""
        rows = self._read(
            f"SELECT {_RUN} FROM runs WHERE substr(id, 1, ?) = ? AND (? IS NULL OR route = ?) "
            "ORDER BY started DESC, id DESC",
            *(len(prefix), prefix, route, route),
        )
        return [run_from_row(row) for row in rows]


def _batched(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Cut keys into pieces that fit into one statement."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _freeze(db: sqlite3.Connection, route: int, item_id: str, frozen: Frozen) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        [
            (route, item_id, frozen.collection, bucket, len(keys), total, keys.tobytes())
            for bucket, (keys, total) in frozen.buckets.items()
        ],
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Locked(
                f"Another program keeps the journal {path} busy.",
                hint="Wait for it to end, then run the same command again.",
            ) from error
        if code.startswith("SQLITE_FULL"):
            raise DestinationFull(
                f"The disk that holds decamp's journal is full: {path.parent}.",
                hint="Free some space, then run the same command again.",
            ) from error
        raise TransferError(f"The journal {path} cannot be used: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise JournalDamaged(
            f"The journal {path} is damaged: {error}.",
            hint="Keep the file and copy it elsewhere; then restore it from a backup, or move "
            "it away and choose a new, empty destination.",
        ) from error
    except OSError as error:
        raise TransferError(
            f"The journal {path} cannot be opened: {error.strerror}.",
            hint="Check the folder's permissions, or set DECAMP_HOME to another folder.",
        ) from error
