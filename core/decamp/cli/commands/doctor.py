"""``decamp doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.diagnosis import Finding, diagnose, repair
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.home import Home

app = command_app()

_DAMAGED = 9
_PROBLEMS = 3


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp doctor\n  decamp doctor --repair\n  decamp doctor --json",
)
def doctor(
    *,
    mend: Annotated[
        bool,
        typer.Option("--repair", help="Set a damaged journal aside; the next transfer makes one."),
    ] = False,
    json: options.Json = False,
) -> None:
    """Look whether decamp and what it keeps are in order.

    Nothing is changed, but for --repair: it renames a damaged journal, and deletes nothing.
    """
    output, home = Output(), Home.find()
    if mend:
        for line in repair(home):
            output.say(line)
    findings = diagnose(home)
    for one in findings:
        output.say(f"{one.level:<8} {one.text}", "" if one.level == "ok" else "yellow")
        if one.hint:
            output.say(f"         Next: {one.hint}")
    code = _exit_code(findings)
    if json:
        output.document(
            {
                "findings": [
                    {"level": one.level, "about": one.about, "text": one.text, "hint": one.hint}
                    for one in findings
                ],
                "exit_code": code,
            }
        )
    raise typer.Exit(code)


def _exit_code(findings: Sequence[Finding]) -> int:
    bad = {one.about for one in findings if one.level == "problem"}
    return _DAMAGED if "journal" in bad else _PROBLEMS if bad else 0
