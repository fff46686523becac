"""Decides what an item needs: nothing, to be sent, to be brought up to date, to be listed."""

from __future__ import annotations

from attrs import frozen

from decamp.engine.work import Work
from decamp.identity import record_digest
from decamp.journal import Journal, Known, Outcome, Route
from decamp.model import Blob, Item
from decamp.spec import ImporterCapabilities

__all__ = ["Decider", "Decision"]


@frozen
class Decision:
    """What to do with one item."""

    column: str
    """``new``, ``changed`` or ``unchanged``."""
    work: Work | None = None
    """What to deliver; None if there is nothing to do."""
    listed: Outcome | None = None
    """What to list instead of delivering, with its reason."""
    state: str = ""
    """For an unchanged item: the state that it is in."""


@frozen
class Decider:
    """Compares items with what the journal knows of one route."""

    journal: Journal
    route: Route
    capabilities: ImporterCapabilities
    mapping: int
    updates: bool
    """The importer can update."""
    older: bool
    """This export is older than what was delivered last."""

    def decide(self, item: Item, known: Known | None) -> Decision:
        """Decide about a valid item that was asked for."""
        if self.capabilities.kinds is not None and item.kind not in self.capabilities.kinds:
            reason = f"this destination does not take {item.kind}"
            return Decision("new", listed=Outcome(item.id, item.kind, "skipped", reason))
        digest = record_digest(item.kind, item.record)
        if known is None or (known.receipt is None and known.state != "unknown"):
            return Decision("new", Work(item, "send", digest, self.mapping))
        if known.receipt is None:
            return Decision("unchanged", state="unknown")
        return self._held(item, digest, known)

    def _held(self, item: Item, digest: str, known: Known) -> Decision:
        changed = digest != known.digest
        if changed and known.mapping != self.mapping:
            # Another release mapped it; whether the source changed too cannot be told.
            self.journal.adopt(self.route.id, item.id, digest, self.mapping)
            changed = False
        wanted = self._wanted(item, known)
        previous_media = [dict(entry) for entry in known.media]
        if changed or known.state in ("failed", "conflict"):
            if self.updates and not self.older:
                due = item.evolve(blobs=wanted)
                work = Work(due, "update", digest, self.mapping, known, media=previous_media)
                return Decision("changed", work)
            reason = (
                "this export is older than what was delivered"
                if self.older
                else "this destination cannot update what it holds"
            )
            return Decision("changed", listed=Outcome(item.id, item.kind, "confirmed", reason))
        if wanted and self.updates:  # it was missing, or the source offers it only now
            due = item.evolve(blobs=wanted)
            work = Work(due, "complete", digest, self.mapping, known, media=previous_media)
            return Decision("unchanged", work, state="incomplete")
        return Decision("unchanged", state=known.state)

    @staticmethod
    def _wanted(item: Item, known: Known) -> tuple[Blob, ...]:
        """List the blobs that were missing, or are new: those that are there stay."""
        there = {entry["declared"] for entry in known.media if "code" not in entry}
        return tuple(blob for blob in item.blobs if blob.name not in there)
