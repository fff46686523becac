"""Carries out what was typed: a transfer, or the plan of one."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from decamp.assembly.making import SignedIn, configured, created, made
from decamp.assembly.naming import (
    Source,
    Target,
    chosen,
    find_destination,
    find_source,
    require_text,
)
from decamp.assembly.signedin import signed_in, simulator_of
from decamp.credentials import SecretStore
from decamp.engine import Ask, Engine, Job, Selection, Settings, nobody, nothing_here
from decamp.engine.clock import now
from decamp.engine.judging.audience import widened
from decamp.engine.people.choice import require_way
from decamp.errors import ConfigError
from decamp.events import Emit
from decamp.home import Home
from decamp.journal import Journal
from decamp.media import SPOOL_BYTES, MediaFetcher, MediaFolder
from decamp.model import Blob, Item, Missing
from decamp.registry import Registry
from decamp.stops import LookingStop

__all__ = ["Request", "SignIn", "is_public", "plan", "transfer"]

SignIn: TypeAlias = Callable[[Source], AbstractContextManager[SignedIn | None]]
"""Opens the sign-in that a source needs."""


@frozen(kw_only=True)
class Request:
    """What was typed."""

    source: str
    destination: str
    kinds: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    options: tuple[str, ...] = ()
    """``from.KEY=VALUE`` for the source, ``to.KEY=VALUE`` for the destination."""
    account: str | None = None
    people: str | None = None
    """What becomes of other people's names: ``keep``, ``alias`` or ``drop``."""
    audiences: tuple[str, ...] = ()
    """Posts that are not public but may go to a destination that is: ``friends``, ``private``
    or ``unknown``."""
    refresh: bool = False
    consolidate: bool = False
    wait: bool = True
    command: str = "transfer"
    allowed: tuple[tuple[str, int], ...] = ()
    """Loopback addresses that media may come from; only a sandbox names any."""


def is_public(request: Request, registry: Registry, home: Home) -> bool:
    """Tell whether what is written at the destination can be seen by others.

    Raises:
        TransferError: The request itself cannot be understood.
    """
    parts = _Parts.of(request, registry, home)
    return configured(parts.target.spec, parts.target.config).capabilities.public


def transfer(
    request: Request,
    *,
    registry: Registry,
    home: Home,
    emit: Emit,
    stop: threading.Event,
    ask: Ask = nobody,
    sign_in: SignIn | None = None,
    now: Callable[[], datetime] = now,
) -> dict[str, Any]:
    """Carry out a transfer.

    Args:
        request: What was typed.
        registry: All plugins.
        home: Where decamp keeps its files.
        emit: Takes what happens.
        stop: Asks the run to stop, once it is set.
        ask: Asks a person what only a person can know; by default nobody is there.
        sign_in: Opens the sign-in of the source; by default that of its connection.
        now: The time, aware and in UTC.

    Returns:
        The receipt. What went wrong in the run stands in it.

    Raises:
        TransferError: The request itself cannot be understood, or the journal not opened.
    """
    run = _run_id()
    with ExitStack() as stack:
        parts = _Parts.of(request, registry, home)
        scratch = stack.enter_context(home.scratch(run))
        journal = Journal.open(home.journal)
        stack.callback(journal.close)
        around = _Surroundings(
            run=run,
            home=home,
            journal=journal,
            scratch=scratch,
            lock=home.lock,
            emit=emit,
            stop=stop,
            ask=ask,
            sign_in=sign_in or partial(signed_in, home=home, stop=stop),
            now=now,
            dry_run=False,
        )
        return _run(request, parts, around)


def plan(
    request: Request, *, registry: Registry, home: Home, emit: Emit, stop: threading.Event
) -> dict[str, Any]:
    """Find out what a transfer would do, and change nothing anywhere.

    Raises:
        TransferError: The request itself cannot be understood, or the journal not opened.
    """
    with ExitStack() as stack:
        parts = _Parts.of(request, registry, home)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="decamp-plan-")))
        journal = Journal.open_copy(home.journal, scratch)
        stack.callback(journal.close)
        around = _Surroundings(
            run=_run_id(),
            home=home,
            journal=journal,
            scratch=scratch,
            lock=lambda name: nullcontext(),
            emit=emit,
            stop=stop,
            ask=nobody,
            sign_in=partial(signed_in, home=home, stop=stop),
            now=now,
            dry_run=True,
        )
        return _run(request, parts, around)


