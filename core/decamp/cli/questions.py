"""Questions to a person at a terminal."""

from __future__ import annotations

import sys

from decamp.cli.output import Output

__all__ = ["confirm"]

_YES = ("y", "yes")


def confirm(output: Output, question: str) -> bool | None:
    """Ask a question that is answered with yes or no; no is the default.

    Returns:
        The answer; None where there is no terminal to ask at.
    """
    if not sys.stdin.isatty() or not output.console.is_terminal:
        return None
    output.console.print(f"{question} [y/N] ", end="", markup=False, highlight=False)
    return sys.stdin.readline().strip().lower() in _YES
