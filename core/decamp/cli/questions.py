"""Questions that only a person can answer, asked where one is there."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from decamp.cli.output import Output
from decamp.cli.words import printable

__all__ = ["choose", "confirm"]


def confirm(output: Output, question: str) -> bool | None:
    """Ask for yes or no; None if nobody is there to answer."""
    answer = choose(output, question, ("yes", "no"))
    return None if answer is None else answer == "yes"


def choose(output: Output, question: str, answers: Sequence[str]) -> str | None:
    """Ask for one of some words, or the beginning of one; None if nobody is there to answer."""
    if not (sys.stdin and sys.stdin.isatty() and output.console.is_terminal):
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
