"""A receipt in words: what arrived, what did not and why, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decamp.cli import statement
from decamp.cli.checks import check_commands, folder_of
from decamp.cli.output import Output
from decamp.cli.preview import show_losses
from decamp.cli.troubles import show_missing, show_problems
from decamp.cli.words import (
    amount,
    by_kind,
    command_line,
    day,
    no_data,
    number,
    plural,
    point,
    size,
)
from decamp.report.verdict import there_already

__all__ = ["next_steps", "show_receipt"]

_NEW_COPY_HELPS = frozenset(("expired", "gone", "refused", "empty", "not-media"))
"""Why a file is missing, where only links of a new export can bring it."""

_RETRIED = frozenset(("failed", "incomplete", "unknown"))
"""States of what running the same again may settle."""

_BY_HAND = frozenset(("ambiguous", "conflict", "item-rejected"))
"""Codes of problems that the same run alone does not settle; each has words of its own."""

_SHOWN = 5
_BROUGHT = ("delivered", "updated", "incomplete")
"""Columns of what a run has written."""


def show_receipt(output: Output, receipt: Mapping[str, Any], *, recall: bool = False) -> None:
    """Tell a person what a run did.

    Args:
        output: Where to tell it.
        receipt: Valid by ``receipt.schema.json``.
        recall: Also say how to see it again.
    """
    error = receipt.get("error")
    if error and receipt["state"] == "waiting":
        _wait(output, error)
        return
    if error and _refused(receipt):
        output.error(error["message"], error["hint"])
        return
    _headline(output, receipt)
    output.facts(_facts(receipt))
    if statement.people(receipt):
        output.say(statement.people(receipt))
    show_losses(output, receipt)
    show_missing(output, receipt["media"]["missing"], receipt["unlisted"]["missing"])
    show_problems(output, receipt["problems"], receipt["counts"])
    if receipt["unlisted"]["problems"]:
        unlisted = number(receipt["unlisted"]["problems"])
        output.say(f"... and {unlisted} more problems, which no list has room for.")
    output.say()
    if error and receipt["state"] != "interrupted":
        output.error(error["message"])
    output.final(statement.verdict(receipt), "bold")
    if statement.hollow(receipt):
        output.warn(statement.hollow(receipt))
    for text in receipt["verdict"].get("remarks", ()):
        output.say(f"Note: {text}.")
    for text in next_steps(receipt):
        output.say(text)
    _below(output, receipt)
    _after(output, receipt)
    if recall:
        output.say("See this again:")
        output.command(command_line("decamp", "receipt", receipt["run"]))


def _wait(output: Output, error: Mapping[str, str]) -> None:
    """Say, as calmly as it is, that the source needs time, and when to come back."""
    output.final(f"Not ready yet. {error['message']}")
    until = f" after {point(error['until'])}" if "until" in error else " later"
    output.final(f"Next: run the same command again{until}; decamp goes on from there.")


def _refused(receipt: Mapping[str, Any]) -> bool:
    """Tell whether a run ended before it did anything that could be told of."""
    return (
        receipt["state"] != "interrupted"
        and not any(_total(receipt, column) for column in _BROUGHT)
        and not receipt["problems"]
        and not receipt["media"]["missing"]
    )


def _total(receipt: Mapping[str, Any], column: str) -> int:
    return sum(columns.get(column, 0) for columns in receipt["counts"].values())


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
    facts += _list("There already", _amounts(_there(counts), "unchanged"))
    facts += _list("Deleted there", _amounts(counts, "deleted"))
    facts += _list("About others, left out", _amounts(counts, "left_out"))
    facts += _list("Not asked for", _amounts(_unasked(counts), "not_asked"))
    facts += _list("Not taken there", _amounts(counts, "skipped"))
    facts += _list("Gone at the source", _some_of(receipt.get("vanished", {}).get("items", ())))
    nothing = "nothing; there was nothing to bring" if receipt["state"] == "done" else "nothing"
    return facts or [("Arrived", nothing)]


def _some_of(items: Sequence[str]) -> list[str]:
    """List some ids of what the source no longer has; it stays where it is."""
    more = len(items) - _SHOWN
    return [*items[:_SHOWN], *([f"and {number(more)} more"] if more > 0 else [])]


def _there(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Count what is there as before, and in no other line."""
    return {kind: {"unchanged": there_already(kind, columns)} for kind, columns in counts.items()}


