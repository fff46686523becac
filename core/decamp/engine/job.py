"""What one run is to do, and what it works with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen

from decamp.auth import Grant
from decamp.credentials import NoSecrets, Secrets
from decamp.engine.clock import now, pause
from decamp.engine.delivery.calls import Fetch
from decamp.engine.judging.audience import PUBLIC
from decamp.engine.selection import Selection
from decamp.events import Emit
from decamp.journal import Journal
from decamp.model import Blob, Item
from decamp.spec import Exporter, ExporterSpec, Importer, ImporterSpec

__all__ = ["Ask", "Job", "Look", "Settings", "nobody", "nothing_here"]

Ask = Callable[[str], bool | None]
"""Asks a person a question that has yes or no for an answer; None if nobody is there."""


Look = Callable[[Blob, Item], Blob | None]
"""Finds what a linked blob has here already, without reading it; None if nothing is here."""


def nobody(question: str) -> bool | None:  # noqa: ARG001
    """Answer no question: nobody is there."""
    return None


def nothing_here(blob: Blob, item: Item) -> None:
    """Find nothing."""


@frozen
class Job:
    """What is to be done: ready plugins, and what was asked for."""

    id: str
    command: str
    exporter_spec: ExporterSpec[Any]
    exporter: Exporter
    importer_spec: ImporterSpec[Any]
    importer: Importer
    source: str
    """For people: the path or address that was named."""
    selection: Selection = field(factory=Selection)
    account: str | None = None
    people: str | None = None
    """What becomes of other people's names; None: as the route has it."""
    refresh: bool = False
    """Send corrections of a better mapping too."""
    audiences: frozenset[str] = PUBLIC
    """Posts for whom may go to a destination that is public."""
    consolidate: bool = False
    """Cut all rows anew, also those that a bundle brings in segments of its own."""
    dry_run: bool = False
    grant: Grant | None = None
    """What the person granted, if the source is a service."""
    connect: str = ""
    """The command by which the person grants it again, if there is one."""


@frozen
class Settings:
    """The engine's surroundings."""

    journal: Journal
    scratch: Path
    copies: Path
    """Where downloaded copies lie, beyond this run."""
    fetch: Fetch
    release: Callable[[Item], None]
    lock: Callable[[str], AbstractContextManager[None]]
    """Holds a destination for this process; raises `Locked`."""
    emit: Emit
    stop: threading.Event
    writes: Callable[[], object] = lambda: None
    """Told before the destination is first changed: until then it was only looked at."""
    wait: bool = True
    patience: float = 1800.0
    look: Look = nothing_here
    ask: Ask = nobody
    secrets: Secrets = field(factory=NoSecrets)
    now: Callable[[], datetime] = now
    pause: Callable[[float, threading.Event], None] = pause
    """Waits for so many seconds; a stop ends it."""
