"""What people read, on standard error, and what programs read, on standard output."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from attrs import Factory, frozen
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from decamp.cli.streams import write_stdout
from decamp.cli.words import printable

__all__ = ["Output"]


class _Stderr(Console):
    """Standard error. That nobody reads it any more ends no run."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Say no more; a `Console` would end the process, wherever it is."""
        self.quiet = True
        # Otherwise the interpreter complains when it flushes the stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


@frozen
class Output:
    """The two channels of one command.

    Everything that is said may hold text from an export; it is made harmless for terminals.
    """

    quiet: bool = False
    verbose: bool = False
    console: Console = Factory(_Stderr)

    @property
    def live(self) -> bool:
        """A terminal is there, and lines on it can be drawn anew."""
        return self.console.is_terminal and not self.console.is_dumb_terminal and not self.quiet

    # --- for people ----------------------------------------------------------------------

    def say(self, text: str = "", style: str = "") -> None:
        """Say something that `--quiet` leaves out."""
        if not self.quiet:
            self.final(text, style)

    def final(self, text: str, style: str = "") -> None:
        """Say something in any case."""
        wraps = self.console.is_terminal
        self.console.print(Text(printable(text), style=style), soft_wrap=not wraps)

    def warn(self, text: str) -> None:
        """Say something that a person should not miss."""
        self.say(text, style="yellow")

    def error(self, message: str, hint: str = "") -> None:
        """Say what happened and why, and what next."""
        self.final(f"Error: {message}", style="bold red")
        if hint:
            self.final(f"Next: {hint}")

    def command(self, line: str) -> None:
        """Show a command on a line of its own, which is never broken, so it can be copied."""
        if not self.quiet:
            text = Text(f"  {printable(line)}", style="bold")
            self.console.print(text, soft_wrap=True)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show names and what is to be said about them, in two columns."""
        if self.quiet or not facts:
            return
        if not self.console.is_terminal:
            width = max(len(name) for name, _ in facts)
            for name, text in facts:
                self.final(f"  {name:<{width}}  {text}")
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, text in facts:
            grid.add_row(Text(printable(name)), Text(printable(text)))
        self.console.print(Padding(grid, (0, 0, 0, 2)))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table; columns that hold numbers alone are set to the right."""
        if self.quiet or not rows:
            return
        if not self.console.is_terminal:
            self._plain_table(heads, rows)
            return
        grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for number, head in enumerate(heads):
            right = all(_is_number(row[number]) for row in rows)
            grid.add_column(head, justify="right" if right else "left", overflow="fold")
        for row in rows:
            grid.add_row(*(Text(printable(cell)) for cell in row))
        self.console.print(Padding(grid, (0, 0, 0, 2)))

    def _plain_table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table in a file or a pipe, one line per row, however long."""
        cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        numeric = [all(map(_is_number, column)) for column in zip(*cells[1:], strict=True)]
        for row in cells:
            line = (
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, numeric, strict=True)
            )
            self.final("  " + "  ".join(line).rstrip())

    # --- for programs --------------------------------------------------------------------

    def document(self, document: Any) -> None:
        """Print one JSON document. ASCII alone: no terminal and no encoding can spoil it."""
        write_stdout(json.dumps(document, indent=2) + "\n")

    def line(self, document: Any) -> None:
        """Print one JSON document on one line."""
        write_stdout(json.dumps(document, separators=(",", ":")) + "\n")


def _is_number(text: str) -> bool:
    return not text.strip("0123456789,")
