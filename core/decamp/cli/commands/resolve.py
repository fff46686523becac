"""``decamp resolve``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from decamp import registry, upkeep
from decamp.assembly import opened, resolve_request
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import choose
from decamp.cli.words import command_line, moment, number, plural
from decamp.home import Home
from decamp.journal import RequestRecord

app = command_app()

_SHOWN = 10
_WORDS = ("keep", "again", "leave")
_STATES = {
    "unknown": "may or may not have arrived",
    "conflict": "met something else in its place",
}


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp resolve\n"
    "  decamp resolve ~/TikTok --keep post:2024-01-01T00:00:01Z\n"
    "  decamp resolve --all keep\n"
    "  decamp resolve --request again",
)
def resolve(
    destination: options.Place = "",
    *,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM", help="What is there stays, and is not asked about again."),
    ] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM", help="It is not there, or you deleted it: send it."),
    ] = None,
    everything: Annotated[
        str, typer.Option("--all", metavar="HOW", help="keep or again, for all that is open.")
    ] = "",
    request: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="About a copy whose request was not answered: the id that the service gave it, "
            "or again, to ask once more. N= before it names one of several, or one to settle anew.",
        ),
    ] = "",
    option: options.Options = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Settle what decamp cannot decide: doubts, and edits that met a newer version.

    keep: what is at the destination stays, your edit or what arrived. again: it is not there,
    you have moved it away, or deleted it where others could see it; the next run sends it. What is settled no longer makes a run
    end with code 3.
    """
    if everything not in ("", "keep", "again"):
        raise typer.BadParameter("--all is keep or again.")
    output, home = Output(quiet), Home.find()
    if request:
        before, settled = resolve_request(request, registry=registry.load(), home=home)
        _say_settled(output, before, settled["request"])
        if json:
            output.document(settled)
        return
    with opened(destination, option or (), registry=registry.load(), home=home) as place:
        document = upkeep.resolve(place, keep=keep or (), again=again or (), everything=everything)
        if document["open"] and not (keep or again):
            document = _ask(output, place, document)
    _show(output, document)
    if json:
        output.document(document)


def _say_settled(output: Output, before: RequestRecord, now: dict[str, Any]) -> None:
    what = f"Request {before.number}, for the copy of {before.title} of {moment(before.asked)},"
    if now["state"] == "lost":
        output.say(f"{what} is settled: the next transfer asks anew.")
    else:
        output.say(f"{what} is settled: its id at the service is {now['id']}.")
        output.say("Run the transfer again; it goes on from there.")
    if before.id and (before.id != now.get("id") or now["state"] == "lost"):
        output.say(f"Before, its id was {before.id}. To go back to that:")
        output.command(
            command_line("decamp", "resolve", "--request", f"{before.number}={before.id}")
        )


def _ask(output: Output, place: upkeep.Place, document: dict[str, Any]) -> dict[str, Any]:
    """Ask about each, and keep each answer as it is given: nobody has to stay to the end."""
    kept = again = 0
    if len(document["open"]) > _SHOWN:
        output.say(f"{plural(len(document['open']), 'item')} are open. To answer for all of them:")
        output.command(command_line("decamp", "resolve", "--all", "keep"))
    for one in document["open"]:
        question = f"{one['item']} {_STATES[one['state']]}: {one['reason']}"
        answer = choose(output, question, _WORDS)
        if answer is None:
            break
        if answer == "leave":
            continue
        settled = {answer: [one["item"]]}
        document = upkeep.resolve(
            place, keep=settled.get("keep", ()), again=settled.get("again", ())
        )
        kept, again = kept + document["kept"], again + document["again"]
    return document | {"kept": kept, "again": again}


def _show(output: Output, document: dict[str, Any]) -> None:
    kept, again, still = document["kept"], document["again"], document["open"]
    if kept:
        output.say(f"{plural(kept, 'item')} settled: what is there stays.")
    if again:
        output.say(f"{plural(again, 'item')} will be sent by the next run.")
    for one in still[:_SHOWN]:
        output.say(f"{one['item']} {_STATES[one['state']]}.")
        output.say(f"  Why: {one['reason']}")
    if len(still) > _SHOWN:
        output.say(f"... and {number(len(still) - _SHOWN)} more; --json lists them.")
    if still:
        output.say(
            "Next: decamp resolve --keep ITEM, or --again ITEM; of all, --all keep or --all again"
        )
    elif not kept and not again:
        output.say("Nothing is open.")
