"""A plan in words: what a transfer would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decamp.cli.output import Output
from decamp.cli.troubles import show_problems
from decamp.cli.words import by_kind, moment, no_data, number, people_words, plural, several, size

__all__ = ["show_losses", "show_plan", "would_bring"]

_COLUMNS = {
    "found": "found",
    "new": "new",
    "changed": "changed",
    "unchanged": "there already",
    "deleted": "deleted there",
    "not_asked": "not asked for",
    "left_out": "about others",
    "skipped": "not taken there",
    "held": "held back",
    "rejected": "kept raw",
}
_BROUGHT = (("new", 1), ("changed", 1), ("skipped", -1), ("held", -1))
"""What is due, less what is known to stay behind."""


def show_plan(output: Output, plan: Mapping[str, Any], command: str) -> None:
    """Tell a person what a transfer would do.

    Args:
        output: Where to tell it.
        plan: Valid by ``plan.schema.json``.
        command: What does it; empty if that is asked next.
    """
    error = plan.get("error")
    if error:
        output.error(error["message"], error["hint"])
        output.say("Nothing was changed.")
        return
    links = _links(plan["media"])
    if links:
        output.say(links, "yellow" if plan["media"]["expired"] else "")
    source, destination = plan["source"], plan["destination"]
    whose = f" of {source['account'][0]}" if source["account"] else ""
    place = destination.get("title") or destination["plugin"]
    output.say(f"Plan: {source['title']}{whose} to {place}", "bold")
    counts = plan["counts"]
    columns = [name for name in _COLUMNS if any(name in kind for kind in counts.values())]
    output.table(
        ["what", *(_COLUMNS[name] for name in columns)],
        [
            [several(kind), *(number(_shown(count, name)) for name in columns)]
            for kind, count in by_kind(counts)
        ],
    )
    if not plan.get("public") or plan["people"] != "keep":  # else nothing of others goes there
        output.say(people_words(plan["people"]))
    show_losses(output, plan)
    _show_changes(output, plan.get("changes", ()))
    if "finish" in plan:
        output.say(
            "This destination takes only so much in a time, so a transfer waits now and then; "
            f"it would end at about {moment(plan['finish'])}."
        )
        if plan["media"].get("until", plan["finish"]) < plan["finish"]:
            output.warn(
                "Links to your media stop working before that. One run fetches all files before it "
                "waits, as far as the disk has room, and forgets them when it ends. Surer is: bring "
                "everything into a folder first, and from there to this destination."
            )
    show_problems(output, plan["problems"], counts)
    output.say()
    bring = would_bring(counts)
    media = plan["media"]
    completes = media["links"] > media["expired"] or media.get("here", 0) > 0
    nothing = no_data(counts)
    if nothing:
        output.final(nothing)
    if bring:
        become = bring + plan.get("further", 0)
        there = f", which become {number(become)} there" if become > bring else ""
        output.final(
            f"Nothing was changed. A transfer would bring {plural(bring, 'record')}{there}."
        )
    elif completes:
        output.final("Nothing was changed. Nothing is new, but media that were missing may come.")
    else:
        output.final("Nothing was changed. Nothing is new.")
    if (bring or completes) and command:
        output.say("To do it:")
        output.command(command)


def would_bring(counts: Mapping[str, Mapping[str, int]]) -> int:
    """Count what a transfer would send.

    Args:
        counts: As in a plan.
    """
    return sum(
        max(0, sum(count.get(name, 0) * sign for name, sign in _BROUGHT))
        for count in counts.values()
    )


def _shown(count: Mapping[str, int], column: str) -> int:
    """Count what is there already without what was deleted there."""
    gone = count.get("deleted", 0) if column == "unchanged" else 0
    return count.get(column, 0) - gone


def show_losses(output: Output, document: Mapping[str, Any]) -> None:
    """Tell what a destination cannot hold as it is; nothing where there is no loss.

    Args:
        output: Where to tell it.
        document: A plan, or a receipt; older receipts know of no losses.
    """
    sums = document.get("losses", {}).get("sums", ())
    if not sums:
        return
    perhaps = any(one["conditional"] for one in sums)
    output.table(
        ["what is not there as it was", "items", *(["perhaps"] if perhaps else [])],
        [
            [
                one["text"],
                number(one["certain"]),
                *([number(one["conditional"])] if perhaps else []),
            ]
            for one in sums
        ],
    )


def _show_changes(output: Output, changes: Sequence[Mapping[str, str]]) -> None:
    if changes:
        output.table(
            ["what is changed there", "now", "then"],
            [
                [one["field"], *(_line(one[when]) for when in ("before", "after"))]
                for one in changes
            ],
        )


def _line(text: str) -> str:
    """Make one line of a text, so that a table stays a table."""
    return " ".join(text.split()) or "-"


def _links(media: Mapping[str, Any]) -> str:
    """Say how many files would come, from where, and until when; empty where there are none."""
    links, expired, here = media["links"], media["expired"], media.get("here", 0)
    said = []
    if here:
        known = f" ({size(media['bytes'])})" if media["bytes"] else ""
        said.append(f"{plural(here, 'media file')}{known} would come without being fetched.")
    if links:
        fetched = f"A transfer would fetch {plural(links, 'media file')}"
        if expired:
            of_them = "all" if expired == links else number(expired)
            fetched += f"; the links to {of_them} of them no longer"
            fetched += " work. Ask for a new copy of your data to get these"
        if "until" in media:
            fetched += f"; links work until {moment(media['until'])}"
        said.append(fetched + ".")
    return " ".join(said)