def _unasked(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Count what no option but ``--people drop`` has left out as asked for."""
    return {
        kind: {"not_asked": columns.get("not_asked", 0) - columns.get("left_out", 0)}
        for kind, columns in counts.items()
    }


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


def _below(output: Output, receipt: Mapping[str, Any]) -> None:
    """Say what belongs to the verdict, whatever it is."""
    if no_data(receipt["counts"]):
        return
    facts = _list("Proof", statement.proof(receipt))
    facts += _list("Not covered", _some(statement.not_covered(receipt)))
    facts += _list("Never exported", receipt["verdict"]["never_exported"])
    facts += _list("Asked for", [statement.asked(receipt)])
    facts += _list("Exported", [statement.exported(receipt)])
    facts += _list("The copy", _some(statement.where(receipt)))
    facts += _list("Consent", _some(statement.consent(receipt)))
    output.say()
    output.facts(facts)


def _some(text: str) -> list[str]:
    return [text] if text else []


def next_steps(receipt: Mapping[str, Any]) -> list[str]:
    """Say what to do after a run; nothing if all is well.

    Args:
        receipt: Valid by ``receipt.schema.json``.
    """
    error = receipt.get("error")
    if error:
        return [f"Next: {error['hint']}"] if error["hint"] else []
    missing = receipt["media"]["missing"]
    codes = {entry["code"] for entry in missing if not entry.get("source_lacks")}
    reasons = {problem["code"] for problem in receipt["problems"]}
    states = {
        problem["state"]
        for problem in receipt["problems"]
        if problem["state"] != "deleted" and problem["code"] not in _BY_HAND
    }
    steps = []
    if "item-rejected" in reasons:
        steps.append(
            "Next: change what keeps the destination from taking what it refused, for example a limit "
            "for the size of files, and run the same command again; or choose another destination."
        )
    if "conflict" in reasons:
        steps.append(
            "Next: look at what lies in the place of what was left alone. To have it sent, move that "
            "away and run the same command again; to let that stay: decamp resolve"
        )
    if "ambiguous" in reasons:
        steps.append(
            "Next: see whether what could not be told apart is there. If not, transfer the copy "
            "that the others came from: in it decamp can tell them apart."
        )
    if any(entry["code"] in _NEW_COPY_HELPS for entry in missing):
        steps.append(
            "Next: ask for a new copy of your data, and run the same command with it, soon "
            "after you get it: decamp brings only what is missing."
        )
    elif states == {"rejected"} and not codes - {"dead-on-arrival"}:
        steps.append(
            "Next: nothing needs to be done. What decamp did not understand is kept as it came; "
            "to have it understood one day, report it: decamp inspect SOURCE --skeleton"
        )
    elif "held" in states and not states & _RETRIED:
        steps.append(
            "Next: what was held back needs files that this source does not have. Bring it from one "
            "that has them, such as a new copy of your data."
        )
    elif not states and not codes and not reasons and _total(receipt, "incomplete"):
        steps.append(
            "Next: this source does not have what is missing. Bring it from one that has it, such "
            "as a new copy of your data."
        )
    elif receipt["exit_code"] and (reasons - _BY_HAND or codes or not reasons):
        steps.append("Next: run the same command again; decamp brings only what is missing.")
    if "deleted" in reasons:
        steps.append(
            "If you want what you deleted there to be sent again: decamp resolve --again ITEM, "
            "and then the same command."
        )
    return steps


def _after(output: Output, receipt: Mapping[str, Any]) -> None:
    """Say how to look at a copy, and how to check it."""
    if receipt["state"] not in ("done", "partial"):
        return
    place = folder_of(receipt["destination"])
    page = place / "index.html" if place is not None else None
    if page is not None and page.is_file():
        output.say(f"Look at it: open {page} in a browser.")
    lines = check_commands(receipt["destination"])
    if lines:
        tool = ", also with a tool that is not ours" if len(lines) > 1 else ""
        output.say(f"Check it at any time{tool}:")
    for line in lines:
        output.command(line)
