"""Looks at a source, and tells what it holds."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from decamp.assembly.making import made
from decamp.assembly.naming import chosen, find_source
from decamp.assembly.requests import copy_here
from decamp.assembly.signedin import signed_in
from decamp.engine.copies.words import no_copy
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.registry import Registry
from decamp.spec import Inspects, Requests

__all__ = ["inspect"]


def inspect(
    source: str,
    options: Sequence[str] = (),
    *,
    registry: Registry,
    home: Home,
    skeleton: bool = False,
) -> dict[str, Any]:
    """Describe what a source holds, and change nothing anywhere.

    Raises:
        TransferError: The source cannot be read, or its plugin cannot describe it; or no copy
            of it is here, where a service has to be asked for one.
    """
    found = find_source(source, chosen(options, "from"), registry, home)
    with (
        tempfile.TemporaryDirectory(prefix="decamp-inspect-") as folder,
        signed_in(found, home) as signed,
        made(found.spec, found.config, Path(folder), signed, home) as exporter,
    ):
        if isinstance(exporter, Requests):
            account = signed.grant.account if signed and signed.grant else ""
            file = copy_here(found.spec.name, account, home)
            if file is None:
                raise ConfigError(
                    no_copy(found.spec.title),
                    hint=f"To ask for one: decamp transfer {source} FOLDER",
                )
            exporter.use(file)
        if not isinstance(exporter, Inspects):
            raise ConfigError(f"The plugin {found.spec.name} cannot describe its source.")
        return exporter.skeleton() if skeleton else exporter.inspect()
