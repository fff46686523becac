"""What was brought earlier and the source no longer has. It is reported, and never deleted.

An export is a full copy, so what was deleted shows only by not being there. But histories are
also trimmed at their old end, and an export may leave out whole categories. So a thing counts
as vanished only if the export surely covers its time: posts from the oldest one in it to the
day of the export; conversations with messages from a year of which it has everything else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from decamp.journal import Journal, Route
from decamp.rows import Delivered, RowSpool, collection_id
from decamp.tables import Tables, in_groups

__all__ = ["SeenPosts", "vanished_conversations", "vanished_posts"]

_POST = re.compile(r"post:([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z)(?:#[0-9]+)?")
"""The id of a post holds the second in which it was posted; see `decamp.engine.judging.ordinals`."""

_MESSAGES = "message:"


class SeenPosts:
    """Ids of all posts of an export, asked for or not.

    Args:
        scratch: A private folder: there can be more than there is room for in memory.
    """

    def __init__(self, scratch: Path) -> None:
        schema = "CREATE TABLE posts (id TEXT PRIMARY KEY) WITHOUT ROWID"
        self._tables = Tables(scratch, "posts", schema)
        self.since = self.until = ""
        """When the oldest and the newest of them were posted; empty if that is known of none."""

    def add(self, ids: Sequence[str]) -> None:
        """Take note of some."""
        times = [found[1] for one in ids if (found := _POST.fullmatch(one))]
        if times:
            self.since = min(times) if not self.since else min(self.since, *times)
            self.until = max(self.until, *times)
        self._tables.insert_later("posts", *((one,) for one in ids))

    def lacking(self, ids: Iterable[str]) -> Iterator[str]:
        """Go through those of some ids that are not among them."""
        for some in in_groups(ids):
            marks = ", ".join("?" * len(some))
            query = f"SELECT id FROM posts WHERE id IN ({marks})"  # noqa: S608
            seen = {one for (one,) in self._tables.run(query, *some)}
            yield from (one for one in some if one not in seen)

    def close(self) -> None:
        """Forget them."""
        self._tables.close()


def vanished_posts(
    journal: Journal, route: Route, seen: SeenPosts, unsure: Collection[str], as_of: str
) -> list[str]:
    """List the posts at the destination that the export covers and lacks.

    Args:
        seen: All posts in the export.
        unsure: Ids of posts that could be any of several.
        as_of: When it was exported, RFC 3339; empty if not known.
    """
    if not seen.since:
        return []
    until = max(as_of, seen.until)
    doubtful = {one.partition("#")[0] for one in unsure}
    return [
        one
        for one in seen.lacking(journal.held_ids(route.id, "post"))
        if (found := _POST.fullmatch(one))
        and seen.since <= found[1] <= until
        and one.partition("#")[0] not in doubtful
    ]


def vanished_conversations(journal: Journal, route: Route, spool: RowSpool) -> list[str]:
    """List the conversations at the destination that the export covers and lacks.

    Args:
        spool: The rows of the export, under the first names of renamed conversations.
    """
    there = {collection_id(one) for one in spool.collections() if one.kind == "message"}
    gone = [name for name in journal.collections(route.id, _MESSAGES) if name not in there]
    first = min((year for name in there if (year := spool.first_bucket(name))), default="")
    if not gone or not first:
        return []
    whole = all(_is_whole(journal, route, spool, name) for name in there)
    found = []
    for name in gone:
        last = max(journal.buckets(route.id, name))
        if last > first or (last == first and whole):
            found.append("conversation:" + name.removeprefix(_MESSAGES))
    return found


def _is_whole(journal: Journal, route: Route, spool: RowSpool, name: str) -> bool:
    """Tell whether the export has all that was delivered of the years that both have."""
    delivered = {
        bucket: Delivered(one.count, one.total, one.keys)
        for bucket, one in journal.buckets(route.id, name).items()
    }
    return all(held == both for _, held, both in spool.compare(name, delivered))
