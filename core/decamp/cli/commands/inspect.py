"""``decamp inspect``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.contents import show_inspection
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.home import Home

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp inspect TikTok_Data.zip\n"
    "  decamp inspect TikTok_Data.zip --json\n"
    "  decamp inspect TikTok_Data.zip --skeleton > skeleton.json",
)
def inspect(
    source: options.Source,
    *,
    option: options.Options = None,
    skeleton: Annotated[
        bool,
        typer.Option(
            "--skeleton",
            help="Print names and types only, with no value: safe to post in a bug report.",
        ),
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell what an export holds.

    Counts, dates, links to media and when they stop working, and what decamp does not know.
    """
    output = Output(quiet)
    document = assembly.inspect(
        source,
        tuple(option or ()),
        registry=registry.load(),
        home=Home.find(),
        skeleton=skeleton,
    )
    if not skeleton:
        show_inspection(output, document, source)
    if json or skeleton:
        output.document(document)
