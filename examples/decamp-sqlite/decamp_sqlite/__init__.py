"""A destination for decamp: one SQLite file that can be searched.

Items lie in the table ``items``, messages and activity one row each in ``rows``, and media
beside their items in ``files``.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

from attrs import frozen

from decamp import (
    Account,
    Blob,
    Conflict,
    Context,
    Corrupted,
    Destination,
    DestinationRefused,
    ImporterCapabilities,
    ImporterSpec,
    Item,
    Option,
    Origin,
    Receipt,
    hookimpl,
)

TABLES = """
CREATE TABLE IF NOT EXISTS whose (id TEXT, names TEXT, people TEXT, people_check TEXT);
CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, kind TEXT, record TEXT);
CREATE TABLE IF NOT EXISTS rows (item TEXT, kind TEXT, collection TEXT, time TEXT, row TEXT);
CREATE TABLE IF NOT EXISTS files (item TEXT, name TEXT, media_type TEXT, data BLOB);
"""


@frozen
class Config:
    path: Annotated[Path, Option("The SQLite file.", location=True)]


class SqliteImporter:
    capabilities = ImporterCapabilities(max_blob_bytes=500_000_000, delivery="idempotent")

    def __init__(self, context: Context[Config]) -> None:
        self.path = context.config.path.absolute()

    def check(self) -> Destination:
        if not self.path.parent.is_dir():
            raise DestinationRefused(f"There is no folder {self.path.parent}.")
        holds = None
        if self.path.exists():
            try:
                with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as db:
                    row = db.execute("SELECT * FROM whose").fetchone()
            except sqlite3.Error as error:
                raise DestinationRefused(f"{self.path} was not made by this plugin.") from error
            if row:
                id_, names, people, check = row
                account = Account(id_, tuple(json.loads(names)))
                holds = Origin(account, people=people, people_check=check)
        return Destination(str(self.path), self.path.name, holds)

    def begin(self, origin: Origin, token: str) -> ImporterCapabilities:  # noqa: ARG002
        account = origin.account
        with closing(sqlite3.connect(self.path)) as db, db:
            db.executescript(TABLES)
            if db.execute("SELECT count(*) FROM whose").fetchone()[0] == 0:
                db.execute(
                    "INSERT INTO whose VALUES (?, ?, ?, ?)",
                    (account.id, json.dumps(account.names), origin.people, origin.people_check),
                )
        return self.capabilities

    def import_item(self, item: Item) -> Receipt:
        record = json.dumps(item.record, sort_keys=True)
        with closing(sqlite3.connect(self.path)) as db, db:  # one item, one transaction
            held = db.execute("SELECT record FROM items WHERE id = ?", (item.id,)).fetchone()
            if held is None:
                db.execute("INSERT INTO items VALUES (?, ?, ?)", (item.id, item.kind, record))
                for blob in item.blobs:
                    store(db, item, blob)
            elif held[0] != record:
                raise Conflict(f"{self.path.name} holds another record for {item.id}.")
        return Receipt(item.id, f"{self.path}#{item.id}", existed=held is not None)

    def find_item(self, item: Item) -> Receipt | None:
        with closing(sqlite3.connect(self.path)) as db:
            held = db.execute("SELECT 1 FROM items WHERE id = ?", (item.id,)).fetchone()
        return Receipt(item.id, f"{self.path}#{item.id}", existed=True) if held else None


def store(db: sqlite3.Connection, item: Item, blob: Blob) -> None:
    with blob.open() as body:
        if blob.rows:
            lines = ((line, json.loads(line).get("time")) for line in body)
            collection = item.record["collection"]
            db.executemany(
                "INSERT INTO rows VALUES (?, ?, ?, ?, ?)",
                ((item.id, blob.rows, collection, time, line.decode()) for line, time in lines),
            )
            return
        data = body.read(SqliteImporter.capabilities.max_blob_bytes or -1)
    if blob.sha256 not in (None, hashlib.sha256(data).hexdigest()):
        raise Corrupted(f"{item.id} {blob.name} is not what was announced.")
    db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (item.id, blob.name, blob.media_type, data))


@hookimpl
def decamp_importers() -> Iterator[ImporterSpec[Config]]:
    yield ImporterSpec(
        name="sqlite",
        title="SQLite file",
        config=Config,
        create=SqliteImporter,
        capabilities=SqliteImporter.capabilities,
    )
