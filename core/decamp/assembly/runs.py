"""Carries out what was typed: a transfer, or the plan of one."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

from attrs import frozen

from decamp.assembly.naming import (
    chosen,
    close,
    created,
    find_destination,
    find_source,
    require_text,
    run_id,
)
from decamp.credentials import SecretStore
from decamp.engine import Ask, Engine, Job, Selection, Settings, nobody
from decamp.engine.peoplechoice import require_way
from decamp.errors import ConfigError
from decamp.events import Emit
from decamp.home import Home
from decamp.journal import Journal
from decamp.media import MediaFetcher, MediaFolder
from decamp.model import Blob, Item, Missing
from decamp.registry import Registry
from decamp.spec import (
    ExporterSpec,
    ImporterSpec,
)

__all__ = ["Request", "plan", "transfer"]


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
    refresh: bool = False
    consolidate: bool = False
    wait: bool = True
    command: str = "transfer"
    allowed: tuple[tuple[str, int], ...] = ()
    """Loopback addresses that media may come from; only a sandbox names any."""


def transfer(
    request: Request,
    *,
    registry: Registry,
    home: Home,
    emit: Emit,
    stop: threading.Event,
    ask: Ask = nobody,
) -> dict[str, Any]:
    """Carry out a transfer.

    Args:
        request: What was typed.
        registry: All plugins.
        home: Where decamp keeps its files.
        emit: Takes what happens.
        stop: Asks the run to stop, once it is set.
        ask: Asks a person what only a person can know; by default nobody is there.

    Returns:
        The receipt. What went wrong in the run stands in it.

    Raises:
        TransferError: The request itself cannot be understood, or the journal not opened.
    """
    run = run_id()
    with ExitStack() as stack:
        parts = _Parts.of(request, registry)
        scratch = stack.enter_context(home.scratch(run))
        journal = Journal.open(home.journal)
        stack.callback(journal.close)
        return _run(
            request,
            parts,
            run,
            journal,
            scratch,
            SecretStore(home.folder),
            home.lock,
            emit,
            stop,
            ask,
            dry_run=False,
        )


def plan(
    request: Request, *, registry: Registry, home: Home, emit: Emit, stop: threading.Event
) -> dict[str, Any]:
    """Find out what a transfer would do, and change nothing anywhere.

    Raises:
        TransferError: The request itself cannot be understood, or the journal not opened.
    """
    with ExitStack() as stack:
        parts = _Parts.of(request, registry)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="decamp-plan-")))
        journal = Journal.open_copy(home.journal, scratch)
        stack.callback(journal.close)
        return _run(
            request, parts, run_id(), journal, scratch, SecretStore(home.folder),
            lambda name: nullcontext(), emit, stop, nobody, dry_run=True,
        )  # fmt: skip


@frozen
class _Parts:
    """Both plugins of a transfer, with their settings."""

    exporter: ExporterSpec[Any]
    exporter_config: Any
    importer: ImporterSpec[Any]
    importer_config: Any
    selection: Selection

    @classmethod
    def of(cls, request: Request, registry: Registry) -> _Parts:
        require_text(request.source, request.destination, request.account or "")
        require_way(request.people)
        selection = Selection.parse(request.kinds, request.since, request.until, request.limit)
        for option in request.options:
            if not option.startswith(("from.", "to.")) or "=" not in option:
                raise ConfigError(
                    f"The option {option!r} is not understood.",
                    hint="Write from.KEY=VALUE for the source or to.KEY=VALUE for the destination.",
                )
        exporter, exporter_config = find_source(
            request.source, chosen(request.options, "from"), registry
        )
        importer, importer_config = find_destination(
            request.destination, chosen(request.options, "to"), registry
        )
        return cls(exporter, exporter_config, importer, importer_config, selection)


def _run(
    request: Request,
    parts: _Parts,
    run: str,
    journal: Journal,
    scratch: Path,
    store: SecretStore,
    lock: Callable[[str], AbstractContextManager[None]],
    emit: Emit,
    stop: threading.Event,
    ask: Ask,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    with ExitStack() as stack:
        exporter = created(parts.exporter, parts.exporter_config, scratch)
        stack.callback(close, exporter)
        importer = created(parts.importer, parts.importer_config, scratch)
        folder = getattr(parts.exporter_config, "media", None)
        media = _Media(scratch, request.allowed, folder, stop)
        stack.callback(media.close)
        engine = Engine(
            Job(
                id=run,
                command=request.command,
                exporter_spec=parts.exporter,
                exporter=exporter,
                importer_spec=parts.importer,
                importer=importer,
                source=request.source,
                selection=parts.selection,
                account=request.account,
                people=request.people,
                refresh=request.refresh,
                consolidate=request.consolidate,
                dry_run=dry_run,
            ),
            Settings(
                journal=journal,
                scratch=scratch,
                fetch=media.fetch,
                release=media.release,
                lock=lock,
                emit=emit,
                stop=stop,
                wait=request.wait,
                ask=ask,
                secrets=store,
            ),
        )
        return engine.run()


class _Media:
    """The media service, built when the first link is met: httpx is slow to import."""

    def __init__(
        self,
        scratch: Path,
        allowed: tuple[tuple[str, int], ...],
        folder: Path | None,
        stop: threading.Event,
    ) -> None:
        self._scratch, self._allowed, self._stop = scratch, allowed, stop
        self._folder = MediaFolder(folder) if folder is not None else None
        self._lock = threading.Lock()
        self._fetcher: MediaFetcher | None = None

    def fetch(self, blob: Blob, item: Item) -> Blob | Missing:
        with self._lock:
            if self._fetcher is None:
                self._fetcher = MediaFetcher.open(
                    self._scratch, allowed=self._allowed, folder=self._folder, stop=self._stop
                )
        return self._fetcher.fetch(blob, item)

    def release(self, item: Item) -> None:
        if self._fetcher is not None:
            self._fetcher.release(item)

    def close(self) -> None:
        if self._fetcher is not None:
            self._fetcher.close()
