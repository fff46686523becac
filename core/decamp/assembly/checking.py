"""Looks at a destination before anything is brought there, and tries out what it honours."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from decamp.assembly.making import made
from decamp.assembly.naming import chosen, find_destination, require_text
from decamp.assembly.signedin import signed_in
from decamp.home import Home
from decamp.registry import Registry
from decamp.spec import Probes
from decamp.validation import require_valid

__all__ = ["check"]


def check(
    destination: str, options: Sequence[str] = (), *, registry: Registry, home: Home
) -> dict[str, Any]:
    """Find out whether a transfer to a destination could work, and what it honours.

    Args:
        destination: As on the command line.
        options: ``to.KEY=VALUE``.
        registry: All plugins.
        home: Where decamp keeps its files.

    Returns:
        Valid by ``destination-check.schema.json``.

    Raises:
        TransferError: It cannot; the message says why.
    """
    require_text(destination)
    target = find_destination(destination, chosen(options, "to"), registry, home)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="decamp-")))
        signed = stack.enter_context(signed_in(target, home))
        importer = stack.enter_context(made(target.spec, target.config, scratch, signed, home))
        found = importer.check()
        facts = list(importer.probe()) if isinstance(importer, Probes) else []
        document = {
            "plugin": target.spec.name,
            "destination": found.title,
            "holds": found.holds is not None,
            "facts": [{"what": what, "found": how} for what, how in facts],
            "exit_code": 0,
        }
        require_valid("destination-check", document)
        return document
