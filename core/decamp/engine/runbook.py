"""The run in the journal: that it began, how it ended, and how things stand on its route."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from decamp.engine.job import Job
from decamp.errors import TransferError
from decamp.journal import Journal, Route, RunRecord, Standing
from decamp.model import Destination

__all__ = ["record_end", "record_start", "standing_of"]


def record_start(
    journal: Journal, job: Job, destination: Destination, started: str, fingerprint: str = ""
) -> None:
    """Record that a run has begun.

    Args:
        journal: Where.
        job: What it is to do.
        destination: As it is now.
        started: RFC 3339.
        fingerprint: Of the copy, if it is known yet.
    """
    journal.start_run(
        RunRecord(
            id=job.id,
            route=None,
            command=job.command,
            state="running",
            started=started,
            ended=None,
            source=job.source,
            destination=destination.title,
            fingerprint=fingerprint if job.selection.everything else "",
            exit_code=None,
            report=None,
            pid=os.getpid(),
        )
    )


def record_end(journal: Journal, run: str, document: dict[str, Any]) -> None:
    """Record how a run ended; on a full disk it ends with its own error all the same."""
    with suppress(TransferError):
        journal.end_run(run, document["state"], document["ended"], document["exit_code"], document)


def standing_of(journal: Journal, route: Route | None) -> Standing | None:
    """Tell how things stand; None if that is not known, and then nothing is proved."""
    with suppress(TransferError):
        if route is not None:
            return journal.standing(route.id)
    return None
