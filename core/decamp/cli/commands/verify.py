"""``decamp verify``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from decamp import registry, upkeep
from decamp.assembly import Reached, opened
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.session import watched
from decamp.cli.words import command_line, number, plural
from decamp.home import Home

app = command_app()

_SHOWN = 20
_WRONG = {
    "missing": "is gone",
    "partial": "is gone, and the rest of it is there",
    "changed": "is not as decamp wrote it",
    "replaced": "is no file any more",
}
_NEXT = (
    "Next: what is missing comes back when you run the transfer again. If you changed a file "
    "yourself, all is well; if not, take it from your second copy."
)
_NEXT_ALL = (
    "Next: if it lies in another place now, look there: decamp verify PLACE. If not, run the transfer "
    "again: what the source still has comes back."
)
_NEXT_UNFINISHED = (
    "Next: run the same transfer again; it finds out what of that is its own, and brings the rest."
)
_NEXT_PUBLIC = (
    "Next: if you edited or deleted that yourself, all is well: a transfer does not write it again."
)
_LET_GO = (
    "Nothing else that decamp brought is there. To let go of it, have decamp forget the place; what "
    "is there stays. A later transfer could then bring again what you deleted:"
)


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp verify ~/TikTok\n"
    "  decamp verify ~/TikTok --deep\n"
    "  decamp verify --sample 5 --json",
)
def verify(
    destination: options.Place = "",
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte, and compare digests.")
    ] = False,
    sample: Annotated[
        float,
        typer.Option(
            metavar="PERCENT", min=0, max=100, help="Read so many of a hundred, by chance."
        ),
    ] = 0,
    option: options.Options = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell whether the copy is still there, and still the same.

    By default each file is looked at, and its length compared. Nothing is changed.
    """
    output, home = Output(quiet), Home.find()
    with (
        logging_to(home, output),
        opened(destination, option or (), registry=registry.load(), home=home) as place,
    ):
        document = watched(
            output,
            lambda emit, stop, ask: upkeep.verify(
                place, deep=deep, sample=sample, emit=emit, stop=stop
            ),
        )
        public, forget = place.public, _forget(place, destination, option or ())
    _show(output, document, public=public)
    if public and _all_wrong(document):
        output.say(_LET_GO)
        output.command(forget)
    if json:
        output.document(document)
    raise typer.Exit(document["exit_code"])


def _show(output: Output, document: Mapping[str, Any], *, public: bool) -> None:
    lines = [
        # Addresses of records tell a person nothing; names of files tell more than ids.
        f"{one['item'] + ': ' if public and one['item'] else ''}{place} {_WRONG[one['problem']]}"
        for one in document["problems"]
        for place in one["places"]
    ]
    all_missing = not public and _all_missing(document)
    if not all_missing:
        for line in lines[:_SHOWN]:
            output.warn(line)
        hidden = len(lines) - _SHOWN + document["unlisted"]
        if hidden > 0:
            output.warn(f"... and {number(hidden)} more; --json lists them.")
    _show_added(output, document)
    output.final(_all_gone(document) if all_missing else _verdict(document), "bold")
    if document["unfinished"]:
        output.say("A transfer to it was cut off, or has not come to its end.")
    if all_missing:
        output.say(_NEXT_ALL)
    elif document["unfinished"]:
        output.say(_NEXT_UNFINISHED)
    elif document["problems"]:
        output.say(_NEXT_PUBLIC if public else _NEXT)


def _show_added(output: Output, document: Mapping[str, Any]) -> None:
    added = document["added"]
    if not added:
        return
    whose = "not from decamp"
    if document["unfinished"]:
        whose += ", or not confirmed yet"
    output.say(f"{plural(len(added), 'file')} there {_are(added)} {whose}:")
    for place in added[:_SHOWN]:
        output.say(f"  {place}")
    hidden = len(added) - _SHOWN
    if hidden > 0:
        output.say(f"  ... and {number(hidden)} more; --json lists them.")


def _forget(place: upkeep.Place, destination: str, given: Sequence[str]) -> str:
    """Write the command that forgets a destination, as it was named or as it was reached before."""
    if not destination and place.route is not None:
        at = Reached.by(place.route)
        destination = at.location
        given = [*(f"to.{name}={value}" for name, value in at.settings.items()), *given]
    options = [word for one in given for word in ("-o", one)]
    return command_line("decamp", "forget", destination, *options)


def _all_wrong(document: Mapping[str, Any]) -> bool:
    """Tell whether nothing is left that is as decamp wrote it."""
    wrong = sum(bool(one["item"]) for one in document["problems"]) + document["unlisted"]
    return bool(document["finished"] and wrong and wrong >= document["items"])


def _all_missing(document: Mapping[str, Any]) -> bool:
    """Tell whether nothing is there of all that decamp wrote."""
    return _all_wrong(document) and all(one["problem"] == "missing" for one in document["problems"])


def _are(things: list[str]) -> str:
    return "is" if len(things) == 1 else "are"


def _all_gone(document: Mapping[str, Any]) -> str:
    items = document["items"]
    what = f"All {plural(items, 'item')} that decamp brought {'is' if items == 1 else 'are'}"
    return f"{what} missing, at {_title(document)}."


def _verdict(document: Mapping[str, Any]) -> str:
    items, read = document["items"], document["proofs"].get("digest", 0)
    if not document["finished"]:
        return "Stopped, as you asked, before everything was looked at."
    if document["problems"]:
        bad = len(document["problems"]) + document["unlisted"]
        what = f"{plural(bad, 'thing')} {'is' if bad == 1 else 'are'}"
        return f"{what} not as decamp wrote {'it' if bad == 1 else 'them'}, at {_title(document)}."
    if not items:
        return f"Nothing that decamp brought is left at {_title(document)}."
    if read == items:
        how = "byte for byte"
    elif read:
        how = f"of the right length; {number(read)} of them were read, and are the same"
    else:
        how = "of the right length. Use --deep to read every byte"
    return f"All {plural(items, 'item')} {'is' if items == 1 else 'are'} there, {how}."


def _title(document: Mapping[str, Any]) -> str:
    title: str = document["destination"]["title"]
    return title
