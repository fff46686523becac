"""Counts, and the list of everything that did not go as it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from decamp.engine.work import Work
from decamp.journal import State
from decamp.model import Blob, Item, Loss, Missing, Preview
from decamp.report.document import LISTED

__all__ = ["Tally"]

COLUMNS = (
    *("found", "new", "changed", "unchanged", "not_asked"),
    *("delivered", "updated", "incomplete", "failed", "conflict", "unknown", "skipped"),
    *("rejected", "withheld", "held", "superseded", "kept", "deleted", "left_out", "trimmed"),
)
"""``found`` is what the source holds. ``new``, ``changed`` and ``unchanged`` divide what
was asked for; the others say how it ended. ``withheld``: changed, but the destination
cannot be updated. ``held``: not sent without its media. ``superseded``: another, newer version
is there. ``kept``: a person has settled that what is there stays. ``deleted``: a person has
deleted it at a destination that others can see, at least in part, and it is not sent again.
``left_out``: of those not asked for, what is about other people. ``trimmed``: a part was left
out for the same reason."""


@define
class Tally:
    """What a run found and did, per kind. Rows are counted one by one."""

    counts: dict[str, Counter[str]] = field(factory=dict)
    segments: Counter[str] = field(factory=Counter)
    """How many segments were delivered, per kind of row."""
    problems: list[dict[str, Any]] = field(factory=list)
    missing: list[dict[str, Any]] = field(factory=list)
    unlisted: Counter[str] = field(factory=Counter)
    """How many ``problems`` and ``missing`` there were beyond what the lists take."""
    vanished: list[str] = field(factory=list)
    """Ids of what was brought earlier and the source no longer has."""
    links: int = 0
    """Media that have to be fetched."""
    links_expired: int = 0
    links_until: str = ""
    """When the first of the others expires, RFC 3339."""
    lost: dict[str, dict[str, Any]] = field(factory=dict)
    """What items lose at the destination, by code: ``text``, ``certain``, ``conditional``."""
    losses: list[dict[str, Any]] = field(factory=list)
    """The same, item by item."""
    changes: list[dict[str, str]] = field(factory=list)
    """What is changed of what a person has there: before and after."""
    costs: list[Mapping[str, int]] = field(factory=list)
    """What sending each item of a plan costs, in order, if it costs anything."""
    further: int = 0
    """How many entries a plan makes there beyond one for each item."""
    media_count: int = 0
    """Media that were stored; in a plan those that would be, as far as they need no fetching."""
    media_bytes: int = 0
    _sorts: set[tuple[str, ...]] = field(factory=set, init=False)
    """What is listed: ``problems`` by kind, state and code, ``missing`` by code."""

    def add(self, kind: str, column: str, count: int = 1) -> None:
        """Count something."""
        assert column in COLUMNS
        self.counts.setdefault(kind, Counter())[column] += count

    def ended(self, work: Work, state: State, code: str, reason: str) -> None:
        """Count an item that was on its way, and list it if there is a code for what went wrong."""
        item, column = work.item, str(state)
        if state == "confirmed":
            column = "delivered" if work.action == "send" else "updated"
            if work.rows is not None:
                self.segments[item.kind] += 1
        self.add(item.kind, column, 1 if work.rows is None else work.rows)
        if code:
            self.problem(item.id, item.kind, state, code, reason)

    def problem(self, item_id: str, kind: str, state: str, code: str, reason: str) -> None:
        """List an item that needs attention."""
        if not self._takes("problems", len(self.problems), kind, state, code):
            return
        self.problems.append(
            {"item": item_id, "kind": kind, "state": state, "code": code, "reason": reason}
        )

    def lacks(self, item_id: str, missing: Missing, *, source_lacks: bool = False) -> None:
        """List a medium that could not be had.

        Args:
            source_lacks: The source itself says so: running the same again does not bring it.
        """
        lacking = "at the source" if source_lacks else ""
        if not self._takes("missing", len(self.missing), missing.code, lacking):
            return
        entry: dict[str, Any] = {
            "item": item_id,
            "name": missing.name,
            "code": missing.code,
            "reason": missing.reason,
        }
        self.missing.append(entry | ({"source_lacks": True} if source_lacks else {}))

    def gathered(self, work: Work, results: Mapping[str, Blob | Missing]) -> None:
        """Take note of what came of an item's files, by their names."""
        for missing in work.item.missing:
            self.lacks(work.item.id, missing, source_lacks=True)
        for result in results.values():
            if isinstance(result, Missing):
                self.lacks(work.item.id, result)
            else:
                work.fetched.append(result.size or 0)

    def _takes(self, name: str, length: int, *sort: str) -> bool:
        """Tell whether a list takes one more of a sort; counts it if not.

        The first of each sort is listed all the same: what to do next is said by what the lists hold.
        """
        if length >= LISTED and (name, *sort) in self._sorts:
            self.unlisted[name] += 1
            return False
        self._sorts.add((name, *sort))
        return True

    def foresee(self, item_id: str, kind: str, preview: Preview) -> None:
        """Take note of what becomes of an item."""
        if preview.costs:
            self.costs.append(preview.costs)
        for loss in preview.losses:
            self._lose(item_id, kind, loss)
        for name in preview.after:
            before, after = preview.before.get(name, ""), preview.after[name]
            if before != after:
                self.changes.append(
                    {"item": item_id, "field": name, "before": before, "after": after}
                )

    def _lose(self, item_id: str, kind: str, loss: Loss) -> None:
        summed = self.lost.setdefault(
            loss.code, {"code": loss.code, "text": loss.text, "certain": 0, "conditional": 0}
        )
        summed["certain" if loss.certain else "conditional"] += 1
        if len(self.losses) >= LISTED:
            self.unlisted["losses"] += 1
            return
        entry = {"item": item_id, "kind": kind, "code": loss.code, "text": loss.text}
        self.losses.append({**entry, "certain": loss.certain})

    def will_store(self, item: Item, limit: int | None) -> None:
        """Count, in a plan, the media of an item that need no fetching.

        Args:
            limit: The most bytes that the destination takes for one.
        """
        sizes = [blob.size or 0 for blob in item.blobs if blob.link is None]
        taken = [size for size in sizes if limit is None or size <= limit]
        self.media_count += len(taken)
        self.media_bytes += sum(taken)

    def total(self, column: str) -> int:
        """Add up one column over all kinds."""
        return sum(counter[column] for counter in self.counts.values())

    def as_json(self) -> dict[str, dict[str, int]]:
        """Give the counts; columns that are zero are left out, ``found`` is always there."""
        return {
            kind: {
                column: counter[column]
                for column in COLUMNS
                if counter[column] or column == "found"
            }
            for kind, counter in sorted(self.counts.items())
        }
