"""Runs: each invocation, and what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from decamp.errors import ConfigError
from decamp.journal.codec import run_from_row
from decamp.journal.database import Database
from decamp.journal.values import RunRecord

__all__ = ["Runs"]

_CANDIDATES = 5

_RUN = (
    "id, route, command, state, started, ended, source, destination, fingerprint, "
    "exit_code, report, pid, as_of, newest_before, names_before"
)

_json = msgspec.json.encode


class Runs(Database):
    """The part of the journal about runs."""

    def start_run(self, run: RunRecord) -> None:
        """Record that a run has started; once more when it is known which export it reads."""
        with self._write() as db:
            db.execute(
                f"INSERT INTO runs ({_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', NULL) "
                "ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint",
                (
                    *(run.id, run.route, run.command, run.state, run.started, run.ended),
                    *(run.source, run.destination, run.fingerprint, run.exit_code),
                    *(None, run.pid),
                ),
            )

    def bind_run(
        self, run: str, route: int, as_of: str = "", names_before: Sequence[str] = ()
    ) -> None:
        """Remember the route of a run, once it is known.

        Args:
            as_of: From when its export is.
            names_before: By which names the destination knew the account before this run.
        """
        with self._write() as db:
            db.execute(
                "UPDATE runs SET route = ?, as_of = ?, newest_before = coalesce("
                "(SELECT newest FROM routes WHERE routes.id = ?), ''), names_before = ? WHERE id = ?",
                (route, as_of, route, _json(names_before).decode(), run),
            )

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
        """List runs, the latest first, whatever the clock said meanwhile."""
        rows = self._read(
            f"SELECT {_RUN} FROM runs WHERE substr(id, 1, ?) = ? AND (? IS NULL OR route = ?) "
            "ORDER BY rowid DESC",
            *(len(prefix), prefix, route, route),
        )
        return [run_from_row(row) for row in rows]

    def run(self, prefix: str) -> RunRecord:
        """Find a run by its id, or by the beginning of it.

        Raises:
            ConfigError: There is none, or there are several.
        """
        runs = self.runs(prefix)
        exact = [run for run in runs if run.id == prefix]
        if not runs:
            raise ConfigError(f"There is no run {prefix!r}.", hint="See all runs: decamp runs")
        if len(runs) > 1 and not exact:
            names = ", ".join(run.id for run in runs[:_CANDIDATES])
            raise ConfigError(
                f"{len(runs)} runs begin with {prefix!r}.", hint=f"Say more of the id: {names}"
            )
        return (exact or runs)[0]
