"""What a run did, put together as one document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from decamp import __version__
from decamp.auth import Grant
from decamp.errors import NotReady, TransferError
from decamp.filesystems import is_network
from decamp.journal import Standing
from decamp.model import Account, Destination
from decamp.report.verdict import Table, proof_of, total, verdict_of
from decamp.validation import require_valid

__all__ = ["Counts", "Run", "report"]

_INTERRUPTED = 130
LISTED = 2_000
"""The most entries of a list; the journal knows the others too."""
_UNSETTLED = ("failed", "incomplete", "conflict", "unknown", "rejected", "held")


class Counts(Protocol):
    """What the engine counted; see `decamp.engine.tally`."""

    segments: Any
    problems: list[dict[str, Any]]
    missing: list[dict[str, Any]]
    unlisted: Any
    vanished: list[str]
    links: int
    links_expired: int
    links_until: str
    media_count: int
    media_bytes: int
    lost: dict[str, dict[str, Any]]
    losses: list[dict[str, Any]]
    changes: list[dict[str, str]]
    further: int

    def as_json(self) -> dict[str, dict[str, int]]:
        """Give the counts per kind."""
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
    standing: Standing | None = None
    """How things stand on the route; None if that is not known."""
    grant: Grant | None = None
    """What the person granted, if the source is a service."""
    public: bool = False
    audiences: tuple[str, ...] = ()
    finish: str = ""
    """When a transfer would end, if budgets make it wait, RFC 3339."""


def report(run: Run, counts: Counts) -> dict[str, Any]:
    """Make the receipt of a transfer, or the plan of a dry run."""
    table = _with_doubtful_rows(counts.as_json(), run.standing)
    exit_code = _exit_code(run, table)
    document: dict[str, Any] = {
        "version": __version__,
        "run": run.job,
        "state": _state(run, exit_code),
        "exit_code": exit_code,
        "source": _source(run),
        "destination": _destination(run),
        "asked": run.selection,
        "people": run.people,
        "started": run.started,
        "ended": run.ended,
        "counts": table,
        "problems": counts.problems,
        "unlisted": {name: counts.unlisted[name] for name in ("problems", "missing")},
        "losses": {
            "sums": list(counts.lost.values()),
            "items": counts.losses,
            "unlisted": counts.unlisted["losses"],
        },
    }
    if run.error is not None:
        document["error"] = _error(run.error)
    document |= _planned(run, counts) if run.dry_run else _done(run, counts, table)
    require_valid("plan" if run.dry_run else "receipt", document)
    return document


def _source(run: Run) -> dict[str, Any]:
    names = list(run.account.names) or ([run.given_account] if run.given_account else [])
    source: dict[str, Any] = {"plugin": run.source_plugin, "title": run.source, "account": names}
    if run.as_of:
        source["as_of"] = run.as_of
    if run.fingerprint:
        source["fingerprint"] = run.fingerprint
    return source


def _destination(run: Run) -> dict[str, str]:
    destination = {"plugin": run.destination_plugin}
    if run.destination is not None:
        destination |= {
            "id": run.destination.id,
            "title": run.destination.title,
            "where": _where(run.destination.id),
        }
    return destination


def _planned(run: Run, counts: Counts) -> dict[str, Any]:
    """Tell what only a plan has."""
    media: dict[str, Any] = {
        "links": counts.links,
        "expired": counts.links_expired,
        "here": counts.media_count,
        "bytes": counts.media_bytes,
    }
    if counts.links_until:
        media["until"] = counts.links_until
    planned: dict[str, Any] = {"media": media, "public": run.public}
    if run.public:
        planned["audience"] = list(run.audiences)
    planned["changes"] = counts.changes
    if counts.further:
        planned["further"] = counts.further
    if run.finish:
        planned["finish"] = run.finish
    return planned


def _done(run: Run, counts: Counts, table: Table) -> dict[str, Any]:
    """Tell what only a receipt has."""
    done: dict[str, Any] = {
        "segments": dict(counts.segments),
        "media": {
            "stored": counts.media_count,
            "bytes": counts.media_bytes,
            "missing": counts.missing,
        },
        "verdict": verdict_of(
            table,
            run.standing,
            run.omits,
            people=run.people,
            ended=run.error is None,
            vanished=len(counts.vanished),
        ),
        "proof": proof_of(table, run.standing, run.ended, run.as_of, whole=run.error is None),
        "consent": _consent(run),
    }
    if counts.vanished:
        done["vanished"] = {"count": len(counts.vanished), "items": counts.vanished[:LISTED]}
    return done


def _error(error: BaseException) -> dict[str, str]:
    if isinstance(error, TransferError):
        told = {"code": error.code, "message": error.message, "hint": error.hint}
        return told | ({"until": _stamp(error.until)} if isinstance(error, NotReady) else {})
    return {
        "code": "interrupted",
        "message": "The run was interrupted.",
        "hint": "Run the same command again to continue.",
    }


def _with_doubtful_rows(table: Table, standing: Standing | None) -> Table:
    """Count in what only the journal knows: rows of former runs that are not settled.

    Their segment is not sent again, so the run itself took them for delivered.
    """
    if standing is not None:
        for column, rows in (("unknown", standing.doubtful), ("kept", standing.kept)):
            for kind, count in rows.items():
                columns = table.get(kind, {})
                if columns.get("found"):
                    columns[column] = max(count, columns.get(column, 0))
    return table


def _where(place: str) -> str:
    """Tell where a destination is: on this machine, mounted from another one, or elsewhere."""
    path = Path(place)
    if not path.is_absolute():
        return "elsewhere"
    return "network" if is_network(path) else "here"


def _consent(run: Run) -> dict[str, Any]:
    """Record whose will this was.

    Who got the file from the service and names it to decamp has given consent by that, for
    what was asked then. A service that decamp signs in to gives a grant of its own instead.
    """
    grant = run.grant
    if grant is None:
        return {"basis": "file", "named": run.source, "given": run.started, "asked": run.selection}
    consent: dict[str, Any] = {
        "basis": "authorization",
        "named": run.source,
        "given": _stamp(grant.since),
        "asked": run.selection,
        "scopes": sorted(grant.asked),
        "granted": sorted(grant.scopes),
    }
    return consent | ({"until": _stamp(grant.until)} if grant.until else {})


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _exit_code(run: Run, table: Mapping[str, Mapping[str, int]]) -> int:
    if isinstance(run.error, TransferError):
        return run.error.exit_code
    if run.error is not None:
        return _INTERRUPTED
    return 3 if any(total(table, column) for column in _UNSETTLED) and not run.dry_run else 0


def _state(run: Run, exit_code: int) -> str:
    if isinstance(run.error, TransferError):
        return "waiting" if run.error.reaction == "wait" else "stopped"
    if run.error is not None:
        return "interrupted"
    return "partial" if exit_code else "done"
