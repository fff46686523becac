"""``decamp disconnect``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.assembly.connecting import Revoked
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.home import Home
from decamp.validation import require_valid

app = command_app()

_SAID: dict[Revoked, str] = {
    "now": "The service has taken back what was granted, and decamp has forgotten the sign-in.",
    "before": "What was granted was not valid any more. decamp has forgotten the sign-in.",
    "unknown": "decamp has forgotten the sign-in. The service could not be asked: take the access "
    "back on its own pages, in the list of apps that you gave access to.",
    "not-offered": "decamp has forgotten the sign-in. The service has no way for an app to take it "
    "back: do that on its own pages.",
}


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp disconnect tiktok\n  decamp disconnect tiktok --forget",
)
def disconnect(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="See decamp connections.", show_default=False),
    ],
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget it also if the service cannot be asked.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take back what was granted at a service, and forget the sign-in.

    What was brought stays where it is. The app's key and secret are forgotten too.
    """
    output, home = Output(quiet), Home.find()
    with logging_to(home, output):
        connection, revoked = assembly.disconnect(
            name, registry=registry.load(), home=home, forget=forget
        )
    output.final(_SAID[revoked])
    if json:
        made = {
            "name": connection.name,
            "plugin": connection.plugin,
            "revoked": revoked,
            "exit_code": 0,
        }
        require_valid("disconnected", made)
        output.document(made)
