"""Takes items page by page: numbers them, judges them, decides, and submits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field

from decamp.engine.delivery.linkwatch import LinkWatch
from decamp.engine.delivery.window import Delivery
from decamp.engine.judging.decide import Decider, Decision
from decamp.engine.judging.ordinals import Ordinals
from decamp.engine.judging.quarantine import NOT_TEXT, REJECTED, rejected_item
from decamp.engine.judging.renames import Renames
from decamp.engine.people.names import KEEP, People
from decamp.engine.selection import Selection
from decamp.engine.tally import Tally
from decamp.engine.vanished import SeenPosts
from decamp.journal import Journal, Known, Route
from decamp.model import Item, Page, Preview
from decamp.validation import encodable, has_schema, validator

__all__ = ["ItemIntake"]


_OTHER = ("superseded", "deleted")
"""States of what is not there as this export has it."""


def _no_preview(item: Item) -> Preview | None:  # noqa: ARG001
    """Tell nothing."""
    return None


@define(kw_only=True)
class ItemIntake:
    """The items of one run on one route."""

    _exporter: str
    _run: str
    _selection: Selection
    _tally: Tally
    _journal: Journal
    _route: Route
    _decider: Decider
    _delivery: Delivery | None
    """None in a dry run."""
    _links: LinkWatch
    _renames: Renames
    _people: People = KEEP
    _preview: Callable[[Item], Preview | None] = _no_preview
    """Tells in a dry run what becomes of an item."""
    posts: SeenPosts
    unsure: set[str] = field(factory=set, init=False)
    """Ids that posts of this export share with several."""
    _ordinals: Ordinals = field(init=False)
    _known: dict[str, Known] = field(factory=dict, init=False)
    _versions: Mapping[tuple[str, str], bool] = field(factory=dict, init=False)
    _seen: set[str] = field(factory=set, init=False)
    _same: list[str] = field(factory=list, init=False)
    """Ids of items of this page that are held just as this export has them."""
    _taken: int = field(default=0, init=False)
    due: int = field(default=0, init=False)
    """How many of those that were taken have to be delivered."""

    def __attrs_post_init__(self) -> None:
        self._ordinals = Ordinals(self._journal, self._route.id)

    def take(self, page: Page) -> None:
        """Take the items of a page."""
        numbered = self._ordinals.resolve(
            [self._renames.item(item) for item in self._people.items(page.items)]
        )
        ids = [item.id for item in numbered.items]
        self.posts.add([item.id for item in numbered.items if item.kind == "post"])
        self.unsure.update(item.id for item in numbered.ambiguous)
        self._known = self._journal.known_many(self._route.id, ids)
        self._versions = self._journal.versions(self._route.id, ids)
        self._seen.clear()
        self._same.clear()
        for item in numbered.items:
            self._take(item)
        if self._same and self._decider.as_of and self._delivery is not None:
            self._journal.confirm_as_of(self._route.id, self._same, self._decider.as_of)
        for item in numbered.ambiguous:
            self._tally.add(item.kind, "found")
            reason = "it could be one of several items that were delivered before; not sent again"
            self._refuse(item, "ambiguous", reason)

    def reject(self, kind: str, where: str, value: Any, reason: str) -> None:
        """Keep something that its schema refuses: raw, as a section, and listed."""
        self._tally.add(kind, "rejected", len(value) if isinstance(value, list) else 1)
        self._tally.problem(where, kind, "rejected", "invalid", reason)
        for item in self._people.items([rejected_item(where, value, reason)]):
            self._known |= self._journal.known_many(self._route.id, [item.id])
            self._take(item)

    def _take(self, item: Item) -> None:
        self._tally.add(item.kind, "found")
        limit = self._selection.limit
        full = limit is not None and self._taken >= limit
        if full or not self._selection.takes_item(item):
            self._tally.add(item.kind, "not_asked")
            return
        problem = _problem(item)
        if problem:
            self.reject(item.kind, item.id, item.record, problem)
            return
        known = self._known.get(item.id)
        if item.id in self._seen or (known is not None and known.run == self._run):
            reason = f"{self._exporter} gave two items this id; the first was taken"
            self._refuse(item, "duplicate-id", reason)
            return
        self._seen.add(item.id)
        if item.kind == "section" and "reason" in item.record and item.record["name"] != REJECTED:
            self._tally.add(item.kind, "rejected")
            reason = item.record["reason"]
            self._tally.problem(item.record["path"], item.kind, "rejected", "kept-raw", reason)
        self._act(item, self._decider.decide(item, known, self._versions))

    def _act(self, item: Item, decision: Decision) -> None:
        self._tally.add(item.kind, decision.column)
        if decision.column != "unchanged":
            self._taken += 1
        if decision.listed is not None:
            listed = decision.listed
            withheld = listed.state == "confirmed"
            self._tally.add(item.kind, "withheld" if withheld else listed.state)
            self._tally.problem(item.id, item.kind, listed.state, "not-sent", listed.reason)
            if not withheld:
                self._journal.list_outcome(self._route.id, self._run, listed)
            return
        if decision.adopt:
            self._journal.adopt(self._route.id, item.id, decision.adopt, self._decider.mapping)
        if decision.column == "unchanged" and decision.state not in _OTHER:
            self._same.append(item.id)
        if decision.work is not None:
            due = self._links.add(decision.work.item)
            preview = self._preview(due)
            held = preview is not None and self._foresee(item, decision, preview)
            if self._delivery is None and not held:
                self._tally.will_store(due, self._decider.capabilities.max_blob_bytes)
        if decision.work is not None and self._delivery is not None:
            self.due += 1
            self._delivery.submit(decision.work)
        elif decision.state in ("incomplete", "unknown", "superseded", "kept", "deleted"):
            self._tally.add(item.kind, decision.state)
            if decision.reason:
                self._tally.problem(
                    item.id, item.kind, decision.state, decision.state, decision.reason
                )
            if decision.state == "unknown":
                reason = "it may or may not be at the destination"
                self._tally.problem(item.id, item.kind, "unknown", "unknown", reason)

    def _foresee(self, item: Item, decision: Decision, preview: Preview) -> bool:
        """Take note, in a plan, of what becomes of an item; tell whether it is held back."""
        assert decision.work is not None
        held = bool(preview.held) and decision.work.action == "send"
        if held:
            self._tally.add(item.kind, "held")
            self._tally.problem(item.id, item.kind, "held", "held", preview.held)
            preview = evolve(preview, costs={})
        elif decision.column != "unchanged":
            self._tally.further += preview.entries - 1
        self._tally.foresee(item.id, item.kind, preview)
        return held

    def _refuse(self, item: Item, code: str, reason: str) -> None:
        self._tally.add(item.kind, "conflict")
        self._tally.problem(item.id, item.kind, "conflict", code, reason)


def _problem(item: Item) -> str:
    """Say what is wrong with a record; empty if nothing is."""
    if not has_schema(item.kind):
        return "" if encodable(item.record) else NOT_TEXT
    judge = validator(item.kind)
    if judge.is_valid(item.record) and encodable(item.record):
        return ""
    return next(iter(judge.problems(item.record)), NOT_TEXT)
