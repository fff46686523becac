"""A plan in words: what a transfer would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decamp.cli.output import Output
from decamp.cli.words import amount, by_kind, number

__all__ = ["show_plan"]

_COLUMNS = {
    "found": "found",
    "new": "new",
    "changed": "changed",
    "unchanged": "there already",
    "not_asked": "not asked for",
    "skipped": "not taken there",
    "rejected": "kept raw",
}
_EXAMPLES = 5


def show_plan(output: Output, plan: Mapping[str, Any], command: str) -> None:
    """Tell a person what a transfer would do.

    Args:
        output: Where to tell it.
        plan: Valid by ``plan.schema.json``.
        command: What does it.
    """
    source, destination = plan["source"], plan["destination"]
    whose = f" of {source['account'][0]}" if source["account"] else ""
    place = destination.get("title") or destination["plugin"]
    output.say(f"Plan: {source['title']}{whose} to {place}", "bold")
    counts = plan["counts"]
    columns = [name for name in _COLUMNS if any(name in kind for kind in counts.values())]
    output.table(
        ["what", *(_COLUMNS[name] for name in columns)],
        [
            [_kind(kind), *(number(count.get(name, 0)) for name in columns)]
            for kind, count in by_kind(counts)
        ],
    )
    _problems(output, plan["problems"])
    output.say()
    error = plan.get("error")
    if error:
        output.error(error["message"], error["hint"])
        output.say("Nothing was changed.")
        return
    bring = sum(count.get("new", 0) + count.get("changed", 0) for count in counts.values())
    output.final(
        "Nothing was changed. "
        + (f"A transfer would bring {number(bring)} records." if bring else "Nothing is new.")
    )
    if bring:
        output.say("To do it:")
        output.command(command)


def _kind(kind: str) -> str:
    """Name a kind without a number."""
    return amount(kind, 2).removeprefix("2 ")


def _problems(output: Output, problems: Sequence[Mapping[str, str]]) -> None:
    for problem in problems[:_EXAMPLES]:
        output.warn(f"{problem['item']}: {problem['reason']}")
    if len(problems) > _EXAMPLES:
        output.warn(f"... and {number(len(problems) - _EXAMPLES)} more; see them with --json")
