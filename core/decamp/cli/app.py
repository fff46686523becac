"""The commands as a table, and a group that imports a command only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from decamp.cli.command import Group

__all__ = ["COMMANDS", "app", "load_command"]

_MOVE, _BACK, _KNOW = "Move your data", "Look back", "Look around"
_CARE = "Take care of what was moved"
_SIGN_IN = "Sign in"

COMMANDS = {
    "demo": (_MOVE, "Show the whole journey with made-up data, offline."),
    "inspect": (_MOVE, "Tell what an export holds."),
    "plan": (_MOVE, "Tell what a transfer would do, and change nothing."),
    "transfer": (_MOVE, "Bring everything to a destination; run it again to continue."),
    "connect": (_SIGN_IN, "Sign in to a service, and choose what it may give."),
    "connections": (_SIGN_IN, "List where you are signed in, what is granted and until when."),
    "disconnect": (_SIGN_IN, "Take back what was granted at a service, and forget the sign-in."),
    "status": (_BACK, "Tell how a run is going, or how it ended."),
    "receipt": (_BACK, "Tell what a run has brought, and what is missing."),
    "runs": (_BACK, "List all runs."),
    "verify": (_CARE, "Tell whether the copy is still there, and still the same."),
    "undo": (_CARE, "Take back what a run brought."),
    "resolve": (
        _CARE,
        "Settle what decamp cannot decide: doubts, and edits that met a newer version.",
    ),
    "cancel": (_CARE, "Give up a copy that a service was asked for."),
    "forget": (_CARE, "Remove what decamp remembers of a destination, with its receipts."),
    "purge": (_CARE, "Remove what decamp keeps on this computer and does not need."),
    "doctor": (_CARE, "Look whether decamp and what it keeps are in order."),
    "sandbox": (_KNOW, "Simulate a service on this computer, with made-up people."),
    "plugins": (_KNOW, "See which sources and destinations there are."),
    "schemas": (_KNOW, "Read the JSON Schemas, and check files against them."),
}
"""Name to panel and first line of help. Each command is a module of `decamp.cli.commands`
whose docstring says the same; a test holds them together."""


class LazyGroup(Group):
    """Lists commands from the table; imports the module of a command when it is run."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, (panel, text) in COMMANDS.items():
            self.add_command(
                TyperCommand(
                    name,
                    help=text,
                    rich_help_panel=panel,
                    rich_markup_mode=self.rich_markup_mode,
                )
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the real command in the place of its line in the table."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name in COMMANDS else command, rest


def load_command(name: str) -> Any:
    """Import a command and make it ready to run."""
    module = import_module(f"decamp.cli.commands.{name}")
    command = typer.main.get_command(module.app)
    command.name = name
    return command


app = typer.Typer(
    name="decamp",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n"
    "  decamp demo\n"
    "  decamp inspect TikTok_Data.zip\n"
    "  decamp transfer TikTok_Data.zip ~/TikTok\n\n"
    "Each command has its own help: decamp transfer --help",
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer gives it by position
    if wanted:
        from decamp import __version__

        typer.echo(f"decamp {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Move your data out of a platform and into places you choose."""
