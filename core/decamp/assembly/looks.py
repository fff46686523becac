"""Looks at a source, or plays one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from decamp.assembly.naming import chosen, close, created, find_source
from decamp.errors import ConfigError
from decamp.registry import Registry
from decamp.spec import Inspects, SandboxSession

__all__ = ["inspect", "sandboxed"]


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
    spec, config = find_source(source, chosen(options, "from"), registry)
    with tempfile.TemporaryDirectory(prefix="decamp-inspect-") as folder:
        exporter = created(spec, config, Path(folder))
        try:
            if not isinstance(exporter, Inspects):
                raise ConfigError(f"The plugin {spec.name} cannot describe its source.")
            return exporter.skeleton() if skeleton else exporter.inspect()
        finally:
            close(exporter)


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
