"""Each person's copy: whose account, how far, and when to go on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from attrs import frozen

from decamp_service.database import Database

_COLUMNS = "person, account, state, due, request, said"


@frozen
class Copy:
    person: str
    account: str
    state: str
    due: str | None
    request: str | None
    said: str


class Copies:
    """Also what decamp's `Connections` asks for; the key of a person's tokens is the name."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._db, self._now = database, now

    def connected(self, person: str, account: str) -> bool:
        """A person signed in at TikTok: the copy is due at once. No if the account is closing."""
        with self._db.write() as db:
            changed = db.execute(
                "INSERT INTO copies VALUES (?, ?, 'waiting', ?, NULL, 'It begins in a moment.') "
                "ON CONFLICT (person) DO UPDATE SET account = excluded.account, "
                "state = 'waiting', due = excluded.due, request = NULL, said = excluded.said "
                "WHERE state != 'closing'",
                (person, account, _text(self._now())),
            )
            return changed.rowcount == 1

    def of(self, person: str) -> Copy | None:
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM copies WHERE person = ?", person)
        return Copy(*rows[0]) if rows else None

    def due(self) -> list[Copy]:
        query = f"SELECT {_COLUMNS} FROM copies WHERE due <= ? ORDER BY due"
        return [Copy(*row) for row in self._db.rows(query, _text(self._now()))]

    def again(self, person: str) -> None:
        """The person wants what is new since; only what was finished can begin again."""
        with self._db.write() as db:
            db.execute(
                "UPDATE copies SET state = 'waiting', due = ?, request = NULL "
                "WHERE person = ? AND state IN ('done', 'failed')",
                (_text(self._now()), person),
            )

    def wait(self, copy: Copy, said: str, until: datetime) -> None:
        """Go on later; sooner if it was woken since `copy` was read."""
        with self._db.write() as db:
            db.execute(
                "UPDATE copies SET said = ?, due = CASE due WHEN ? THEN ? ELSE due END "
                "WHERE person = ? AND state = 'waiting'",
                (said, copy.due, _text(until), copy.person),
            )

    def end(self, copy: Copy, state: str, said: str) -> None:
        """It is done, or failed. What was stopped meanwhile stays so."""
        with self._db.write() as db:
            db.execute(
                "UPDATE copies SET state = ?, said = ?, due = NULL "
                "WHERE person = ? AND state = 'waiting'",
                (state, said, copy.person),
            )

    def close(self, person: str) -> None:
        """The account is to go, with all that is kept: a worker does it, after what it is at."""
        with self._db.write() as db:
            db.execute(
                "INSERT INTO copies VALUES (?, '', 'closing', ?, NULL, 'Everything is deleted.') "
                "ON CONFLICT (person) DO UPDATE SET account = '', "
                "state = 'closing', due = excluded.due, request = NULL, said = excluded.said",
                (person, _text(self._now())),
            )

    def forget(self, person: str) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM copies WHERE person = ?", (person,))

    def asked(self, person: str, request: str) -> None:
        """TikTok makes a copy under this id: its webhook will name nothing else."""
        with self._db.write() as db:
            db.execute("UPDATE copies SET request = ? WHERE person = ?", (request, person))

    # --- decamp.service.notices.Connections -----------------------------------------------

    def of_request(self, request: str) -> str | None:
        rows = self._db.rows("SELECT person FROM copies WHERE request = ?", request)
        return rows[0][0] if rows else None

    def of_account(self, account: str) -> Sequence[str]:
        rows = self._db.rows("SELECT person FROM copies WHERE account = ?", account)
        return [person for (person,) in rows]

    def wake(self, key: str) -> None:
        with self._db.write() as db:
            db.execute(
                "UPDATE copies SET due = ? WHERE person = ? AND state = 'waiting'",
                (_text(self._now()), key),
            )

    def stop(self, key: str, reason: str) -> None:
        said = f"Stopped: the permission at TikTok is gone ({reason}). Connect again to go on."
        with self._db.write() as db:
            db.execute(
                "UPDATE copies SET state = 'stopped', due = NULL, said = ? "
                "WHERE person = ? AND state != 'closing'",
                (said, key),
            )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
