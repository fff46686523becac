"""Turns what was typed into a ready engine: names and options to plugins, and one run."""

from __future__ import annotations

import logging
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path, PureWindowsPath
from typing import Any, TypeVar

from attrs import frozen

from decamp.credentials import SecretStore
from decamp.engine import Engine, Job, Selection, Settings
from decamp.engine.clock import now
from decamp.engine.peoplechoice import require_way
from decamp.errors import ConfigError, PluginError, SourceUnreadable, TransferError
from decamp.events import Emit
from decamp.home import Home
from decamp.journal import Journal
from decamp.media import MediaFetcher, MediaFolder
from decamp.model import Blob, Item, Missing
from decamp.options import build_config, describe
from decamp.registry import Registry
from decamp.spec import (
    Closes,
    Context,
    ExporterSpec,
    ImporterSpec,
    Inspects,
    SandboxSession,
)
from decamp.validation import encodable

__all__ = ["Request", "inspect", "plan", "sandboxed", "transfer"]

_log = logging.getLogger("decamp")
_WEB = ("http", "https")
P = TypeVar("P")


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
    request: Request, *, registry: Registry, home: Home, emit: Emit, stop: threading.Event
) -> dict[str, Any]:
    """Carry out a transfer.

    Returns:
        The receipt. What went wrong in the run stands in it.

    Raises:
        TransferError: The request itself cannot be understood, or the journal not opened.
    """
    run = _run_id()
    with ExitStack() as stack:
        parts = _Parts.of(request, registry)
        scratch = stack.enter_context(home.scratch(run))
        journal = Journal.open(home.journal)
        stack.callback(journal.close)
        return _run(
            request, parts, run, journal, scratch, SecretStore(home.folder), home.lock, emit, stop,
            dry_run=False,
        )  # fmt: skip


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
            request, parts, _run_id(), journal, scratch, SecretStore(home.folder),
            lambda name: nullcontext(), emit, stop, dry_run=True,
        )  # fmt: skip


def inspect(
    source: str,
    options: Sequence[str] = (),
    *,
    registry: Registry,
    skeleton: bool = False,
) -> dict[str, Any]:
    """Describe what a source holds, and change nothing anywhere.

    Raises:
        TransferError: The source cannot be read, or its plugin cannot describe it.
    """
    spec, config = _source(source, _chosen(options, "from"), registry)
    with tempfile.TemporaryDirectory(prefix="decamp-inspect-") as folder:
        exporter = _created(spec, config, Path(folder))
        try:
            if not isinstance(exporter, Inspects):
                raise ConfigError(f"The plugin {spec.name} cannot describe its source.")
            return exporter.skeleton() if skeleton else exporter.inspect()
        finally:
            _close(exporter)


@contextmanager
def sandboxed(registry: Registry, folder: Path) -> Iterator[tuple[str, SandboxSession]]:
    """Run the simulator of the first source that brings one.

    Yields:
        What to give as SOURCE, and the session.

    Raises:
        ConfigError: No installed plugin brings a simulator.
    """
    for loaded in registry.exporters.values():
        if loaded.spec.sandbox is not None:
            with loaded.spec.sandbox().start(folder) as session:
                yield f"{loaded.spec.name}:{session.location}", session
            return
    raise ConfigError("No installed plugin brings a simulator of its service.")


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
        for text in (request.source, request.destination, request.account or ""):
            if not encodable(text):
                raise ConfigError(
                    f"{text!r} is no Unicode text, so decamp could not write it down.",
                    hint="Rename the file or folder, or set LANG to a UTF-8 locale.",
                )
        selection = Selection.parse(request.kinds, request.since, request.until, request.limit)
        require_way(request.people)
        for option in request.options:
            if not option.startswith(("from.", "to.")) or "=" not in option:
                raise ConfigError(
                    f"The option {option!r} is not understood.",
                    hint="Write from.KEY=VALUE for the source or to.KEY=VALUE for the destination.",
                )
        exporter, exporter_config = _source(
            request.source, _chosen(request.options, "from"), registry
        )
        importer, importer_config = _destination(
            request.destination, _chosen(request.options, "to"), registry
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
    *,
    dry_run: bool,
) -> dict[str, Any]:
    with ExitStack() as stack:
        exporter = _created(parts.exporter, parts.exporter_config, scratch)
        stack.callback(_close, exporter)
        importer = _created(parts.importer, parts.importer_config, scratch)
        stack.callback(_close, importer)
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


