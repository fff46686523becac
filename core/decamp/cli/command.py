"""What all commands share: clean help, errors as sentences, and a clean standard output."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "Group"]


class Command(TyperCommand):
    """One command. While it works, standard output takes its documents and nothing else."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the parameters, for parsing and for help."""
        return _without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run it; an error becomes a sentence, with ``--json`` also a document."""
        from decamp.cli.streams import documents_alone

        with documents_alone():
            try:
                return super().invoke(ctx)
            except (typer.Exit, typer.Abort, typer.BadParameter):
                raise
            except Exception as error:
                from decamp.cli.faults import explain

                raise typer.Exit(explain(error, json=ctx.params.get("json", False))) from error


class Group(TyperGroup):
    """A command with commands of its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the parameters, for parsing and for help."""
        return _without_types(super().get_params(ctx))


def _without_types(params: list[Any]) -> list[Any]:
    """Let help show no type for options that take no value."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params
