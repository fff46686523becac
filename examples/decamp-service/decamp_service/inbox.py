"""Where webhooks are written down before they are answered."""

from collections.abc import Sequence
from datetime import UTC, datetime

from decamp.service.webhooks import pack, unpack
from decamp.webhooks import Notice
from decamp_service.database import Database


class SqliteInbox:
    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, notice: Notice, forget_at: datetime) -> bool:
        with self._db.write() as db:
            db.execute("DELETE FROM notices WHERE forget_at < ?", (datetime.now(UTC).isoformat(),))
            added = db.execute(
                "INSERT OR IGNORE INTO notices (id, packed, forget_at, done) VALUES (?, ?, ?, 0)",
                (notice.id, pack(notice), forget_at.isoformat()),
            )
            return added.rowcount == 1

    def waiting(self) -> Sequence[Notice]:
        rows = self._db.rows("SELECT packed FROM notices WHERE NOT done ORDER BY position")
        return [unpack(packed) for (packed,) in rows]

    def done(self, notice_id: str) -> None:
        with self._db.write() as db:
            db.execute("UPDATE notices SET done = 1, packed = NULL WHERE id = ?", (notice_id,))
