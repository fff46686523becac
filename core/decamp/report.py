"""The receipt of a transfer and the plan of a dry run, as documents for programs.

Both validate against their schema. How they read for a person is the command line's part.
"""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen

from decamp.errors import TransferError
from decamp.model import Account, Destination
from decamp.validation import require_valid

__all__ = ["Counts", "Run", "report"]

_INTERRUPTED = 130
_UNSETTLED = ("failed", "incomplete", "conflict", "unknown", "rejected", "held")

_REASONS = {
    "failed": "could not be delivered",
    "incomplete": "went without some media",
    "conflict": "met something else at the destination",
    "unknown": "may or may not have arrived",
    "rejected": "did not fit a schema and stayed raw",
    "held": "were held back, because their media could not be had",
    "withheld": "had other values than what is there, which stayed",
    "superseded": "are there in a newer version, whose values stayed",
    "skipped": "had a kind that this destination does not take",
    "not_asked": "had not been asked for",
    "left_out": "had, or may have had, other people's data, which you asked to leave out",
    "trimmed": "lack what is about other people, which you asked to leave out",
}
"""How many of what, by column of the counts; rows count as items here."""


class Counts(Protocol):
    """What the engine counted; see `decamp.engine.tally`."""

    segments: Any
    problems: list[dict[str, Any]]
    missing: list[dict[str, str]]
    unlisted: Any
    links: int
    links_expired: int
    links_until: str
    media_count: int
    media_bytes: int

    def as_json(self) -> dict[str, dict[str, int]]:
        """Give the counts per kind."""
        ...

    def total(self, column: str) -> int:
        """Add up one column over all kinds."""
        ...


@frozen(kw_only=True)
class Run:
    """What is known about a run when it ends."""

    job: str
    command: str
    source_plugin: str
    source: str
    destination_plugin: str
    destination: Destination | None
    account: Account
    given_account: str | None
    as_of: str | None
    fingerprint: str
    omits: tuple[str, ...]
    selection: dict[str, Any]
    people: str = "keep"
    started: str
    ended: str
    dry_run: bool
    error: BaseException | None


def report(run: Run, counts: Counts) -> dict[str, Any]:
    """Make the receipt of a transfer, or the plan of a dry run."""
    exit_code = _exit_code(run, counts)
    names = list(run.account.names) or ([run.given_account] if run.given_account else [])
    source: dict[str, Any] = {"plugin": run.source_plugin, "title": run.source, "account": names}
    if run.as_of:
        source["as_of"] = run.as_of
    if run.fingerprint:
        source["fingerprint"] = run.fingerprint
    destination = {"plugin": run.destination_plugin}
    if run.destination is not None:
        destination |= {"id": run.destination.id, "title": run.destination.title}
    document: dict[str, Any] = {
        "run": run.job,
        "state": _state(run, exit_code),
        "exit_code": exit_code,
        "source": source,
        "destination": destination,
        "asked": run.selection,
        "people": run.people,
        "started": run.started,
        "ended": run.ended,
        "counts": counts.as_json(),
        "problems": counts.problems,
        "unlisted": {name: counts.unlisted[name] for name in ("problems", "missing")},
    }
    if run.error is not None:
        document["error"] = _error(run.error)
    if run.dry_run:
        document["media"] = {"links": counts.links, "expired": counts.links_expired}
        if counts.links_until:
            document["media"]["until"] = counts.links_until
        require_valid("plan", document)
        return document
    document |= {
        "segments": dict(counts.segments),
        "media": {
            "stored": counts.media_count,
            "bytes": counts.media_bytes,
            "missing": counts.missing,
        },
        "verdict": _verdict(run, counts),
        "consent": _consent(run),
    }
    require_valid("receipt", document)
    return document


def _error(error: BaseException) -> dict[str, str]:
    if isinstance(error, TransferError):
        return {"code": error.code, "message": error.message, "hint": error.hint}
    return {
        "code": "interrupted",
        "message": "The run was interrupted.",
        "hint": "Run the same command again to continue.",
    }


def _exit_code(run: Run, counts: Counts) -> int:
    if isinstance(run.error, TransferError):
        return run.error.exit_code
    if run.error is not None:
        return _INTERRUPTED
    return 3 if any(counts.total(column) for column in _UNSETTLED) and not run.dry_run else 0


def _state(run: Run, exit_code: int) -> str:
    if isinstance(run.error, TransferError):
        return "waiting" if run.error.reaction == "wait" else "stopped"
    if run.error is not None:
        return "interrupted"
    return "partial" if exit_code else "done"


def _count(counts: Counts, column: str) -> int:
    count = counts.total(column)
    return count - counts.total("left_out") if column == "not_asked" else count


def _verdict(run: Run, counts: Counts) -> dict[str, Any]:
    """Say whether everything in this export is at the destination, and why not."""
    reasons = [
        f"{count:,} {'item' if count == 1 else 'items'} {text}"
        for column, text in _REASONS.items()
        if (count := _count(counts, column))
    ]
    if run.error is not None:
        reasons.insert(0, "the run did not reach its end")
    return {
        "complete": not reasons,
        "reasons": reasons,
        "remarks": _remarks(counts),
        "proof": _PROOF,
        "never_exported": list(run.omits),
    }


_PROOF = (
    "The destination has confirmed each item, with the length and digest of its files as they "
    "were written. What became of them since, decamp verify tells."
)
"""What a yes rests on, and where it ends."""


def _remarks(counts: Counts) -> list[str]:
    """Say what makes a verdict no worse and still has to be known."""
    dead = sum(entry["code"] == "dead-on-arrival" for entry in counts.missing)
    if not dead:
        return []
    what = "1 file was" if dead == 1 else f"{dead:,} files were"
    return [f"{what} out of reach before the export was made; only the service has it"]


def _consent(run: Run) -> dict[str, Any]:
    """Record on whose word the data was moved.

    A file was got from the service by its owner, who handed it to decamp by naming it. A
    source that asks a service itself records there what was asked and granted.
    """
    return {"basis": "file", "named": run.source, "given": run.started, "asked": run.selection}
