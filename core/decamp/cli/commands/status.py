"""``decamp status``."""

from __future__ import annotations

from typing import Any

from decamp.assembly import known_requests
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.history import NO_RUNS, as_json, find_run, going_run, list_runs, state_of
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.summary import next_steps
from decamp.cli.words import command_line, moment, point
from decamp.home import Home
from decamp.journal import RequestRecord, RunRecord
from decamp.upkeep import request_json

app = command_app()

_STATES = {
    "running": "is going on right now.",
    "dead": "was cut off: it ended without writing down how. What has arrived is safe.",
    "done": "brought everything it was asked for.",
    "partial": "is done, and left something open.",
    "stopped": "was stopped by an error.",
    "waiting": "ended because the source needs more time.",
    "interrupted": "was interrupted. What has arrived is safe.",
    "undone": "was taken back.",
}
_WHERE = {
    "asking": "a copy was asked for on {}, and no answer is known.",
    "open": "a copy was asked for on {}, and is being prepared.",
    "ready": "the copy that was asked for on {} is ready to be downloaded.",
    "here": "the copy that was asked for on {} was downloaded, and not all of it has arrived.",
}
_AGAIN = ("dead", "partial", "stopped", "waiting", "interrupted")


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp status\n  decamp status 20261123-0915\n  decamp status --json",
)
def status(run: options.RunId = "", *, json: options.Json = False) -> None:
    """Tell how a run is going, or how it ended.

    If no run is named: the one that is going on now, else the latest.
    """
    output, home = Output(), Home.find()
    if not run and not list_runs(home):
        output.say(f"{NO_RUNS} Start with: decamp demo")
        if json:
            output.document({"runs": []})
        return
    found = (going_run(home) if not run else None) or find_run(home, run)
    state = state_of(found, home)
    output.say(f"Run {found.id} {_STATES.get(state, state)}", "bold")
    facts = [
        ("From", found.source),
        ("To", found.destination),
        ("Started", moment(found.started)),
    ]
    if found.ended:
        facts.append(("Ended", moment(found.ended)))
    if found.exit_code is not None:
        facts.append(("Exit code", str(found.exit_code)))
    output.facts(facts)
    known = known_requests(home)
    if state in _AGAIN:
        _say_next(output, found, known)
    if found.report is not None:
        output.say("What it brought:")
        output.command(command_line("decamp", "receipt", found.id))
    requests = [one for one in known if not one.ended]
    for one in requests:
        output.say(f"Request {one.number}: {_WHERE[one.step].format(moment(one.asked))}")
        output.facts([("Of", one.title)] + ([("Its id there", one.id)] if one.id else []))
        if one.step == "asking":
            _say_doubt(output, one)
    if any(one.step != "asking" for one in requests):
        output.say("To give a request up:")
        output.command(command_line("decamp", "cancel"))
    if json:
        listed = {"requests": [request_json(one) for one in requests]} if requests else {}
        output.document({"runs": [as_json(found, home)], **listed})


def _say_next(output: Output, run: RunRecord, known: list[RequestRecord]) -> None:
    """Say what to do: what the run itself said, unless a request was settled since."""
    error: dict[str, Any] = (run.report or {}).get("error", {})
    settled = any(one.title == run.source and one.changed > (run.ended or "") for one in known)
    if error.get("hint") and not settled:
        output.say(f"Why: {error['message']}")
        output.say(f"Next: {error['hint']}")
        return
    steps = next_steps(run.report) if run.report and run.state == "partial" and not settled else []
    for text in steps:
        output.say(text)
    if steps:
        return
    after = f" after {point(error['until'])}" if "until" in error and not settled else ""
    output.say(f"Next: run the same command again{after}; decamp brings only what is missing.")


def _say_doubt(output: Output, request: RequestRecord) -> None:
    if not request.single:
        output.say("  Your permission covers a new request: the next transfer asks again.")
        return
    output.say(
        "  decamp does not ask again on a guess. The truth is at the service, which has no list to "
        "look at: it tells the id in its notice to the app when the copy is ready, and its support "
        "knows it. Then one of these; or grant access again, by decamp connect:"
    )
    for word in ("ID", "again"):
        output.command(command_line("decamp", "resolve", "--request", f"{request.number}={word}"))
