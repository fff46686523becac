"""A receipt as a page to print and keep: one file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from decamp import __version__
from decamp.cli.words import amount, by_kind, moment, number, printable
from decamp.errors import ConfigError
from decamp.journal import RunRecord

__all__ = ["write_page"]

_COLUMNS = {
    "found": "In the export",
    "delivered": "Arrived",
    "updated": "Brought up to date",
    "unchanged": "There already",
    "not_asked": "Not asked for",
}


def write_page(path: Path, run: RunRecord, proofs: Sequence[str]) -> None:
    """Write the receipt of a run as a new file, for its owner alone.

    Args:
        path: The file; it must not be there yet.
        run: With its receipt.
        proofs: When the destination was last looked at, as sentences.

    Raises:
        ConfigError: The file is there already, or cannot be written.
    """
    data = _render(run, proofs)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            f"{path} is there already.", hint="Choose another name for the page."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.", hint="Choose another place."
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _render(run: RunRecord, proofs: Sequence[str]) -> bytes:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("decamp.cli")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
    )
    style, _, _ = loader.get_source(environment, "receipt.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    receipt = run.report or {}
    columns = [
        name for name in _COLUMNS if any(counts.get(name) for counts in receipt["counts"].values())
    ]
    text = environment.get_template("receipt.html").render(
        style=Markup(style),  # noqa: S704 (our own file, not data)
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'",
        receipt=receipt,
        undone=run.state == "undone",
        heads=[_COLUMNS[name] for name in columns],
        rows=[
            (amount(kind, 2).partition(" ")[2], [number(counts.get(name, 0)) for name in columns])
            for kind, counts in by_kind(receipt["counts"])
        ],
        proofs=proofs,
        moment=moment,
        version=__version__,
    )
    return printable(text).encode("utf-8", "replace")
