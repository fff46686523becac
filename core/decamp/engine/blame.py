"""Where plugins are called: what they let through by accident is blamed on them, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from decamp.errors import PluginError, TransferError
from decamp.filesystems import no_room

__all__ = ["as_fault", "blamed", "hung"]


def as_fault(plugin: str, error: BaseException) -> TransferError:
    """Turn an exception that a plugin let through into one of ours, with its cause."""
    if isinstance(error, TransferError):
        return error
    full = no_room(error)
    if full is not None:
        return full
    fault = PluginError(
        f"{plugin} failed with {type(error).__name__}: {error}",
        plugin=plugin,
        hint="This is a fault in the plugin; please report it to its authors.",
    )
    fault.__cause__ = error
    return fault


def hung(plugin: str, seconds: float) -> PluginError:
    """Say that a plugin has not come back for so long."""
    return PluginError(
        f"{plugin} has not answered for {seconds:.0f} seconds; "
        "what it was doing may or may not have happened.",
        plugin=plugin,
        hint="Run the same command again: decamp finds out what is there first.",
    )


@contextmanager
def blamed(plugin: str) -> Iterator[None]:
    """Call a plugin inside. Also an exit that it asks for is its fault; Ctrl-C is not.

    Raises:
        TransferError: What the plugin raised, or a `PluginError` in its place.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, TransferError):
            raise
        raise as_fault(plugin, error) from error
