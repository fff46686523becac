"""What did not go as it should, in words: grouped by why, with a few examples of each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from decamp.cli.output import Output
from decamp.cli.words import amount, number, plural, several

__all__ = ["cause", "show_missing", "show_problems"]

_Entry = Mapping[str, str]

_PLACE = re.compile(r"\S*[/\\]\S*?(?=[.:;,)]*(?:\s|$))")
"""An address or a path in a sentence, without the marks that follow it."""

_EXAMPLES = 5
_SENTENCES = {
    "failed": "{what} could not be delivered; the next run tries again.",
    "conflict": "{what} found something else in {their} place, which was left alone.",
    "unknown": "{what} may or may not have arrived, and {are} not sent again.",
    "rejected": "{what} {do} not fit {their} schema and {are} kept as {they} came, among the "
    "other sections.",
    "confirmed": "{what} {have} changed and {are} not brought up to date.",
    "skipped": "{what} {are} not taken by this destination.",
    "held": "{what} {are} not sent without {their} media; the next run looks again.",
    "deleted": "{what} {are} not sent again: {they} {have} been deleted there.",
}
_BY_CODE = {
    "item-rejected": "{what} could not be delivered: the destination refuses {them} as {they} {are}.",
    "ambiguous": "{what} could not be told apart from {kinds} that were delivered before, and "
    "{are} not sent again.",
    "duplicate-id": "{what} had the same id as another of this export; the first was taken.",
    "people": "{what} {are} left out, because {they} may name other people.",
    "kept-raw": "{what} could not be read, and {are} kept as {they} came.",
}
"""Said instead, where the code tells more than the state."""

_ONE = {"their": "its", "are": "is", "do": "does", "have": "has", "they": "it", "them": "it"}
_MANY = {"their": "their", "are": "are", "do": "do", "have": "have", "they": "they", "them": "them"}
_ROWS = {"event": "A part of your activity", "message": "A part of your messages"}
"""Kinds whose problems stand for many rows each: a segment, or a batch of the source."""


def cause(reason: str) -> str:
    """Give a reason without the places that it names: what many have in common."""
    return _PLACE.sub("...", reason)


def show_missing(output: Output, missing: Sequence[_Entry], unlisted: int) -> None:
    """Tell which files could not be had.

    Args:
        output: Where to tell it.
        missing: ``media.missing`` of a receipt.
        unlisted: How many there are beyond those.
    """
    if not missing:
        return
    output.say()
    output.warn(f"{plural(len(missing) + unlisted, 'media file')} could not be had:")
    for group in _grouped(missing, lambda entry: cause(entry["reason"])):
        output.say(f"  {number(len(group))} x {group[0]['reason']}")
        _examples(output, (f"{entry['item']}  {entry['name']}" for entry in group))
    if unlisted:
        output.say(f"  ... and {number(unlisted)} more, which no list has room for.")


def show_problems(
    output: Output, problems: Sequence[_Entry], counts: Mapping[str, Mapping[str, int]]
) -> None:
    """Tell which items need attention.

    Args:
        output: Where to tell it.
        problems: ``problems`` of a receipt or plan.
        counts: ``counts`` of the same; tells how many rows there are behind a problem.
    """
    if problems:
        output.say()
    groups = _grouped(
        problems, lambda one: (one["kind"], one["state"], one["code"], cause(one["reason"]))
    )
    for group in groups:
        first = group[0]
        alone = not any(_same_column(first, other[0]) for other in groups if other is not group)
        output.warn(_sentence(group, counts.get(first["kind"], {}) if alone else {}))
        alike = all(entry["reason"] == first["reason"] for entry in group)
        output.say(f"  Why{'' if alike else ', for the first'}: {first['reason']}")
        _examples(output, (entry["item"] for entry in group))


def _same_column(one: _Entry, other: _Entry) -> bool:
    return (one["kind"], one["state"]) == (other["kind"], other["state"])


def _sentence(group: Sequence[_Entry], columns: Mapping[str, int]) -> str:
    first = group[0]
    kind, state, count = first["kind"], first["state"], len(group)
    what = amount(kind, count)
    if kind in _ROWS:
        count = columns.get(state, 0) or 1
        what = amount(kind, count) if columns.get(state) else _ROWS[kind]
    text = _BY_CODE.get(first["code"]) or _SENTENCES.get(state) or f"{{what}}: {state}."
    return text.format(what=what, kinds=several(kind), **(_ONE if count == 1 else _MANY))


def _grouped(entries: Iterable[_Entry], key: Callable[[_Entry], object]) -> list[list[_Entry]]:
    """Put entries of the same key together, the most frequent first."""
    groups: defaultdict[object, list[Any]] = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return sorted(groups.values(), key=len, reverse=True)


def _examples(output: Output, names: Iterable[str]) -> None:
    listed = list(names)
    for name in listed[:_EXAMPLES]:
        output.say(f"      {name}")
    if len(listed) > _EXAMPLES:
        output.say(f"      ... and {number(len(listed) - _EXAMPLES)} more")
