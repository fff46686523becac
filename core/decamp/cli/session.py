"""What the commands that move data share: a request, progress, signals, and both channels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from decamp.assembly import Request
from decamp.cli.output import Output
from decamp.cli.progress import RunProgress
from decamp.cli.questions import confirm
from decamp.cli.signals import interruptible, stop_on_signals
from decamp.cli.words import command_line
from decamp.engine import Ask
from decamp.events import Emit, Event, Sending, as_json

__all__ = ["transfer_command", "watched"]


def watched(
    output: Output,
    work: Callable[[Emit, threading.Event, Ask], dict[str, Any]],
    *,
    events: bool = False,
) -> dict[str, Any]:
    """Do some work while a person can watch and stop it.

    Args:
        output: Where people read.
        work: Takes where to report, the event that asks it to stop, and what asks a person;
            gives its document.
        events: Also print each event to standard output.
    """
    with (
        stop_on_signals(announce=not output.live) as stop,
        RunProgress(output, stop) as progress,
    ):

        def emit(event: Event) -> None:
            if events and not isinstance(event, Sending):
                output.line(as_json(event))
            progress(event)

        def ask(question: str) -> bool | None:
            with progress.paused(), interruptible():
                return confirm(output, question)

        return work(emit, stop, ask)


def transfer_command(request: Request, home: Path | None = None) -> str:
    """Write the command that carries out a request.

    Args:
        request: What was asked for.
        home: As in `command_line`.
    """
    words = ["decamp", "transfer", request.source, request.destination]
    for kind in request.kinds:
        words += ["--kind", kind]
    for name, value in (
        ("--since", request.since),
        ("--until", request.until),
        ("--limit", request.limit),
        ("--account", request.account),
        ("--people", request.people),
    ):
        if value is not None:
            words += [name, str(value)]
    for name, chosen in (
        ("--refresh", request.refresh),
        ("--consolidate", request.consolidate),
    ):
        words += [name] if chosen else []
    for audience in request.audiences:
        words += ["--audience", audience]
    for option in request.options:
        words += ["--option", option]
    return command_line(*words, home=home)
