"""One pass over the archive: each event of the JSON reader to rows, or to what waits.

Rows leave at once. Posts, conversations, the profile and raw sections wait until the pass
is over; only posts and sections can be many, and they wait in files.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any

from decamp import Item, RowBatch
from decamp.tables import in_groups
from decamp_tiktok.archive import hot, posts, times
from decamp_tiktok.archive.contents import Contents, folded
from decamp_tiktok.archive.conversations import Conversation, Conversations
from decamp_tiktok.archive.jsonstream import Decode, Event, Rejected, Rows, Value
from decamp_tiktok.archive.leftovers import Leftovers, raw_text, section_item
from decamp_tiktok.archive.markers import KNOWN_NAMES
from decamp_tiktok.archive.places import Path, Place, decided, locate, show
from decamp_tiktok.archive.profile import dead_on_arrival, profile_item, user_name
from decamp_tiktok.archive.rows import Row, event, message
from decamp_tiktok.archive.spool import Lines, Waiting
from decamp_tiktok.archive.tables import LIVE_ROOMS, WATCHED, ListRule
from decamp_tiktok.archive.trees import Tree
from decamp_tiktok.archive.values import EMPTY, portable

__all__ = ["Mapping", "Observe"]

Observe = Callable[[str, ListRule | Conversation, list[Row]], None]
"""Sees each batch of rows, with its path as the table of contents writes it."""

_ITEMS_A_PAGE = 200
_SECTIONS_A_PAGE = 8  # each may have a megabyte
_MOST_FIELDS = 10_000
_ROOMS_A_BATCH = 5_000
_MOST_SINGLE = 100
"""More entries of one batch than this are no accident, and need no item each."""

_SHALLOW = 3
"""Below so many keys an empty value is a list without entries, not part of some value."""


class Mapping:
    """What one pass finds.

    Args:
        scratch: Folder for temporary files.
        own_name: Finds out the own user name; asked only when a group chat is met.
        now: RFC 3339. What says that it happened later does not tell how old the archive is.
        observe: Sees all rows, for those who only want to know what is there.
    """

    def __init__(
        self,
        scratch: FilePath,
        own_name: Callable[[], str | None],
        now: str,
        observe: Observe | None = None,
    ) -> None:
        self.contents = Contents()
        self.user_name: str | None = None
        self.latest_expiry: int | None = None
        """When the last link of a post stops working, in Unix seconds."""
        self.latest_time: str | None = None
        """The latest time up to now of an entry of a list that was met, in RFC 3339."""
        self.recognised = False
        """Whether any section that we know was met."""
        self._observe = observe
        self._own_name = own_name
        self._now = now
        self._posts = Waiting(scratch)
        self._sections = Lines(scratch)
        self._leftovers = Leftovers(self._sections)
        self._conversations = Conversations()
        self._profile: Item | None = None
        self._open: tuple[Path, Place, Tree] | None = None
        self._open_fields = 0
        self._rooms: list[Row] = []
        self._rooms_path: Path = ()
        self._video_list: tuple[Path, Place] | None = None

    def close(self) -> None:
        """Remove the temporary files."""
        self._posts.close()
        self._sections.close()

    # --- while reading --------------------------------------------------------------------

    def route(self, path: Path) -> Decode | None:
        """Choose a decoder for the lists that make up most of an archive."""
        place = locate(path)
        if place is None:
            return None
        if place.role == "chat":
            return hot.HotDecoder(hot.CHAT)
        if place.role == "list" and place.rule is not None:
            shapes = hot.HOT.get(place.rule.collection.key, ())
            return hot.HotDecoder([shape.type for shape in shapes]) if shapes else None
        return None

    def take(self, found: Event) -> Iterator[RowBatch]:
        """Map one event of the reader."""
        self.recognised = self.recognised or any(key.lower() in KNOWN_NAMES for key in found.path)
        self._close_map(found.path)
        yield from self._flush_rooms(found.path)
        if isinstance(found, Rows):
            yield from self._rows(found)
        elif isinstance(found, Value):
            self._value(found.path, found.value)
        else:
            self._rejected(found)

    def finish(self) -> Iterator[RowBatch]:
        """End the pass."""
        self._close_map(())
        yield from self._flush_rooms(())
        self._leftovers.finish()
        self.contents.sections(self._leftovers.parts())

    def _rows(self, found: Rows) -> Iterator[RowBatch]:
        path, batch = found.path, found.batch
        place = locate(path)
        self._note_talk(path, place)
        if place is not None and place.role == "video-list":
            place = self._decide(found, place)
        if place is None or place.role == "map":
            self._leftovers.extend(path, batch)
        elif place.role in ("profile", "room"):
            self._into_map(path, place, batch)
        elif found.typed:
            yield self._typed(path, place, batch)
        elif entries := self._entries(found):
            if place.role in ("posts", "deleted-posts"):
                self._stash_posts(path, entries, deleted=place.role == "deleted-posts")
            else:
                yield self._mapped(path, place, entries)

    def _note_talk(self, path: Path, place: Place | None) -> None:
        """Know a conversation even if none of its messages can be read."""
        if place is not None and place.role in ("chat", "group"):
            self._conversations.at(path, group=place.role == "group")

    def _entries(self, found: Rows) -> list[dict[str, Any]]:
        """Give the objects of a batch; what is no object, or an empty one, is kept raw."""
        entries = [entry for entry in found.batch if _is_entry(entry)]
        odd = len(found.batch) - len(entries)
        if odd:
            self.contents.kept(_shown(found.path), odd)
        if odd > _MOST_SINGLE:
            others = [entry for entry in found.batch if not _is_entry(entry)]
            self._leftovers.extend(found.path, others)
        elif odd:
            for index, entry in enumerate(found.batch, found.index):
                if not _is_entry(entry):
                    self._leftovers.single(found.path, index, entry)
        return entries

    def _decide(self, found: Rows, place: Place) -> Place:
        """Tell posts from watch history by the first entries of the list."""
        again = found.index == 0  # a key may come twice, and hold the one and the other
        if self._video_list is None or self._video_list[0] != found.path or again:
            entries = [entry for entry in found.batch if isinstance(entry, dict)]
            rule = None if any(map(posts.is_post, entries)) else WATCHED
            self._video_list = found.path, decided(place, rule)
        return self._video_list[1]

    def _typed(self, path: Path, place: Place, batch: list[Any]) -> RowBatch:
        """Map entries that a hot shape fits."""
        owner = self._owner(path, place)
        try:
            with _uncollected():
                if isinstance(owner, Conversation):
                    rows = hot.message_rows(batch, owner.title)
                else:
                    rows = hot.to_rows(owner.collection.key, batch)
        except (KeyError, hot.Unusual):
            return self._mapped(path, place, hot.plain(batch))
        return self._batch(path, owner, rows)

    def _mapped(self, path: Path, place: Place, entries: list[dict[str, Any]]) -> RowBatch:
        """Map entries of any shape."""
        owner = self._owner(path, place)
        with _uncollected():
            if isinstance(owner, Conversation):
                others = None if owner.group else owner.title
                me = self.user_name or self._own_name() if owner.group else None
                rows = [message(entry, others, me) for entry in entries]
            else:
                room = path[place.depth] if place.role == "room-list" else None
                rows = [event(entry, owner, room) for entry in entries]
        return self._batch(path, owner, rows)

    def _owner(self, path: Path, place: Place) -> ListRule | Conversation:
        return place.rule or self._conversations.at(path, group=place.role == "group")

    def _batch(self, path: Path, owner: ListRule | Conversation, rows: list[Row]) -> RowBatch:
        collection = owner.collection
        becomes = "message" if collection.kind == "message" else f"event:{collection.key}"
        shown = _shown(path)
        self.contents.mapped(shown, becomes, len(rows))
        for row in (*rows[:1], *rows[-1:]):  # lists are in order, whichever of the two it is
            if (self.latest_time or "") < (time := row.get("time", "")) <= self._now:
                self.latest_time = time
        if self._observe is not None:
            self._observe(show(shown), owner, rows)
        # Rooms are told apart by their rows' object; a path of its own for each helps nobody.
        where = path if isinstance(owner, Conversation) else shown
        return RowBatch(collection, rows, show(where))

    def _stash_posts(self, path: Path, entries: list[dict[str, Any]], *, deleted: bool) -> None:
        where = show(path)
        self.contents.mapped(path, "post", len(entries))
        for entry in entries:
            time = posts.post_time(entry)
            if time is not None:
                group = times.epoch(time)
            else:
                item = posts.post_item(entry, where, deleted=deleted)
                group = -int(item.id[-15:], 16)
            expiry = posts.expires(entry)
            if expiry is not None:
                self.latest_expiry = max(expiry, self.latest_expiry or expiry)
            waiting = [portable(entry), where, deleted]
            self._posts.add(waiting, group, _NEVER if expiry is None else expiry)

    # --- values outside of lists ----------------------------------------------------------

    def _value(self, path: Path, value: Any) -> None:
        place = locate(path) if path else None
        nothing = value in EMPTY
        if place is not None and place.role in ("profile", "room", "room-list"):
            self._into_map(path, place, value)
            return
        if place is not None and place.role in ("chat", "group"):
            kept = self._conversations.note(path, value, group=place.role == "group")
        else:
            shallow = place is not None or len(path) <= _SHALLOW
            kept = nothing and shallow and self.contents.empty(_shown(path), value)
        if not kept:
            self._leftovers.add(path, value)

    def _rejected(self, found: Rejected) -> None:
        self._note_talk(found.path, locate(found.path))
        self.contents.kept(_shown(found.path))
        self._leftovers.single(found.path, found.index, raw_text(found.raw), f"It {found.reason}.")

    def _into_map(self, path: Path, place: Place, value: Any) -> None:
        """Collect a map whose values make one thing: the profile, or a LIVE room."""
        depth = place.depth if place.role == "profile" else place.depth + 1
        inside = path[depth:]
        if self._open is None:
            done = place.role == "profile" and self._profile is not None
            if not inside or done:
                self._leave(path, value)
                return
            self._open, self._open_fields = (path[:depth], place, Tree()), 0
        tree = self._open[2]
        self._open_fields += len(value) if isinstance(value, list) else 1
        if self._open_fields > _MOST_FIELDS or not tree.fits(inside, value):
            self._leave(path, value)
        else:
            tree.place(inside, value)

    def _leave(self, path: Path, value: Any) -> None:
        if isinstance(value, list) and value:
            self._leftovers.extend(path, value)
        else:
            self._leftovers.add(path, value)

    def _close_map(self, path: Path) -> None:
        """Finish the open map once the reader has left it."""
        if self._open is None or _below(path, self._open[0]):
            return
        where, place, tree = self._open
        self._open = None
        if tree.empty:
            return
        if place.role == "profile":
            self._profile = profile_item(tree.value, show(where))
            self.user_name = user_name(tree.value)
            self.contents.mapped(where, "profile", 1)
        else:
            self._rooms_path = where
            self._rooms.append(event(tree.value, LIVE_ROOMS, where[-1]))

    def _flush_rooms(self, path: Path) -> Iterator[RowBatch]:
        """Give the rooms read so far, once there are many or the reader has left their map."""
        inside = _below(path, self._rooms_path[:-1])
        if self._rooms and (len(self._rooms) >= _ROOMS_A_BATCH or not inside):
            yield self._batch(self._rooms_path, LIVE_ROOMS, self._rooms)
            self._rooms = []

    # --- after reading --------------------------------------------------------------------

    def waiting(self) -> int:
        """Count all that waited, but for the table of contents."""
        known = len(self._conversations.known) + len(self._posts) + len(self._sections)
        return known + (self._profile is not None)

    def pages(self, made: datetime | None = None) -> Iterator[tuple[Item, ...]]:
        """Give all that waited: profile, conversations, posts by urgency, sections.

        Args:
            made: A time before which the archive was surely not made, if known.
        """
        if self._profile is not None:
            yield (dead_on_arrival(self._profile, made) if made else self._profile,)
        talks = list(self._conversations.known.values())
        for start in range(0, len(talks), _ITEMS_A_PAGE):
            yield tuple(talk.item() for talk in talks[start : start + _ITEMS_A_PAGE])
        yield from self.post_pages()
        for records in (self._sections, self.contents.records()):
            yield from map(tuple, in_groups(map(section_item, records), _SECTIONS_A_PAGE))

    def post_pages(self) -> Iterator[tuple[Item, ...]]:
        """Give the posts; those of one second are always in one page."""
        for batch in self._posts.batches(_ITEMS_A_PAGE):
            yield tuple(
                posts.post_item(entry, where, deleted=deleted) for entry, where, deleted in batch
            )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold the garbage collector back: a batch is thousands of dicts and no cycle.

    Looking through them again and again would take as long as making them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _below(path: Path, top: Path) -> bool:
    return path[: len(top)] == top


_NEVER = 1 << 62


def _shown(path: Path) -> Path:
    """Fold the keys of maps, so that the table of contents does not list every partner."""
    place = locate(path) if path else None
    if place is not None and place.role in ("chat", "group", "room", "room-list"):
        return folded(path, place.depth)
    return path
