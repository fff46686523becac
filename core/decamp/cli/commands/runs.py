"""``decamp runs``."""

from __future__ import annotations

from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.history import NO_RUNS, as_json, list_runs, state_of
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.words import moment
from decamp.home import Home

app = command_app()


@app.command(cls=Command, epilog="Examples:\n\n  decamp runs\n  decamp runs --json")
def runs(*, json: options.Json = False) -> None:
    """List all runs.

    Newest first. A run that is dead ended without saying so; the next one settles it.
    """
    output, home = Output(), Home.find()
    found = list_runs(home)
    if found:
        output.table(
            ["run", "state", "started", "source", "destination"],
            [
                [run.id, state_of(run, home), moment(run.started), run.source, run.destination]
                for run in found
            ],
        )
    else:
        output.say(f"{NO_RUNS} Start with: decamp demo")
    if json:
        output.document({"runs": [as_json(run, home) for run in found]})
