"""Earlier runs, and whether one is still going."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from decamp.errors import ConfigError
from decamp.home import Home, is_held
from decamp.journal import Journal, RunRecord
from decamp.report.verdict import read_back

__all__ = ["NO_RUNS", "as_json", "find_run", "going_run", "list_runs", "receipt_of", "state_of"]

NO_RUNS = "decamp has not moved anything on this computer yet."


def list_runs(home: Home, prefix: str = "") -> list[RunRecord]:
    """List runs, newest first. Makes no journal where there is none."""
    if not Journal.exists(home.journal):
        return []
    journal = Journal.open(home.journal)
    try:
        return journal.runs(prefix)
    finally:
        journal.close()


def going_run(home: Home) -> RunRecord | None:
    """Find the latest of the runs that are going on now."""
    return next((run for run in list_runs(home) if state_of(run, home) == "running"), None)


def find_run(home: Home, prefix: str = "") -> RunRecord:
    """Find a run by the beginning of its id, or the latest.

    Raises:
        ConfigError: There is none, or there are several.
    """
    if not Journal.exists(home.journal):
        raise _no_runs()
    with closing(Journal.open(home.journal)) as journal:
        if prefix:
            return journal.run(prefix)
        latest = next(iter(journal.runs()), None)
    if latest is None:
        raise _no_runs()
    return latest


def _no_runs() -> ConfigError:
    return ConfigError(NO_RUNS, hint="Start with: decamp demo")


def receipt_of(home: Home, run: RunRecord) -> dict[str, Any] | None:
    """Give the receipt of a run, with what was read back until now; None if it has none."""
    if run.report is None:
        return None
    receipt = dict(run.report)
    if run.route is None or "proof" not in receipt:
        return receipt
    journal = Journal.open(home.journal)
    try:
        proofs = journal.proofs(run.route)
    finally:
        journal.close()
    held = sum(count for count, _ in proofs.values())
    return receipt | {"proof": receipt["proof"] | {"held": held, "read_back": read_back(proofs)}}


def state_of(run: RunRecord, home: Home) -> str:
    """Tell the state of a run: as recorded, or ``dead`` if it ended without saying so."""
    if run.state == "running" and not is_held(home.tmp / run.id / ".lock"):
        return "dead"
    return run.state


def as_json(run: RunRecord, home: Home) -> dict[str, Any]:
    """Describe a run, valid as an entry of ``runs.schema.json``."""
    return {
        "run": run.id,
        "state": state_of(run, home),
        "command": run.command,
        "source": run.source,
        "destination": run.destination,
        "started": run.started,
        "ended": run.ended,
        "exit_code": run.exit_code,
    }
