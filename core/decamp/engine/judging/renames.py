"""Conversations whose partner has taken another name: one conversation, by its messages.

A conversation that a route knows and the export lacks, and one that the export has and the
route does not know, are the same if they share their messages to the second. Its first name
stays its key; the newest is its title.
"""

from __future__ import annotations

from attrs import evolve, frozen

from decamp.engine.judging.overlap import Overlap, collection_overlap
from decamp.journal import Journal, Route
from decamp.model import Collection, Item
from decamp.rows import RowSpool, collection_id

__all__ = ["Renames"]

_KIND = "message"


@frozen
class Renames:
    """The first name of each renamed conversation of one route, by its other names."""

    names: dict[str, str]

    @classmethod
    def find(cls, journal: Journal, route: Route, spool: RowSpool) -> Renames:
        """Find them among what was spooled, and remember those that are new."""
        known = journal.renames(route.id)
        exported = {one.key for one in spool.collections() if one.kind == _KIND}
        held = {name.partition(":")[2] for name in journal.collections(route.id, f"{_KIND}:")}
        fresh = sorted(exported - held - known.keys())
        vanished = sorted(held - exported - {known.get(name, "") for name in exported})
        found: dict[str, str] = {}
        scores = {
            (new, old): _overlap(journal, route, spool, new, old)
            for new in fresh
            for old in vanished
            if _is_group(new) == _is_group(old)
        }
        for (new, old), overlap in scores.items():
            rivals = [one for (n, o), one in scores.items() if (n == new) != (o == old)]
            if _proves(overlap) and not any(map(_proves, rivals)):
                found[new] = old
        if found:
            journal.add_renames(route.id, found)
        return cls(known | found)

    def apply(self, spool: RowSpool) -> None:
        """Bring spooled rows under the first names."""
        for collection in spool.collections():
            first = self.names.get(collection.key) if collection.kind == _KIND else None
            if first is not None:
                header = {**collection.header, "conversation": first}
                spool.rename(collection, Collection(_KIND, first, header))

    def item(self, item: Item) -> Item:
        """Give a conversation its first name as key; its title stays the newest."""
        if item.kind != "conversation":
            return item
        first = self.names.get(str(item.record.get("key", "")))
        if first is None:
            return item
        return evolve(item, id=f"conversation:{first}", record={**item.record, "key": first})


def _is_group(key: str) -> bool:
    return key.startswith("group:")


def _overlap(journal: Journal, route: Route, spool: RowSpool, new: str, old: str) -> Overlap:
    name, held = (collection_id(Collection(_KIND, key)) for key in (new, old))
    return collection_overlap(journal, route, spool, name, held)


def _proves(overlap: Overlap) -> bool:
    """Tell whether two conversations are one: two people do not say the same in one second."""
    return overlap.shared > 0 and 2 * overlap.shared >= overlap.possible
