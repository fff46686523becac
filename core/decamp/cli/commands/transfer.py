"""``decamp transfer``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.assembly import Request
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.commands.plan import made_plan, run_plan
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.preview import show_plan, would_bring
from decamp.cli.questions import confirm
from decamp.cli.session import watched
from decamp.cli.summary import show_receipt
from decamp.errors import ConfigError
from decamp.home import Home

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp transfer TikTok_Data.zip ~/TikTok\n"
    "  decamp transfer TikTok_Data.zip ~/TikTok --kind posts,messages --since 2024-01-01\n"
    "  decamp transfer TikTok_Data.zip ~/TikTok -o from.media=~/Downloads/videos\n"
    "  decamp transfer TikTok_Data.zip ~/TikTok --json > receipt.json",
)
def transfer(
    source: options.Source,
    destination: options.Destination,
    *,
    kind: options.Kinds = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = None,
    option: options.Options = None,
    account: options.Account = None,
    people: options.People = None,
    audience: options.Audience = None,
    refresh: options.Refresh = False,
    consolidate: options.Consolidate = False,
    no_wait: Annotated[
        bool,
        typer.Option(
            "--no-wait",
            help="Do not wait for a source that needs time (exit code 10), nor for the limits "
            "of a destination (7).",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing: the same as decamp plan.")
    ] = False,
    yes: options.Yes = False,
    json: options.Json = False,
    events: options.Events = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Bring everything to a destination; run it again to continue.

    What has arrived is never sent twice, and a stopped run goes on where it was.
    A newer export of the same account brings only what is new.
    """
    options.require_one(json=json, events=events)
    output = Output(quiet, verbose)
    request = Request(
        source=source,
        destination=destination,
        kinds=tuple(kind or ()),
        since=since,
        until=until,
        limit=limit,
        options=tuple(option or ()),
        account=account,
        people=people,
        audiences=tuple(audience or ()),
        refresh=refresh,
        consolidate=consolidate,
        wait=not no_wait,
    )
    if dry_run:
        run_plan(request, output, json=json, events=events)
    home, plugins = Home.find(), registry.load()
    if not yes and assembly.is_public(request, plugins, home):
        confirm_public(request, output)
    with logging_to(home, output):
        receipt = watched(
            output,
            lambda emit, stop, ask: assembly.transfer(
                request,
                registry=plugins,
                home=home,
                emit=emit,
                stop=stop,
                ask=ask,
            ),
            events=events,
        )
    show_receipt(output, receipt, recall=True)
    if json:
        output.document(receipt)
    raise typer.Exit(receipt["exit_code"])


def confirm_public(request: Request, output: Output) -> None:
    """Show what others would see, and have it confirmed.

    Raises:
        Exit: It is not to be done, or the plan could not be made.
        ConfigError: Nobody is there to ask.
    """
    plan = made_plan(request, output, events=False)
    show_plan(output, plan, "")
    if plan["exit_code"]:
        raise typer.Exit(plan["exit_code"])
    if not would_bring(plan["counts"]):
        return
    answer = confirm(output, "Others can see what is written there. Do it?")
    if answer is None:
        raise ConfigError(
            "What is written there can be seen by others, and nobody is here to confirm it.",
            hint="Look at the plan, then add --yes.",
        )
    if not answer:
        output.final("Nothing was changed.")
        raise typer.Exit(0)
