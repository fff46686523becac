"""``decamp disconnect``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.assembly.disconnecting import Revoked
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm, somebody_there
from decamp.cli.words import moment
from decamp.connections import Connection, Connections
from decamp.errors import ConfigError
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

_OF_APP_PASSWORD: dict[Revoked, str] = _SAID | {
    "now": "The service has ended the session, and decamp has forgotten it.",
    "before": "The session was not valid any more. decamp has forgotten it.",
    "unknown": "decamp has forgotten the session. The service could not be asked to end it.",
}

_NOT_DONE = "is not done. Afterwards it can neither be fetched nor given up at the service."
_OPEN = {
    "open": _NOT_DONE,
    "ready": _NOT_DONE,
    "here": "was downloaded, and not all of it has arrived. Afterwards no transfer finds it by "
    "itself: bring the rest first.",
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
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take back what was granted at a service, and forget the sign-in.

    What was brought stays where it is. The app's key and secret are forgotten too. If more
    ends than this connection, decamp says so and asks first.
    """
    output, home = Output(quiet), Home.find()
    warnings = _what_else_ends(assembly.found_connection(name, home), home)
    if warnings and not yes and not somebody_there(output):
        raise ConfigError(
            f"Nothing was ended: nobody is there to say yes. {' '.join(warnings)}",
            hint=f"To go on: decamp disconnect {name} --yes",
        )
    for text in warnings:
        output.warn(text)
    if warnings and not yes and not confirm(output, "Disconnect all the same?"):
        raise typer.Exit(0)
    with logging_to(home, output):
        plugins = registry.load()
        connection, revoked = assembly.disconnect(name, registry=plugins, home=home, forget=forget)
    if assembly.by_app_password(connection, plugins):
        output.final(_OF_APP_PASSWORD[revoked])
        output.final("The app password itself works until you revoke it, where you made it.")
    else:
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


def _what_else_ends(connection: Connection, home: Home) -> list[str]:
    """Say what a person may not think of: other sign-ins, and copies that are being waited for."""
    warnings = []
    others = assembly.ended_with(connection, home)
    if others:
        warnings.append(
            f"{' and '.join(others)} {'is' if len(others) == 1 else 'are'} of the same account and "
            "app. The service may end that sign-in too: then it has to be made again."
        )
    named = {connection.name, *others}
    if Connections(home).get(connection.plugin) is None:
        named.add(connection.plugin)  # which then means whichever there is
    whose = (connection.plugin, connection.grant.account)
    warnings.extend(
        f"Request {one.number}, for the copy of {one.title} of {moment(one.asked)}, {_OPEN[one.step]} "
        f"To give it up first: decamp cancel {one.number}"
        for one in assembly.pending_requests(home)
        if (one.source, one.account) == whose
        and one.title.partition(":")[0] in named
        and one.step in _OPEN
    )
    return warnings
