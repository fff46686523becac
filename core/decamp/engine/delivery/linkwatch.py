"""Watches how long links to media still work: the one thing that cannot wait."""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from decamp.engine.clock import now, stamp
from decamp.engine.job import Look
from decamp.engine.tally import Tally
from decamp.events import Emit, Notice
from decamp.model import Blob, Item

__all__ = ["LinkWatch"]


@define
class LinkWatch:
    """Counts the links of a run, and says once when they stop working."""

    _tally: Tally
    _emit: Emit
    _look: Look
    _now: datetime = field(factory=now)
    _told: bool = field(default=False, init=False)

    def add(self, item: Item) -> Item:
        """Look at the links of an item that is to be delivered.

        Returns:
            The item with what is here already in place of its links.
        """
        item = item.evolve(blobs=tuple(self._at_hand(blob, item) for blob in item.blobs))
        for blob in item.blobs:
            if blob.link is None:
                continue
            self._tally.links += 1
            expires = blob.link.expires_at
            if expires is None:
                continue
            if expires <= self._now:
                self._tally.links_expired += 1
            elif not self._tally.links_until or stamp(expires) < self._tally.links_until:
                self._tally.links_until = stamp(expires)
            self._tell(expires)
        return item

    def _at_hand(self, blob: Blob, item: Item) -> Blob:
        found = self._look(blob, item) if blob.link is not None else None
        return found or blob

    def _tell(self, expires: datetime) -> None:
        if self._told:
            return
        self._told = True
        if expires <= self._now:
            text = (
                f"Links to your media stopped working on {expires:%Y-%m-%d at %H:%M} UTC. "
                "Everything else is brought now; for the media, ask for a new export and run "
                "the same command with it."
            )
            self._emit(Notice("warning", text))
        else:
            text = f"Links to your media work until {expires:%Y-%m-%d at %H:%M} UTC."
            self._emit(Notice("info", text))
