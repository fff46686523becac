"""A receipt in words: what arrived, what did not and why, and what to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from decamp.cli.output import Output
from decamp.cli.words import amount, by_kind, command_line, day, number, plural, size

__all__ = ["show_receipt"]

_EXAMPLES = 5
_NEW_COPY_HELPS = frozenset(("expired", "gone", "refused", "empty", "not-media"))
"""Why a file is missing, where only links of a new export can bring it."""

_STATES = {
    "failed": "could not be delivered; the next run tries again",
    "conflict": "found something else in their place, which was left alone",
    "unknown": "may or may not have arrived; they are not sent again",
    "rejected": "did not fit their schema and were kept raw, among the other sections",
    "confirmed": "have changed and were not brought up to date",
}


def show_receipt(output: Output, receipt: Mapping[str, Any], *, recall: bool = False) -> None:
    """Tell a person what a run did.

    Args:
        output: Where to tell it.
        receipt: Valid by ``receipt.schema.json``.
        recall: Also say how to see it again.
    """
    _headline(output, receipt)
    output.facts(_facts(receipt))
    _missing(output, receipt)
    _problems(output, receipt["problems"])
    unlisted = sum(receipt["unlisted"].values())
    if unlisted:
        output.say(f"... and {number(unlisted)} more of these, which no list has room for.")
    error = receipt.get("error")
    output.say()
    if error and receipt["state"] != "interrupted":
        output.error(error["message"])
    output.final(_verdict(receipt["verdict"]), "bold")
    for text in _next_steps(receipt):
        output.say(text)
    never = receipt["verdict"]["never_exported"]
    if never:
        output.say(f"Such an export never holds: {', '.join(never)}.")
    _after(output, receipt)
    if recall:
        output.say("See this again:")
        output.command(command_line("decamp", "receipt", receipt["run"]))


def _headline(output: Output, receipt: Mapping[str, Any]) -> None:
    source, destination = receipt["source"], receipt["destination"]
    place = destination.get("title") or destination["plugin"]
    opening = {
        "done": f"Done. The data is at {place}",
        "partial": f"Done, with something left open. The data is at {place}",
        "stopped": "Stopped before the end.",
        "waiting": "Not ready yet.",
        "interrupted": "Stopped, as you asked. What has arrived is safe.",
    }[receipt["state"]]
    output.say(opening, "bold")
    facts = [source["title"]]
    if source["account"]:
        facts.append(f"account {source['account'][0]}")
    if "as_of" in source:
        facts.append(f"exported {day(source['as_of'])}")
    output.say(f"From {', '.join(facts)}")
    output.say()


def _facts(receipt: Mapping[str, Any]) -> list[tuple[str, str]]:
    counts, media = receipt["counts"], receipt["media"]
    facts = _list("Arrived", _arrived(counts, media))
    facts += _list("Brought up to date", _amounts(counts, "updated"))
    facts += _list("Without all media", _amounts(counts, "incomplete"))
    facts += _list("There already", _amounts(counts, "unchanged"))
    facts += _list("Not asked for", _amounts(counts, "not_asked"))
    facts += _list("Not taken there", _amounts(counts, "skipped"))
    nothing = "nothing; there was nothing to bring" if receipt["state"] == "done" else "nothing"
    return facts or [("Arrived", nothing)]


def _arrived(counts: Mapping[str, Mapping[str, int]], media: Mapping[str, Any]) -> list[str]:
    said = _amounts(counts, "delivered", leave_out=("message", "conversation"))
    messages = counts.get("message", {}).get("delivered", 0)
    conversations = counts.get("conversation", {}).get("delivered", 0)
    talk = [
        amount(kind, count)
        for kind, count in (("message", messages), ("conversation", conversations))
        if count
    ]
    said[:0] = [" in ".join(talk)] if talk else []
    if media["stored"]:
        said.append(f"{plural(media['stored'], 'media file')} ({size(media['bytes'])})")
    return said


def _amounts(
    counts: Mapping[str, Mapping[str, int]], column: str, leave_out: Sequence[str] = ()
) -> list[str]:
    return [
        amount(kind, columns[column])
        for kind, columns in by_kind(counts)
        if columns.get(column) and kind not in leave_out
    ]


def _list(name: str, said: Sequence[str]) -> list[tuple[str, str]]:
    return [(name if not row else "", text) for row, text in enumerate(said)]


def _missing(output: Output, receipt: Mapping[str, Any]) -> None:
    """Group the files that could not be had by why, each with a few examples."""
    missing = receipt["media"]["missing"]
    if missing:
        output.say()
        total = len(missing) + receipt["unlisted"]["missing"]
        output.warn(f"{plural(total, 'media file')} could not be had:")
    for group in _grouped(missing, lambda entry: entry["code"]):
        output.say(f"  {number(len(group))} x {group[0]['reason']}")
        _examples(output, (f"{entry['item']}  {entry['name']}" for entry in group))


def _problems(output: Output, problems: Sequence[Mapping[str, str]]) -> None:
    if problems:
        output.say()
    for group in _grouped(problems, lambda entry: (entry["state"], entry["reason"])):
        first = group[0]
        what = _STATES.get(first["state"], first["state"])
        output.warn(f"{amount(first['kind'], len(group))}: {what}.")
        output.say(f"  Why: {first['reason']}")
        _examples(output, (entry["item"] for entry in group))


def _grouped(
    entries: Iterable[Mapping[str, str]], key: Callable[[Mapping[str, str]], object]
) -> list[list[Mapping[str, str]]]:
    """Put entries of the same key together, the most frequent first."""
    groups: defaultdict[object, list[Mapping[str, str]]] = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return sorted(groups.values(), key=len, reverse=True)


def _examples(output: Output, names: Iterable[str]) -> None:
    listed = list(names)
    for name in listed[:_EXAMPLES]:
        output.say(f"      {name}")
    if len(listed) > _EXAMPLES:
        output.say(f"      ... and {number(len(listed) - _EXAMPLES)} more")


def _verdict(verdict: Mapping[str, Any]) -> str:
    if verdict["complete"]:
        return "Everything in this export is at the destination."
    return f"Not everything in this export is at the destination: {'; '.join(verdict['reasons'])}."


def _next_steps(receipt: Mapping[str, Any]) -> list[str]:
    error = receipt.get("error")
    if error:
        return [f"Next: {error['hint']}"] if error["hint"] else []
    codes = {entry["code"] for entry in receipt["media"]["missing"]}
    steps = []
    if codes & _NEW_COPY_HELPS:
        steps.append(
            "Next: ask for a new copy of your data, and run the same command with it, soon "
            "after you get it: decamp brings only what is missing."
        )
    elif receipt["exit_code"]:
        steps.append("Next: run the same command again; decamp brings only what is missing.")
    return steps


def _after(output: Output, receipt: Mapping[str, Any]) -> None:
    """Say what to do with a copy that lies on this computer."""
    place = Path(receipt["destination"].get("id") or "")
    if receipt["state"] in ("done", "partial") and place.is_absolute() and place.is_dir():
        page = place / "index.html"
        if page.is_file():
            output.say(f"Look at it: open {page} in a browser.")
        output.say("The copy is on this computer: make a second copy on another disk.")
        if (place / "bagit.txt").is_file():
            output.say("Check it at any time, with the Library of Congress's tool:")
            output.command("pip install bagit")
            output.command(command_line("bagit.py", "--validate", str(place)))
