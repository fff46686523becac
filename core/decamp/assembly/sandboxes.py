"""Runs the simulators of their services that plugins bring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decamp.errors import ConfigError
from decamp.registry import Registry
from decamp.spec import SandboxSession, ServedSandbox, Serves, Simulation

__all__ = ["sandboxed", "served"]


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


@contextmanager
def served(plugin: str, wanted: Simulation, *, registry: Registry) -> Iterator[ServedSandbox]:
    """Serve the simulator that a source brings.

    Raises:
        ConfigError: It brings none that can be served, or a setting is wrong.
    """
    spec = registry.exporter(plugin)
    simulator = spec.sandbox() if spec.sandbox is not None else None
    if not isinstance(simulator, Serves):
        raise ConfigError(f"The plugin {plugin} brings no simulator of its service.")
    with simulator.serve(wanted) as running:
        yield running
