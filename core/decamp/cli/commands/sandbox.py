"""``decamp sandbox``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from decamp import assembly, registry
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.signals import stop_on_signals
from decamp.cli.words import command_line
from decamp.spec import ServedSandbox, Simulation

app = command_app()

_PORT = 8640
_A_YEAR = 31_536_000


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp sandbox tiktok\n"
    "  decamp sandbox tiktok --delay 3600 --seed 5\n"
    "  decamp sandbox tiktok --fault add:lost --fault check:429@2-3\n"
    "  decamp sandbox tiktok -o outside_region=empty",
)
def sandbox(
    plugin: Annotated[
        str, typer.Argument(metavar="PLUGIN", help="The service, like tiktok.", show_default=False)
    ],
    *,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65_535, help="Where it listens, on this computer. 0: any free one."
        ),
    ] = _PORT,
    seed: Annotated[int, typer.Option(help="Another number makes other keys and answers.")] = 0,
    delay: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, max=_A_YEAR, help="How long the service needs for a copy."
        ),
    ] = 20,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault", metavar="WHAT", help="What is to go wrong, like add:lost. Repeat it."
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-o",
            metavar="KEY=VALUE",
            help="A setting of the simulator. A wrong one is answered with those that exist.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Simulate a service on this computer, with made-up people.

    Use it from a second terminal. It forgets everything when it ends, which Ctrl-C does.
    """
    output = Output(quiet)
    wanted = Simulation(
        port=port,
        seed=seed,
        delay=timedelta(seconds=delay),
        faults=tuple(fault or ()),
        options=_pairs(option or ()),
    )
    with (
        assembly.served(plugin, wanted, registry=registry.load()) as served,
        stop_on_signals(announce=False) as stop,
    ):
        _show(output, served)
        while not stop.wait(0.5):  # on Windows a wait without an end takes no Ctrl-C
            pass
    output.say("The sandbox has ended.")


def _pairs(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r} is not like KEY=VALUE.")
        pairs.append((name, value))
    return tuple(pairs)


def _show(output: Output, served: ServedSandbox) -> None:
    output.final(f"The sandbox listens on {served.address}", "bold")
    output.say("All people and data in it are made up. Open the address to see what goes on.")
    output.say()
    output.facts(served.facts)
    if served.commands:
        output.say()
        output.say("In another terminal:")
    for purpose, words in served.commands:
        output.say(f"{purpose}:")
        output.command(command_line("decamp", *words))
    output.say()
    output.say("Press Ctrl-C to end it.")
