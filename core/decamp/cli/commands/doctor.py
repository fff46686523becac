"""``decamp doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import registry
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.words import plural
from decamp.engine.clock import now
from decamp.home import Home
from decamp.housekeeping import Check, examine, exit_code, inventory, require_quiet, set_aside
from decamp.validation import require_valid

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp doctor\n"
    "  decamp doctor --json > doctor.json\n"
    "  decamp doctor --repair",
)
def doctor(
    *,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Set a damaged journal aside. Nothing is deleted."),
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Look whether decamp and what it keeps are in order.

    Changes nothing, unless --repair is given and the journal is damaged.
    Exits with 0 if all is well, 9 if the journal is damaged, 3 if there is another problem.
    """
    output, home = Output(quiet), Home.find()
    if repair:
        _repair(output, home)
    checks = examine(home, registry.load, now())
    _show(output, checks)
    code = exit_code(checks)
    if json:
        document = {
            "home": str(home.folder),
            "findings": [_as_json(check) for check in checks],
            "exit_code": code,
        }
        require_valid("doctor", document)
        output.document(document)
    raise typer.Exit(code)


def _repair(output: Output, home: Home) -> None:
    require_quiet(inventory(home))
    moved = set_aside(home, now())
    if not moved:
        output.say("The journal is not damaged; nothing was changed.")
        return
    output.final("The damaged journal was set aside, and nothing of it was deleted:")
    for path in moved:
        output.final(f"  {path}")
    output.final(
        "Run the same transfer as before: decamp begins with what is at the destination. "
        "Earlier runs and their receipts are no longer listed, and can no longer be taken back."
    )
    output.say()


def _show(output: Output, checks: list[Check]) -> None:
    rows = [[check.level, check.about, check.text] for check in checks]
    output.table(["", "what", "how it is"], rows)
    problems = [check for check in checks if check.level == "problem"]
    output.say()
    for check in problems:
        output.error(check.text, check.hint)
    if not problems:
        notes = sum(check.level == "note" for check in checks)
        also = f" There {'is' if notes == 1 else 'are'} {plural(notes, 'note')}." if notes else ""
        output.final(f"No problem was found.{also}", "bold")


def _as_json(check: Check) -> dict[str, str]:
    return {"level": check.level, "about": check.about, "text": check.text, "hint": check.hint}