@frozen(kw_only=True)
class _Surroundings:
    """Where a run works, and whom it tells. A plan works on a copy, and locks nothing."""

    run: str
    home: Home
    journal: Journal
    scratch: Path
    lock: Callable[[str], AbstractContextManager[None]]
    emit: Emit
    stop: threading.Event
    ask: Ask
    sign_in: SignIn
    now: Callable[[], datetime]
    dry_run: bool


@frozen
class _Parts:
    """Both plugins of a transfer, with their settings."""

    source: Source
    target: Target
    selection: Selection

    @classmethod
    def of(cls, request: Request, registry: Registry, home: Home) -> _Parts:
        require_text(request.source, request.destination, request.account or "")
        require_way(request.people)
        widened(request.audiences)
        selection = Selection.parse(request.kinds, request.since, request.until, request.limit)
        for option in request.options:
            if not option.startswith(("from.", "to.")) or "=" not in option:
                raise ConfigError(
                    f"The option {option!r} is not understood.",
                    hint="Write from.KEY=VALUE for the source or to.KEY=VALUE for the destination.",
                )
        source = find_source(request.source, chosen(request.options, "from"), registry, home)
        target = find_destination(
            request.destination, chosen(request.options, "to"), registry, home
        )
        return cls(source, target, selection)


def _run(request: Request, parts: _Parts, around: _Surroundings) -> dict[str, Any]:
    """Make both plugins, and let the engine run between them."""
    source, target = parts.source, parts.target
    home, scratch, stop, now = around.home, around.scratch, around.stop, around.now
    with ExitStack() as stack:
        signed = stack.enter_context(around.sign_in(source))
        exporter = stack.enter_context(
            made(source.spec, source.config, scratch, signed, home, now, stop)
        )
        # What is on its way there is finished: a stop ends requests only before that, and pauses.
        looking = LookingStop(stop)
        there = stack.enter_context(signed_in(target, home, looking))
        importer = created(target.spec, target.config, scratch, there, home, now, stop)
        capable = configured(target.spec, target.config)
        named = getattr(source.config, "media", None)
        folder = MediaFolder(named) if named is not None else None
        media = _Media(
            partial(
                MediaFetcher.open,
                scratch,
                allowed=request.allowed + (signed.here if signed else simulator_of(source)),
                folder=folder,
                stop=stop,
                now=now,
                spool_bytes=_room(scratch) if capable.capabilities.budgets else SPOOL_BYTES,
            )
        )
        stack.callback(media.close)
        job = Job(
            id=around.run,
            command=request.command,
            exporter_spec=source.spec,
            exporter=exporter,
            importer_spec=capable,
            importer=importer,
            source=request.source,
            selection=parts.selection,
            account=request.account,
            people=request.people,
            refresh=request.refresh,
            audiences=widened(request.audiences),
            consolidate=request.consolidate,
            dry_run=around.dry_run,
            grant=signed.grant if signed else None,
            connect=signed.connect if signed else "",
        )
        settings = Settings(
            journal=around.journal,
            scratch=scratch,
            copies=home.copies,
            fetch=media.fetch,
            release=media.release,
            look=folder.look if folder is not None else nothing_here,
            lock=around.lock,
            emit=around.emit,
            stop=stop,
            writes=looking.over,
            wait=request.wait,
            ask=around.ask,
            secrets=SecretStore(home.folder),
            now=now,
        )
        return Engine(job, settings).run()


def _run_id() -> str:
    """Name a run: when it started, and enough chance to be alone."""
    return f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _room(scratch: Path) -> int:
    """Tell how much may be fetched ahead for a destination that makes a run wait."""
    return max(SPOOL_BYTES, shutil.disk_usage(scratch).free * 4 // 5)


class _Media:
    """The media service, built when the first link is met: httpx is slow to import."""

    def __init__(self, opened: Callable[[], MediaFetcher]) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._fetcher: MediaFetcher | None = None

    def fetch(self, blob: Blob, item: Item) -> Blob | Missing:
        with self._lock:
            if self._fetcher is None:
                self._fetcher = self._opened()
        return self._fetcher.fetch(blob, item)

    def release(self, item: Item) -> None:
        if self._fetcher is not None:
            self._fetcher.release(item)

    def close(self) -> None:
        if self._fetcher is not None:
            self._fetcher.close()
