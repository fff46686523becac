"""``decamp plan``."""

from __future__ import annotations

from typing import Any, NoReturn

import typer
from attrs import evolve

from decamp import assembly, registry
from decamp.assembly import Request
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.preview import show_plan
from decamp.cli.session import transfer_command, watched
from decamp.home import Home

__all__ = ["app", "made_plan", "run_plan"]

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp plan TikTok_Data.zip ~/TikTok\n"
    "  decamp plan TikTok_Data.zip ~/TikTok --kind posts --since 2024-01-01\n"
    "  decamp plan TikTok_Data.zip ~/TikTok --json",
)
def plan(
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
    json: options.Json = False,
    events: options.Events = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Tell what a transfer would do, and change nothing.

    The export is read as a transfer would read it, and compared with what arrived before.
    """
    options.require_one(json=json, events=events)
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
    )
    run_plan(request, Output(quiet, verbose), json=json, events=events)


def run_plan(request: Request, output: Output, *, json: bool, events: bool) -> NoReturn:
    """Make a plan, show it, and exit with its code."""
    document = made_plan(request, output, events=events)
    show_plan(output, document, transfer_command(request))
    if json:
        output.document(document)
    raise typer.Exit(document["exit_code"])


def made_plan(request: Request, output: Output, *, events: bool) -> dict[str, Any]:
    """Make a plan while a person watches."""
    return watched(
        output,
        lambda emit, stop, ask: assembly.plan(
            evolve(request, command="plan"),
            registry=registry.load(),
            home=Home.find(),
            emit=emit,
            stop=stop,
        ),
        events=events,
    )
