"""``decamp demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from decamp import assembly, registry
from decamp.assembly import Request
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.contents import show_inspection
from decamp.cli.faults import refusal
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.preview import show_plan
from decamp.cli.session import transfer_command, watched
from decamp.cli.summary import show_receipt
from decamp.cli.words import command_line
from decamp.home import Home

app = command_app()

_LEFT_OPEN = 3


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp demo\n  decamp demo ~/decamp-demo\n  decamp demo --json",
)
def demo(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="Where all of it happens.", show_default=True),
    ] = Path("decamp-demo"),
    *,
    json: options.Json = False,
    events: options.Events = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the whole journey with made-up data, offline.

    It needs no account and no network, and leaves nothing outside of its folder: what decamp
    remembers of it lies in DIR/.home.
    Run it again to see that nothing arrives twice.
    """
    options.require_one(json=json, events=events)
    output = Output(quiet, verbose)
    kept = folder / ".home"
    home = Home(kept.absolute())
    found = registry.load()
    with assembly.sandboxed(found, folder) as (source, session), logging_to(home, output):
        request = Request(
            source=source,
            destination=str(folder / "bundle"),
            options=tuple(f"from.{name}={value}" for name, value in session.options),
            allowed=session.allowed,
        )
        _step(output, 1, "What is in the export?", command_line("decamp", "inspect", source))
        inspection = assembly.inspect(source, request.options, registry=found, home=home)
        show_inspection(output, inspection, source)
        plan_line = command_line("decamp", "plan", source, request.destination, home=kept)
        _step(output, 2, "What would a transfer do?", plan_line)
        plan = watched(
            output,
            lambda emit, stop, ask: assembly.plan(
                request, registry=found, home=home, emit=emit, stop=stop
            ),
        )
        show_plan(output, plan, transfer_command(request, kept))
        if plan["exit_code"]:
            if json:
                output.document(refusal(plan["error"], plan["exit_code"]))
            raise typer.Exit(plan["exit_code"])
        _step(output, 3, "Do it.", transfer_command(request, kept))
        receipt = watched(
            output,
            lambda emit, stop, ask: assembly.transfer(
                request, registry=found, home=home, emit=emit, stop=stop
            ),
            events=events,
        )
    show_receipt(output, receipt)
    output.say(f"What decamp remembers of this lies in {kept}, which DECAMP_HOME has to name:")
    output.command(command_line("decamp", "receipt", home=kept))
    if json:
        output.document(receipt)
    raise typer.Exit(_exit_code(output, receipt))


def _step(output: Output, number: int, question: str, line: str) -> None:
    output.say()
    output.say(f"{number}. {question}", "bold")
    output.command(line)
    output.say()


def _exit_code(output: Output, receipt: dict[str, Any]) -> int:
    """Count a made-up file that cannot be had as part of the show."""
    code: int = receipt["exit_code"]
    if code == _LEFT_OPEN and receipt["media"]["missing"] and not receipt["problems"]:
        output.say(
            "In this demonstration some files are missing on purpose. A real transfer that "
            "leaves something open ends with exit code 3."
        )
        return 0
    return code
