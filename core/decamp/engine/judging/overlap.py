"""How much of an export a route has delivered already: whose data it is when names do not tell.

Archives know a user name, which can change, or none. But every export is a full copy of
histories that no two accounts share, to the second, so comparing them with what was
delivered tells one account from another.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from decamp.journal import Journal, Route
from decamp.model import Item
from decamp.rows import Delivered, RowSpool, collection_id

__all__ = ["Overlap", "account_overlap", "collection_overlap"]

_FEW = 3
_MANY = 20


@frozen
class Overlap:
    """How many rows and posts could be shared, and how many are."""

    possible: int = 0
    """Of each place and time that both sides know: the smaller of the two counts."""
    shared: int = 0

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(self.possible + other.possible, self.shared + other.shared)

    @property
    def same(self) -> bool:
        """Tell whether both are surely of one account."""
        return self.shared >= _FEW and 2 * self.shared >= self.possible

    @property
    def other(self) -> bool:
        """Tell whether both are surely of two accounts."""
        return self.possible >= _MANY and not self.shared


def collection_overlap(
    journal: Journal, route: Route, spool: RowSpool, name: str, held: str
) -> Overlap:
    """Compare a collection of the export with one that was delivered.

    Args:
        name: As `decamp.rows.collection_id` gives it, in the export.
        held: The same of the delivered one.
    """
    delivered = {
        bucket: Delivered(one.count, one.total, one.keys)
        for bucket, one in journal.buckets(route.id, held).items()
    }
    possible = shared = 0
    for theirs, ours, both in spool.compare(name, delivered):
        possible += min(theirs, ours)
        shared += both
    return Overlap(possible, shared)


def account_overlap(
    journal: Journal, route: Route, spool: RowSpool, items: Sequence[Item]
) -> Overlap:
    """Compare rows and some posts of the export with those that a route has delivered.

    What is said in a group is the same in the exports of all its members, so it proves
    nothing; nor do items without a time of their own.
    """
    total = Overlap()
    for collection in spool.collections():
        name = collection_id(collection)
        if not name.startswith("message:group:"):
            total += collection_overlap(journal, route, spool, name, name)
    posts = [item.id for item in items if item.kind == "post"]
    if posts:
        shared = len(journal.known_many(route.id, posts))
        held = journal.count_items(route.id, "post")
        total += Overlap(min(len(posts), held), shared)
    return total
