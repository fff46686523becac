"""The verdict: is everything in this export proved to be at the destination, and how.

A "yes" needs every entry that the source held to be accounted for. Whatever speaks against it
is a reason; what does not, and a person should know all the same, is a remark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from decamp.journal import Standing

__all__ = ["Table", "proof_of", "read_back", "there_already", "total", "verdict_of"]

Table: TypeAlias = dict[str, dict[str, int]]
"""Counts by kind and column; see `decamp.engine.tally`. Rows count one by one."""

_REASONS = {
    "failed": "could not be delivered",
    "incomplete": "went without some media",
    "conflict": "met something else at the destination",
    "unknown": "may or may not have arrived",
    "held": "were held back, because their media could not be had",
    "withheld": "had other values than what is there, which stayed",
    "superseded": "are there in a newer version, whose values stayed",
    "kept": "were settled by you: what was there stayed",
    "deleted": "were deleted there since, at least in part, and are not sent again",
    "skipped": "are not taken by this destination",
    "not_asked": "had not been asked for",
    "left_out": "had, or may have had, other people's data, which you asked to leave out",
    "trimmed": "lack what is about other people, which you asked to leave out",
}
_ONE = {
    "held": "was held back, because its media could not be had",
    "skipped": "is not taken by this destination",
    "superseded": "is there in a newer version, whose values stayed",
    "kept": "was settled by you: what was there stayed",
    "deleted": "was deleted there since, at least in part, and is not sent again",
    "trimmed": "lacks what is about other people, which you asked to leave out",
}
"""The same for a single item, where that reads otherwise."""

_ELSEWHERE = (
    *("delivered", "updated", "incomplete", "failed", "conflict", "unknown", "held", "withheld"),
    *("deleted", "skipped", "not_asked"),
)
"""Columns of what has a line of its own, also if it is as it was before."""

_ROWS = ("message", "event")
"""Kinds that never bring files: kept raw, nothing of them is lost."""

_NAMING = ("conversation", "message", "event")
"""Kinds that name other people."""

_ALIASES = "other people's names, where there are any, are there as aliases, as you asked"
_HOW = (
    "The bytes of each file were compared with their length and SHA-256 as they were written, and "
    "the destination confirmed each item before it was counted."
)
_DEPTHS = ("digest", "size", "exists")


def total(table: Mapping[str, Mapping[str, int]], column: str) -> int:
    """Add up one column over all kinds."""
    return sum(columns.get(column, 0) for columns in table.values())


def there_already(kind: str, columns: Mapping[str, int]) -> int:
    """Count what is there from before with all that belongs to it, and is told nowhere else.

    What lacks media is unchanged, too, and so is what was brought some of them.
    """
    elsewhere = sum(columns.get(column, 0) for column in _ELSEWHERE)
    raw = columns.get("rejected", 0) if kind != "section" else 0
    unchanged = columns.get("unchanged", 0) - columns.get("deleted", 0)
    return max(0, min(unchanged, columns["found"] - raw - elsewhere))


def verdict_of(
    table: Table,
    standing: Standing | None,
    omits: Sequence[str],
    *,
    people: str = "keep",
    ended: bool,
    vanished: int = 0,
) -> dict[str, Any]:
    """Say whether everything in this export is at the destination, and why not.

    Args:
        table: What was found, and what became of it.
        standing: None if the journal could not tell.
        omits: What the source never exports.
        people: What became of other people's names; see `decamp.journal.Route`.
        ended: The run came to its end: the whole source was read.
        vanished: How many posts and conversations the source no longer has.
    """
    reasons = [] if ended else ["the run did not reach its end"]
    reasons += [
        _counted(count, _ONE.get(column, text), text)
        for column, text in _REASONS.items()
        if (count := sum(_count(columns, column) for columns in table.values()))
    ]
    reasons += _raw_items(table)
    if standing is None and ended:
        reasons.append("decamp could not read its own memory when the run ended")
    if people == "alias" and any(table.get(kind, {}).get("found") for kind in _NAMING):
        reasons.append(_ALIASES)
    lost = 0 if reasons else _unaccounted(table)
    if lost:
        reasons.append(_counted(lost, "is not accounted for", "are not accounted for"))
    return {
        "complete": not reasons,
        "reasons": reasons,
        "remarks": _remarks(table, standing, vanished),
        "never_exported": list(omits),
    }


def proof_of(
    table: Table, standing: Standing | None, ended: str, as_of: str | None, *, whole: bool
) -> dict[str, Any]:
    """Say what is proved of this export, how, and what that does not cover.

    Args:
        ended: When the run ended, RFC 3339.
        as_of: When the source was exported, if known.
        whole: The run came to its end; else what it had not reached yet is proved by nothing.
    """
    written = before = 0
    for kind, columns in table.items():
        # What an exporter keeps raw is an entry, and delivered as such; only what the engine
        # keeps raw has no place among its kind.
        raw = columns.get("rejected", 0) if kind != "section" else 0
        there = columns["found"] - raw - sum(_count(columns, column) for column in _REASONS)
        brought = min(max(there, 0), columns.get("delivered", 0) + columns.get("updated", 0))
        written += brought
        left = max(there, 0) - brought
        before += left if whole else min(left, columns.get("unchanged", 0))
    return {
        "written": written,
        "before": before,
        "how": _HOW,
        "held": standing.held if standing is not None else 0,
        "read_back": read_back(standing.proofs) if standing is not None else [],
        "not_covered": [
            "what became of each entry after it was written, or last read back"
            if before
            else f"what became of the copy after {ended}",
            f"what happened at the source after {as_of}"
            if as_of
            else "what happened at the source after the export was made",
            "what the export did not hold",
        ],
    }


def read_back(proofs: Mapping[str, tuple[int, str]]) -> list[dict[str, Any]]:
    """List what was read back later, as it stands in a receipt.

    Args:
        proofs: As in `Standing`.
    """
    return [
        {"depth": depth, "items": proofs[depth][0], "since": proofs[depth][1]}
        for depth in _DEPTHS
        if depth in proofs
    ]


def _count(columns: Mapping[str, int], column: str) -> int:
    """Give a count; what is left out because of other people stands under not asked for, too."""
    count = columns.get(column, 0)
    return count - columns.get("left_out", 0) if column == "not_asked" else count


def _raw_items(table: Table) -> list[str]:
    """Tell of items that are there as they came: files that they name were not looked for."""
    count = sum(columns.get("rejected", 0) for kind, columns in table.items() if kind not in _ROWS)
    text = "could not be read and {} as {} came, without any files that {} may name"
    one, many = text.format("is there", "it", "it"), text.format("are there", "they", "they")
    return [_counted(count, one, many)] if count else []


def _remarks(table: Table, standing: Standing | None, vanished: int) -> list[str]:
    remarks = []
    if vanished:
        text = "brought by an earlier run {} no longer at the source, and stayed at the destination"
        what = "post or conversation"
        one, many = text.format("is"), text.format("are")
        many_what = f"{vanished:,} posts or conversations {many}"
        remarks.append(_counted(1, one, "", what) if vanished == 1 else many_what)
    raw = sum(table.get(kind, {}).get("rejected", 0) for kind in _ROWS)
    if raw:
        text = "did not fit {} schema and {} there as {} came, among the other sections"
        one, many = text.format("its", "is", "it"), text.format("their", "are", "they")
        remarks.append(_counted(raw, one, many))
    if standing is not None and standing.unobtainable:
        text = "could not be had by anyone: {} expired before the export was made"
        one, many = text.format("its link had"), text.format("their links had")
        remarks.append(_counted(standing.unobtainable, one, many, "file"))
    return remarks


def _unaccounted(table: Table) -> int:
    """Count what the source held and nothing is said about. A safeguard: it should be none."""
    found, decided = total(table, "found"), _sum(table, "new", "changed", "unchanged", "rejected")
    due, brought = _sum(table, "new", "changed"), _sum(table, "delivered", "updated")
    return max(0, found - decided) + max(0, due - brought)


def _sum(table: Table, *columns: str) -> int:
    return sum(total(table, column) for column in columns)


def _counted(count: int, one: str, many: str, what: str = "item") -> str:
    return f"{count:,} {what} {one}" if count == 1 else f"{count:,} {what}s {many}"
