"""``decamp forget``."""

from __future__ import annotations

import typer

from decamp import registry, upkeep
from decamp.assembly import opened
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm
from decamp.cli.words import plural
from decamp.errors import ConfigError
from decamp.home import Home

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp forget ~/TikTok\n  decamp forget ~/TikTok --yes",
)
def forget(
    destination: options.Place,
    *,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    option: options.Options = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Remove what decamp remembers of a destination, with its receipts.

    What lies at the destination stays. The next transfer there reads it back first; what
    earlier runs brought cannot be undone any more.
    """
    output, home = Output(quiet), Home.find()
    with opened(destination, option or (), registry=registry.load(), home=home) as place:
        document = upkeep.forget(place, dry_run=True)
        known = f"{plural(document['items'], 'item')} and {plural(document['runs'], 'run')}"
        output.say(f"decamp remembers {known} of {place.destination.title}.")
        if not dry_run:
            answer = True if yes else confirm(output, "Forget all of it?")
            if answer is None:
                raise ConfigError(
                    "Nothing was forgotten: nobody is there to say yes.",
                    hint="To go on, add --yes.",
                )
            if answer:
                document = upkeep.forget(place, dry_run=False)
                output.final("Forgotten. What lies there stays.", "bold")
    if json:
        output.document(document)
    raise typer.Exit(document["exit_code"])
