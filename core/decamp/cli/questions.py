"""Questions that only a person can answer, asked where one is there."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from decamp.cli.output import Output
from decamp.cli.words import printable

__all__ = ["ask", "ask_secret", "choose", "confirm", "somebody_there"]


def confirm(output: Output, question: str) -> bool | None:
    """Ask for yes or no; None if nobody is there to answer."""
    answer = choose(output, question, ("yes", "no"))
    return None if answer is None else answer == "yes"


def ask(output: Output, question: str) -> str | None:
    """Ask for a text; None if nobody is there to answer."""
    while somebody_there(output):
        output.console.print(f"{printable(question)} ", end="")
        line = sys.stdin.readline()
        if not line:
            break
        if line.strip():
            return line.strip()
    return None


def ask_secret(output: Output, question: str) -> str | None:
    """Ask for a text that is not shown while it is typed; None if nobody is there to answer."""
    import getpass

    while somebody_there(output):
        try:
            said = getpass.getpass(f"{printable(question)} ").strip()
        except EOFError:
            break
        if said:
            return said
    return None


def somebody_there(output: Output) -> bool:
    """Tell whether a person reads and can answer."""
    return bool(sys.stdin and sys.stdin.isatty() and output.console.is_terminal)


def choose(output: Output, question: str, answers: Sequence[str]) -> str | None:
    """Ask for one of some words, or the beginning of one; None if nobody is there to answer."""
    if not somebody_there(output):
        return None
    while True:
        output.console.print(f"{printable(question)} [{'/'.join(answers)}] ", end="")
        line = sys.stdin.readline()
        if not line:
            return None
        said = line.strip().lower()
        found = [answer for answer in answers if said and answer.startswith(said)]
        if len(found) == 1:
            return found[0]
