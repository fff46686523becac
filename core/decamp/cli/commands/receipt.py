"""``decamp receipt``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.history import find_run, proofs_of, state_of
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.receipt_page import write_page
from decamp.cli.summary import show_receipt
from decamp.cli.words import moment
from decamp.errors import ConfigError
from decamp.home import Home

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp receipt\n"
    "  decamp receipt 20261123-0915\n"
    "  decamp receipt --page receipt.html\n"
    "  decamp receipt --json > receipt.json",
)
def receipt(
    run: options.RunId = "",
    *,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write it as a page, to print and keep."),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell what a run has brought, and what is missing."""
    output, home = Output(quiet), Home.find()
    found = find_run(home, run)
    if found.report is None:
        going = state_of(found, home) == "running"
        raise ConfigError(
            f"The run {found.id} has no receipt"
            + (" yet: it is still going on." if going else ": it was cut off."),
            hint="See: decamp status" if going else "Run the same command again to continue.",
        )
    output.say(f"Run {found.id}, {moment(found.started)}")
    if found.state == "undone":
        output.warn("This run was taken back since: nothing of it is at the destination any more.")
    show_receipt(output, found.report)
    proofs = proofs_of(home, found)
    for line in proofs:
        output.say(line)
    if page is not None:
        write_page(page, found, proofs)
        output.say(f"Written: {page}")
    if json:
        output.document(found.report)
