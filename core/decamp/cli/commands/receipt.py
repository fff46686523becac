"""``decamp receipt``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.history import find_run, receipt_of, state_of
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.summary import show_receipt
from decamp.cli.words import moment
from decamp.errors import ConfigError
from decamp.filesystems import write_new
from decamp.home import Home

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp receipt\n"
    "  decamp receipt 20261123-0915\n"
    "  decamp receipt --json > receipt.json\n\n"
    "  decamp receipt --page receipt.html",
)
def receipt(
    run: options.RunId = "",
    *,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page", metavar="FILE.html", help="Also write it to a new file, as a page to print."
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell what a run has brought, and what is missing."""
    output, home = Output(quiet), Home.find()
    found = find_run(home, run)
    document = receipt_of(home, found)
    if document is None:
        going = state_of(found, home) == "running"
        raise ConfigError(
            f"The run {found.id} has no receipt"
            + (" yet: it is still going on." if going else ": it was cut off."),
            hint="See: decamp status" if going else "Run the same command again to continue.",
        )
    output.say(f"Run {found.id}, {moment(found.started)}")
    undone = found.state == "undone"
    if undone:
        output.warn("This run was taken back since: nothing of it is at the destination any more.")
    show_receipt(output, document)
    if page is not None:
        _write_page(page, document, undone=undone)
        output.say(f"The page to print: {page}")
    if json:
        output.document(document)


def _write_page(path: Path, document: Mapping[str, Any], *, undone: bool) -> None:
    from decamp.cli.receipt_page import receipt_page

    try:
        write_new(path.expanduser(), receipt_page(document, undone=undone))
    except FileExistsError as error:
        raise ConfigError(
            f"{path} exists already, and is not replaced.", hint="Name a new file."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Name a file in a folder that exists and that you can write to.",
        ) from error
