"""``decamp cancel``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm
from decamp.cli.words import moment
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.journal import RequestRecord

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp cancel\n  decamp cancel 3 --yes\n  decamp cancel --json",
)
def cancel(
    request: Annotated[
        int | None,
        typer.Argument(
            metavar="[REQUEST]",
            help="Its number, as decamp status shows it. May be left out if there is only one.",
            show_default=False,
        ),
    ] = None,
    *,
    yes: options.Yes = False,
    option: options.Options = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Give up a copy that a service was asked for.

    The service is told to stop; a copy that was downloaded and not read yet is deleted. What
    has arrived at a destination stays.
    """
    output, home = Output(quiet), Home.find()
    found = _chosen(request, assembly.pending_requests(home))
    asked = f"the copy of {found.title} that was asked for on {moment(found.asked)}"
    output.say(f"Request {found.number} would be given up: {asked}.")
    if found.single:
        output.warn(
            "The permission was for a single copy. It may be used up: then another copy needs "
            "another consent."
        )
    answer = True if yes else confirm(output, "Give it up?")
    if answer is None:
        raise ConfigError(
            "Nothing was given up: nobody is there to say yes.", hint="To go on, add --yes."
        )
    if not answer:
        raise typer.Exit(0)
    document = assembly.cancel(found, option or (), registry=registry.load(), home=home)
    output.final("Given up.", "bold")
    if json:
        output.document(document)


def _chosen(number: int | None, open_: list[RequestRecord]) -> RequestRecord:
    found = [one for one in open_ if number in (None, one.number)]
    if not found:
        raise ConfigError(
            "No copy is being waited for." if number is None else f"Request {number} is not open.",
            hint="See what is open: decamp status",
        )
    if len(found) > 1:
        listed = ", ".join(f"{one.number} ({one.title})" for one in found)
        raise ConfigError(f"Several requests are open: {listed}.", hint="Name one of them.")
    return found[0]