def _created(spec: ExporterSpec[Any] | ImporterSpec[Any], config: Any, scratch: Path) -> Any:
    context = Context(config, logging.getLogger(f"decamp.{spec.name}"), now, scratch)
    try:
        return spec.create(context)
    except TransferError:
        raise
    except Exception as error:
        raise PluginError(
            f"The plugin {spec.name} could not start: {type(error).__name__}: {error}",
            plugin=spec.name,
            hint="This is a fault in the plugin; please report it to its authors.",
        ) from error


def _close(plugin: object) -> None:
    if isinstance(plugin, Closes):
        try:
            plugin.close()
        except Exception:
            _log.exception("closing %s failed", type(plugin).__name__)


def _chosen(options: Sequence[str], side: str) -> dict[str, str]:
    chosen = {}
    for option in options:
        name, _, value = option.partition("=")
        if name.startswith(f"{side}."):
            chosen[name.removeprefix(f"{side}.")] = value
    return chosen


def _source(
    text: str, options: dict[str, str], registry: Registry
) -> tuple[ExporterSpec[Any], Any]:
    if not text.strip():
        raise ConfigError("SOURCE is empty.", hint="Name the export: its zip, file or folder.")
    name, location = _split(text)
    if name in _WEB and name not in registry.exporters:
        raise ConfigError(
            "decamp reads files; it does not fetch an export from a web address.",
            hint="Download the export first, then name the file.",
        )
    if name is None:
        spec = _recognised(Path(location).expanduser(), registry)
    else:
        spec = registry.exporter(name)
    return spec, _configured(spec, location, options)


def _destination(
    text: str, options: dict[str, str], registry: Registry
) -> tuple[ImporterSpec[Any], Any]:
    if not text.strip():
        raise ConfigError("DESTINATION is empty.", hint="Name the folder to write to.")
    name, location = _split(text)
    spec = registry.importer(name) if name else _path_importer(registry)
    return spec, _configured(spec, location, options)


def _split(text: str) -> tuple[str | None, str]:
    """Part ``plugin:location``; one letter before a colon is a drive, not a plugin."""
    name, colon, location = text.partition(":")
    if not colon or PureWindowsPath(text).drive or not name.replace("-", "").isalnum():
        return None, text
    if "@" in location.partition("//")[2].partition("/")[0]:
        raise ConfigError(
            "A password or user name inside an address is refused.",
            hint="Leave it out; decamp asks for it when it signs in.",
        )
    return name, location


def _recognised(path: Path, registry: Registry) -> ExporterSpec[Any]:
    """Find the source that a bare path looks like."""
    specs = [loaded.spec for loaded in registry.exporters.values()]
    for spec in specs:
        if spec.recognises is not None and spec.recognises(path):
            return spec
    if not path.exists():
        raise SourceUnreadable(
            f"There is nothing at {path}.", hint="Check the path for typing mistakes."
        )
    readers = [spec for spec in specs if spec.recognises is not None]
    if len(readers) == 1:
        return readers[0]  # it will say precisely what is wrong with it
    raise SourceUnreadable(
        f"{path} does not look like anything that an installed plugin reads.",
        hint="Name the plugin: PLUGIN:PATH. See: decamp plugins list",
    )


def _path_importer(registry: Registry) -> ImporterSpec[Any]:
    for loaded in registry.importers.values():
        if loaded.spec.takes_paths:
            return loaded.spec
    raise ConfigError(
        "No installed plugin writes to a folder.", hint="Name a destination: PLUGIN:LOCATION."
    )


def _configured(
    spec: ExporterSpec[Any] | ImporterSpec[Any], location: str, options: dict[str, str]
) -> Any:
    values = dict(options)
    for setting in describe(spec.config):
        if setting.location and location:
            values[setting.name] = location
    return build_config(spec.config, values, plugin=spec.name)


def _run_id() -> str:
    """Name a run: when it started, and enough chance to be alone."""
    return f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
