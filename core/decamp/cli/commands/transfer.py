"""``decamp transfer``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.assembly import Request
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.commands.plan import run_plan
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.session import watched
from decamp.cli.summary import show_receipt
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
    refresh: options.Refresh = False,
    consolidate: options.Consolidate = False,
    no_wait: Annotated[
        bool,
        typer.Option("--no-wait", help="Do not wait for a source that needs time: exit with 10."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing: the same as decamp plan.")
    ] = False,
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
        refresh=refresh,
        consolidate=consolidate,
        wait=not no_wait,
    )
    if dry_run:
        run_plan(request, output, json=json, events=events)
    home = Home.find()
    with logging_to(home, output):
        receipt = watched(
            output,
            lambda emit, stop, ask: assembly.transfer(
                request,
                registry=registry.load(),
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
