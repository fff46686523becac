"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from decamp.cli.command import Group

__all__ = [
    "Account",
    "Audience",
    "Consolidate",
    "Destination",
    "DryRun",
    "Events",
    "Json",
    "Kinds",
    "Limit",
    "Options",
    "People",
    "Place",
    "Quiet",
    "Refresh",
    "RunId",
    "Since",
    "Source",
    "Until",
    "Verbose",
    "Yes",
    "command_app",
    "require_one",
]

Source = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="A path, or PLUGIN:LOCATION.", show_default=False),
]
Destination = Annotated[
    str,
    typer.Argument(metavar="DESTINATION", help="A folder, or PLUGIN:LOCATION.", show_default=False),
]
RunId = Annotated[
    str,
    typer.Argument(
        metavar="[RUN]",
        help="A run, or the beginning of its id. The latest if left out.",
        show_default=False,
    ),
]
Place = Annotated[
    str,
    typer.Argument(
        metavar="[DESTINATION]",
        help="A folder, or PLUGIN:LOCATION. That of the latest run if left out.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and stop.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only these: profile, posts, messages, activity, other. Repeat it, or use commas.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Only from this day on, like 2024-01-31 (UTC)."),
]
Until = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only to the end of this day (UTC).")
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="At most so many new or changed items. Messages and activity are not counted.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="KEY=VALUE",
        help="A setting of a plugin: from.KEY=VALUE for the source, to.KEY=VALUE for the "
        "destination. See: decamp plugins list",
    ),
]
Account = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Whose data it is, when the export does not say, or the account was renamed.",
    ),
]
People = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="Other people's names: keep, alias or drop. Fixed for a destination by its first run.",
    ),
]
Audience = Annotated[
    list[str] | None,
    typer.Option(
        "--audience",
        metavar="WHO",
        help="At a public destination, also send posts that are not: friends, private or "
        "unknown. Repeat it for several.",
    ),
]
Refresh = Annotated[
    bool,
    typer.Option("--refresh", help="Also correct what a newer decamp understands better."),
]
Consolidate = Annotated[
    bool,
    typer.Option("--consolidate", help="From a bundle: join its many small files of rows."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output.")]
Events = Annotated[
    bool,
    typer.Option("--events", help="Print what happens to standard output, as JSON lines."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors and the final line.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say each item.")]


def command_app(**settings: Any) -> typer.Typer:
    """Make the app of one command module."""
    return typer.Typer(
        cls=Group,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )


def require_one(*, json: bool, events: bool) -> None:
    """Keep standard output to one kind of content.

    Raises:
        typer.BadParameter: Both were asked for.
    """
    if json and events:
        raise typer.BadParameter("--json and --events exclude each other.")
