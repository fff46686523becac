"""``decamp undo``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from decamp import registry, upkeep
from decamp.assembly import opened, undoable
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm
from decamp.cli.session import watched
from decamp.cli.words import command_line, moment, number, plural
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.upkeep import Undoing

app = command_app()

_SHOWN = 10
_GONE = "Deleted there already"
_EDITED = "Edited there since, stays"
_UNLESS = ", unless changed since"
_UNCONFIRMED = "To be removed too, if it arrived"
_NEXT = (
    "Next: what stays can stay. To have it taken back too, move away what you changed there, "
    "then run:"
)


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp undo\n  decamp undo 20261123-0915 --dry-run\n  decamp undo --yes",
)
def undo(
    run: options.RunId = "",
    *,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="DESTINATION",
            help="Where the run went, if several connections lead there: CONNECTION:LOCATION.",
            show_default=False,
        ),
    ] = "",
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    option: options.Options = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take back what a run brought.

    Exactly that: what you changed since stays, and so do your own files. What the run had
    replaced is put back.
    """
    output, home = Output(quiet), Home.find()
    found = undoable(run, home=home, at=at)
    with (
        logging_to(home, output),
        opened(found.at, option or (), registry=registry.load(), home=home) as place,
    ):
        undoing = Undoing(place, found.run)
        _announce(output, undoing)
        if (undoing.due or undoing.counts["nothing"]) and not dry_run:
            _require(output, yes=yes)
        document = watched(
            output,
            lambda emit, stop, ask: upkeep.undo(undoing, emit=emit, stop=stop, dry_run=dry_run),
        )
        left = place.held
    _show(output, document, undoing)
    if not left:
        output.say(f"Nothing that decamp brought is left at {place.destination.title}.")
    if json:
        output.document(document)
    raise typer.Exit(document["exit_code"])


def _announce(output: Output, undoing: Undoing) -> None:
    run = undoing.run
    title = undoing.place.destination.title
    output.say(f"Run {run.id} of {moment(run.started)} brought to {title}:", "bold")
    unless = "" if undoing.place.public else _UNLESS  # there it was looked for
    facts = [
        (f"To be removed{unless}", plural(undoing.to_remove, "item")),
        (f"To be put back as before{unless}", plural(undoing.to_restore, "item")),
    ]
    also = [
        (_UNCONFIRMED, undoing.counts["nothing"]),
        (_GONE, len(undoing.gone)),
        (_EDITED, len(undoing.edited)),
    ]
    output.facts([*facts, *((name, plural(count, "item")) for name, count in also if count)])
    asked = [one for one in undoing.place.journal.requests() if one.title == run.source]
    if undoing.counts["remove"] and asked and asked[-1].step == "used":
        output.warn(
            f"The copy of {run.source} that this came from is not on this computer any more: to "
            "bring it again, decamp has to ask for a new one."
            + (
                " The permission was for a single copy, so you would have to grant access again."
                if asked[-1].single
                else ""
            )
        )


def _require(output: Output, *, yes: bool) -> None:
    """Make sure that a person wants it."""
    if yes:
        return
    answer = confirm(output, "Take this back?")
    if answer is None:
        raise ConfigError(
            "Nothing was changed: nobody is there to say yes.", hint="To go on, add --yes."
        )
    if not answer:
        output.say("Nothing was changed.")
        raise typer.Exit(0)


def _show(output: Output, document: Mapping[str, Any], undoing: Undoing) -> None:
    stays, unlisted = document["stays"], document["unlisted"]
    count = len(stays) + unlisted
    if stays:
        output.warn(f"{plural(count, 'item')} {'stays' if count == 1 else 'stay'}:")
        for one in stays[:_SHOWN]:
            output.warn(f"  {one['item']}: {one['reason']}")
        if count > _SHOWN:
            output.warn(f"  ... and {number(count - _SHOWN)} more; --json lists them.")
    if document["dry_run"]:
        output.final("Nothing was changed.")
    elif not document["finished"]:
        output.final(
            f"{_done(document)} Stopped, as you asked. Run it again to take back the rest."
        )
    else:
        output.final(_done(document), "bold")
        if document["gone"]:
            output.say(f"{_GONE}: {plural(document['gone'], 'item')}.")
        if count > undoing.counts["later"] and not undoing.place.public:
            output.say(_NEXT)
            output.command(command_line("decamp", "undo", document["run"]))


def _done(document: Mapping[str, Any]) -> str:
    removed, restored = document["removed"], document["restored"]
    what = [f"removed {plural(removed, 'item')}"] if removed else []
    what += [f"put back {plural(restored, 'item')} as before"] if restored else []
    if not what:
        stays = document["stays"] or not document["finished"]
        return "Nothing was taken back." if stays else "Nothing was left to take back."
    done = ", and ".join(what)
    return f"{done[0].upper()}{done[1:]}."
