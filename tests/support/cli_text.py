"""Catches what the command line says to people."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from decamp.cli.output import Output


def listening(*, terminal: bool = False, quiet: bool = False, verbose: bool = False) -> Output:
    """Make an output that can be read back with `heard`."""
    console = Console(
        file=StringIO(),
        force_terminal=terminal,
        color_system=None,
        width=80,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    return Output(quiet, verbose, console)


def heard(output: Output) -> str:
    """Give all that was said."""
    file = output.console.file
    assert isinstance(file, StringIO)
    return file.getvalue()
