"""Decides what an item needs: nothing, to be sent, to be brought up to date, to be listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from attrs import field, frozen

from decamp.engine.judging.audience import PUBLIC, private_because
from decamp.engine.work import Action, Work
from decamp.identity import record_digest
from decamp.journal import Known, Outcome
from decamp.model import Blob, Item
from decamp.spec import ImporterCapabilities

__all__ = ["UNKNOWN_MAPPING", "Decider", "Decision"]

UNKNOWN_MAPPING = 0
"""The mapping of a record that was read back from a destination."""


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
    reason: str = ""
    """Why, for a state that is to be listed."""
    adopt: str = ""
    """The digest by which a better mapping knows the item that is held."""


@frozen
class Decider:
    """Compares items with what the journal knows of one route."""

    capabilities: ImporterCapabilities
    mapping: int
    former: Callable[[Item, int], Item | None] | None
    """See `decamp.spec.ExporterSpec.former`."""
    updates: bool
    """The importer can update."""
    fills: bool
    """The importer can add what only an older export has."""
    as_of: str
    """From when this export is, RFC 3339; empty if unknown."""
    refresh: bool = False
    """Send corrections of a better mapping too."""
    audiences: frozenset[str] = PUBLIC
    """Who could see what may go to a destination that is public."""
    deleted: Mapping[str, str] = field(factory=dict)
    """What a person has deleted from a destination that is public, by id, with what is gone."""

    def decide(
        self, item: Item, known: Known | None, versions: Mapping[tuple[str, str], bool]
    ) -> Decision:
        """Decide about a valid item that was asked for.

        Args:
            versions: As `decamp.journal.Journal.versions` gives them.
        """
        if self.capabilities.kinds is not None and item.kind not in self.capabilities.kinds:
            reason = f"as it is set up, this destination does not take {item.kind}"
            return Decision("new", listed=Outcome(item.id, item.kind, "skipped", reason))
        if item.id in self.deleted:
            return Decision("unchanged", state="deleted", reason=self.deleted[item.id])
        digest = record_digest(item.kind, item.record)
        if self.capabilities.leaves_out:
            item = self._without(item)
        if self.capabilities.public:
            audience = item.record.get("audience", "unknown")
            deleted = "deleted" in item.record
            reason = private_because(item.kind, audience, self.audiences, deleted=deleted)
            if reason:
                return self._kept_back(item, digest, known, reason)
        if known is None:
            return Decision("new", self._work(item, "send", digest))
        if known.receipt is None:
            if known.state in ("unknown", "kept"):
                return Decision("unchanged", state=known.state)
            return Decision("new", self._work(item, "send", digest))
        return self._held(item, digest, known, versions)

    def _without(self, item: Item) -> Item:
        """Leave out the files that are worth nothing at this destination."""

        def wanted(name: str) -> bool:
            return PurePosixPath(name).stem not in self.capabilities.leaves_out

        return item.evolve(
            blobs=tuple(one for one in item.blobs if wanted(one.name)),
            missing=tuple(one for one in item.missing if wanted(one.name)),
        )

    @staticmethod
    def _kept_back(item: Item, digest: str, known: Known | None, reason: str) -> Decision:
        if known is None or known.receipt is None:
            return Decision("new", listed=Outcome(item.id, item.kind, "skipped", reason))
        if digest == known.digest:
            return Decision("unchanged", state=known.state)
        reason = f"{reason}; what is there stays until you delete it or undo the run"
        return Decision("changed", listed=Outcome(item.id, item.kind, "confirmed", reason))

    def _held(
        self, item: Item, digest: str, known: Known, versions: Mapping[tuple[str, str], bool]
    ) -> Decision:
        wanted = self._wanted(item, known)
        older = bool(self.as_of and known.as_of and self.as_of < known.as_of)
        changed = digest != known.digest
        adopt = ""
        if changed and self._only_mapped_anew(item, known):
            changed, adopt = False, digest
        again = known.state in ("failed", "conflict") or (
            self.refresh and (known.adopted or bool(adopt))
        )
        if older and (changed or wanted):
            return self._fill(item.evolve(blobs=wanted), digest, known, versions, changed=changed)
        if changed or again:
            if self.updates:
                due = item.evolve(blobs=wanted)
                return Decision("changed", self._work(due, "update", digest, known))
            reason = "this destination cannot update what it holds"
            return Decision("changed", listed=Outcome(item.id, item.kind, "confirmed", reason))
        if wanted and self.updates:  # it was missing, or the source offers it only now
            due = item.evolve(blobs=wanted)
            return Decision(
                "unchanged",
                self._work(due, "complete", digest, known),
                state="incomplete",
            )
        return Decision("unchanged", state=known.state, adopt=adopt)

    def _fill(
        self,
        item: Item,
        digest: str,
        known: Known,
        versions: Mapping[tuple[str, str], bool],
        *,
        changed: bool,
    ) -> Decision:
        """Decide about an item of an export that is older than what is held."""
        seen = versions.get((item.id, digest)) if changed else False
        if seen is not None and not item.blobs:
            return Decision("unchanged", state="superseded" if seen else known.state)
        if self.fills:
            return Decision("changed", self._work(item, "fill", digest, known))
        reason = "this export is older than what was delivered"
        return Decision("changed", listed=Outcome(item.id, item.kind, "confirmed", reason))

    def _work(self, item: Item, action: Action, digest: str, known: Known | None = None) -> Work:
        if known is None:
            return Work(item, action, digest, self.mapping, as_of=self.as_of)
        media = [dict(entry) for entry in known.media]
        if action == "fill":  # the newer version stays what the next export is compared with
            return Work(
                *(item, action, known.digest, known.mapping, known),
                media=media, as_of=known.as_of, version=digest,
            )  # fmt: skip
        as_of = max(self.as_of, known.as_of)
        return Work(item, action, digest, self.mapping, known, media=media, as_of=as_of)

    def _only_mapped_anew(self, item: Item, known: Known) -> bool:
        """Tell whether the item differs only because another release maps it otherwise."""
        if known.mapping in (self.mapping, UNKNOWN_MAPPING):
            return False
        if self.former is None:
            return True  # whether the source changed too cannot be told
        before = self.former(item, known.mapping)
        return before is not None and record_digest(before.kind, before.record) == known.digest

    @staticmethod
    def _wanted(item: Item, known: Known) -> tuple[Blob, ...]:
        """List the blobs that were missing, or are new: those that are there stay."""
        there = {entry["declared"] for entry in known.media if "code" not in entry}
        # Of what was read back from a destination, only the name of the stored file is known.
        there |= {
            PurePosixPath(entry["name"]).stem
            for entry in known.media
            if "code" not in entry and entry["declared"] is None
        }
        return tuple(
            blob
            for blob in item.blobs
            if blob.name not in there and PurePosixPath(blob.name).stem not in there
        )
