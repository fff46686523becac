"""Earlier runs, and whether one is still going."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from decamp.cli.words import moment, plural
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.journal import Journal, RunRecord

__all__ = ["NO_RUNS", "as_json", "find_run", "going_run", "list_runs", "proofs_of", "state_of"]

NO_RUNS = "decamp has not moved anything on this computer yet."
_CANDIDATES = 5


def list_runs(home: Home, prefix: str = "") -> list[RunRecord]:
    """List runs, newest first. Makes no journal where there is none."""
    if not home.journal.exists():
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
    runs = list_runs(home, prefix)
    exact = [run for run in runs if run.id == prefix]
    if not runs:
        raise ConfigError(
            f"There is no run {prefix!r}." if prefix else NO_RUNS,
            hint="See all runs: decamp runs" if prefix else "Start with: decamp demo",
        )
    if prefix and len(runs) > 1 and not exact:
        names = ", ".join(run.id for run in runs[:_CANDIDATES])
        raise ConfigError(
            f"{len(runs)} runs begin with {prefix!r}.", hint=f"Say more of the id: {names}"
        )
    return exact[0] if exact else runs[0]


def proofs_of(home: Home, run: RunRecord) -> list[str]:
    """Say when what a run's destination holds was last looked at, and how closely."""
    if run.route is None:
        return []
    journal = Journal.open(home.journal)
    try:
        proofs = journal.proofs(run.route)
    finally:
        journal.close()
    return [
        f"Looked at by decamp verify: {plural(count, 'item')} {_LEVELS[proof]}, "
        f"{moment(oldest)} or later."
        for proof, (count, oldest) in sorted(proofs.items())
        if proof in _LEVELS
    ]


_LEVELS = {
    "exists": "there",
    "size": "there, with the right length",
    "digest": "there, byte for byte",
}


def state_of(run: RunRecord, home: Home) -> str:
    """Tell the state of a run: as recorded, or ``dead`` if it ended without saying so."""
    if run.state == "running" and not _alive(home.tmp / run.id):
        return "dead"
    return run.state


def _alive(scratch: Path) -> bool:
    """Tell whether a process holds the lock of a run's folder; see `Home.scratch`.

    A lock, unlike a process id, cannot be taken over by an unrelated process.
    """
    if not scratch.is_dir():
        return False
    try:
        with FileLock(scratch / ".lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # swept away at this very moment


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
