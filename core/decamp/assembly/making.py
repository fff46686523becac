"""Makes exporters and importers of their specs and settings, and closes them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from decamp.auth import Grant
from decamp.credentials import notes_of, secrets_of
from decamp.engine.clock import now, pause
from decamp.errors import PluginError, TransferError, Unavailable
from decamp.home import Home
from decamp.spec import Closes, Context, ExporterSpec, ImporterSpec

if TYPE_CHECKING:
    import httpx

__all__ = ["SignedIn", "configured", "created", "made"]

_log = logging.getLogger("decamp")


@frozen
class SignedIn:
    """What a plugin gets of a sign-in."""

    http: httpx.Client
    grant: Grant | None
    """None if the server lets everybody in, or the sign-in comes from the environment."""
    here: tuple[tuple[str, int], ...] = ()
    """Host and port of the service, if it is a simulator on this machine: its media lie there."""
    connect: str = ""
    """See `decamp.Context.connect`."""


def configured(spec: ImporterSpec[Any], config: Any) -> ImporterSpec[Any]:
    """Give a destination with the capabilities that it has with these settings."""
    if spec.capabilities_for is None:
        return spec
    return evolve(spec, capabilities=spec.capabilities_for(config))


def created(
    spec: ExporterSpec[Any] | ImporterSpec[Any],
    config: Any,
    scratch: Path,
    signed: SignedIn | None = None,
    home: Home | None = None,
    now: Callable[[], datetime] = now,
    stop: threading.Event | None = None,
) -> Any:
    """Make an exporter or importer.

    Args:
        spec: The plugin.
        config: Its settings.
        scratch: A private folder.
        signed: Who is signed in, as `decamp.assembly.signedin.signed_in` gives it.
        now: The time, aware and in UTC.
        home: Where it may remember something; without one it remembers nothing.
        stop: Ends its pauses.
    """
    context = Context(
        config,
        logging.getLogger(f"decamp.{spec.name}"),
        now,
        scratch,
        http=signed.http if signed else None,
        grant=signed.grant if signed else None,
        connect=signed.connect if signed else "",
        state=home.plugins / spec.name if home else None,
        pause=partial(_pause, stop=stop or threading.Event()),
    )
    if home is not None:
        context = evolve(
            context,
            secrets=secrets_of(spec.name, home.folder),
            notes=notes_of(spec.name, home.folder),
        )
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


@contextmanager
def made(
    spec: ExporterSpec[Any] | ImporterSpec[Any],
    config: Any,
    scratch: Path,
    signed: SignedIn | None = None,
    home: Home | None = None,
    now: Callable[[], datetime] = now,
    stop: threading.Event | None = None,
) -> Iterator[Any]:
    """Make an exporter or importer as `created` does, and close it at the end."""
    plugin = created(spec, config, scratch, signed, home, now, stop)
    try:
        yield plugin
    finally:
        _close(plugin)


def _pause(seconds: float, stop: threading.Event) -> None:
    pause(seconds, stop)
    if stop.is_set():
        raise Unavailable(
            "Stopped while a service was waited for.", hint="Run the same command again."
        )


def _close(plugin: object) -> None:
    """Close a plugin that has something to close; its own errors go to the log."""
    if isinstance(plugin, Closes):
        try:
            plugin.close()
        except Exception:
            _log.exception("closing %s failed", type(plugin).__name__)
