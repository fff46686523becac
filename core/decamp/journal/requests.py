"""Copies that were asked for: what is open, what is here, and who still waits for it."""

from __future__ import annotations

from typing import Any

from decamp.journal.database import Database
from decamp.journal.values import RequestRecord, RequestStep

__all__ = ["Requests"]

_REQUEST = "number, source, account, consent, single, title, asked, id, state, changed, until"


class Requests(Database):
    """The part of the journal about requests.

    Asking may use up what a person granted, so what is written here survives a power cut too.
    """

    def intend_request(
        self, source: str, account: str, consent: str, *, single: bool, title: str, now: str
    ) -> int:
        """Record that a copy is about to be asked for.

        Args:
            source: Name of the source's plugin.
            account: The account's id at the service.
            consent: When the person agreed, RFC 3339.
            single: Asking uses up what was granted.
            title: As the source was named.
            now: RFC 3339.

        Returns:
            The number of the request.
        """
        with self._durable(), self._write() as db:
            number = db.execute(
                "INSERT INTO requests (source, account, consent, single, title, asked, state, "
                "changed) VALUES (?, ?, ?, ?, ?, ?, 'asking', ?)",
                (source, account, consent, int(single), title, now, now),
            ).lastrowid
            assert number is not None
        return number

    def answer_request(self, number: int, request_id: str, now: str) -> None:
        """Record the id that a service has given to a request.

        Earlier ones of the account whose answer was lost are in doubt no longer.
        """
        with self._durable(), self._write() as db:
            db.execute(
                "UPDATE requests SET id = ?, state = 'open', changed = ? WHERE number = ?",
                (request_id, now, number),
            )
            db.execute(
                "UPDATE requests SET state = 'lost', changed = ? WHERE state = 'asking' AND "
                "number < ? AND (source, account) = "
                "(SELECT source, account FROM requests WHERE number = ?)",
                (now, number, number),
            )

    def drop_request(self, number: int) -> None:
        """Forget a request that was surely never taken."""
        with self._durable(), self._write() as db:
            db.execute("DELETE FROM waiters WHERE request = ?", (number,))
            db.execute("DELETE FROM requests WHERE number = ?", (number,))

    def set_request(self, number: int, step: RequestStep, now: str, until: str = "") -> None:
        """Record how far a request is; the time changes only with the step."""
        with self._durable(), self._write() as db:
            db.execute(
                "UPDATE requests SET changed = CASE state WHEN ? THEN changed ELSE ? END, "
                "state = ?, until = CASE ? WHEN '' THEN until ELSE ? END WHERE number = ?",
                (step, now, step, until, until, number),
            )

    def requests(self, source: str = "", account: str | None = None) -> list[RequestRecord]:
        """List requests, oldest first: all, those of a source, or those of one account."""
        rows = self._read(
            f"SELECT {_REQUEST} FROM requests WHERE (? = '' OR source = ?) "
            "AND (? IS NULL OR account = ?) ORDER BY number",
            *(source, source, account, account),
        )
        return [_record(row) for row in list(rows)]

    def wait_for_request(self, number: int, destination: str, place: str) -> None:
        """Remember that the data of a request is to go there."""
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO waiters VALUES (?, ?, ?, 0)", (number, destination, place)
            )

    def has_request(self, number: int, destination: str, place: str) -> bool | None:
        """Tell whether a destination has the data of a request; None if it never waited."""
        found = self._read(
            "SELECT done FROM waiters WHERE request = ? AND destination = ? AND place = ?",
            *(number, destination, place),
        )
        row = next(found, None)
        return None if row is None else bool(row[0])

    def bring_request(self, number: int, destination: str, place: str) -> None:
        """Record that a destination has the data of a request."""
        with self._durable(), self._write() as db:
            db.execute(
                "UPDATE waiters SET done = 1 WHERE request = ? AND destination = ? AND place = ?",
                (number, destination, place),
            )

    def leave_request(self, number: int, destination: str, place: str) -> None:
        """Forget that the data of a request was to go there."""
        with self._write() as db:
            db.execute(
                "DELETE FROM waiters WHERE request = ? AND destination = ? AND place = ?",
                (number, destination, place),
            )

    def waiters(self, number: int) -> tuple[int, int]:
        """Count the destinations that wait for the data of a request, and those that have it."""
        [(waiting, done)] = self._read(
            "SELECT count(*) FILTER (WHERE NOT done), count(*) FILTER (WHERE done) FROM waiters "
            "WHERE request = ?",
            number,
        )
        return int(waiting), int(done)


def _record(row: tuple[Any, ...]) -> RequestRecord:
    number, source, account, consent, single, title, asked, request_id, step, changed, until = row
    return RequestRecord(
        number=number,
        source=source,
        account=account,
        consent=consent,
        single=bool(single),
        title=title,
        asked=asked,
        id=request_id,
        step=step,
        changed=changed,
        until=until,
    )
