"""Questions that only a person can answer, asked where one is there."""

from __future__ import annotations

import select
import sys
from collections.abc import Sequence

from decamp.cli.output import Output
from decamp.cli.words import printable

__all__ = ["ask", "ask_secret", "choose", "confirm", "somebody_there"]

_STEP_SECONDS = 0.25


def confirm(output: Output, question: str) -> bool | None:
    """Ask for yes or no; None if nobody is there to answer."""
    answer = choose(output, question, ("yes", "no"))
    return None if answer is None else answer == "yes"


def ask(output: Output, question: str) -> str | None:
    """Ask for a text; None if nobody is there to answer."""
    while somebody_there(output):
        output.console.print(f"{printable(question)} ", end="")
        line = _typed()
        if not line:
            break
        if line.strip():
            return line.strip()
    return None


def ask_secret(output: Output, question: str) -> str | None:
    """Ask for a text that is not shown while it is typed; None if nobody is there to answer."""
    while somebody_there(output):
        line = _unseen(output, f"{printable(question)} ")
        if not line:
            break
        if line.strip():
            return line.strip()
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
        line = _typed()
        if not line:
            return None
        said = line.strip().lower()
        found = [answer for answer in answers if said and answer.startswith(said)]
        if len(found) == 1:
            return found[0]


def _typed() -> str:
    """Read a line that a person types; empty where nothing comes any more.

    A signal ends a read that has begun, but one that comes in the very moment before would have to
    wait for the end of the line. So no read begins before there is a line; on Windows a console
    cannot be asked for that.
    """
    if sys.platform != "win32":
        while not select.select([sys.stdin], [], [], _STEP_SECONDS)[0]:
            pass
    return sys.stdin.readline()


def _unseen(output: Output, question: str) -> str:
    """Read a line that is not shown. Not by `getpass` where there is `termios`: see `_typed`."""
    if sys.platform == "win32":
        import getpass

        try:
            return f"{getpass.getpass(question)}\n"
        except EOFError:
            return ""

    import termios

    terminal = sys.stdin.fileno()
    shown = termios.tcgetattr(terminal)
    unseen = [*shown[:3], shown[3] & ~termios.ECHO, *shown[4:]]
    try:
        # At once: a signal cuts off whoever waits until all is written.
        termios.tcsetattr(terminal, termios.TCSANOW, unseen)
        output.console.print(question, end="")
        line = _typed()
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, shown)
    output.console.print()
    return line
