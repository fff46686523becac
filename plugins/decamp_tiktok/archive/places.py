"""Where a path of the archive belongs."""

from __future__ import annotations

from typing import Literal

from attrs import evolve, frozen

from decamp_tiktok.archive.tables import (
    CHATS,
    DELETED_POSTS,
    GROUPS,
    LISTS,
    LIVE_LISTS,
    LIVE_ROOMS,
    POSTS,
    PROFILE,
    ListRule,
    Named,
)

__all__ = ["Path", "Place", "decided", "locate", "show"]

Path = tuple[str, ...]
Role = Literal[
    "list",  # entries become events
    "posts",
    "deleted-posts",
    "video-list",  # posts or watch history: its entries decide
    "profile",  # the map, or something inside
    "chat",  # one conversation
    "group",
    "room",  # a LIVE room, or a value inside
    "room-list",  # comments or questions in a room
    "map",  # one of the maps above, itself
]


@frozen
class Place:
    """What lies at a path."""

    role: Role
    depth: int
    """How many keys of the path name the list or map; the rest lies inside of it."""

    rule: ListRule | None = None


def show(path: Path) -> str:
    """Write a path as records do: keys joined by slashes."""
    return "/".join(path)


def locate(path: Path) -> Place | None:
    """Find what a path means; None if it is nothing that we map."""
    lower = tuple(key.lower() for key in path)
    return _inside_map(lower) or (_list(lower) if lower else None)


def _inside_map(lower: Path) -> Place | None:
    for depth in range(1, len(lower) + 1):
        inside = len(lower) - depth
        if _is(PROFILE, lower, depth, sure=True):
            return Place("profile", depth) if inside else Place("map", depth)
        if _is(LIVE_ROOMS, lower, depth, sure=True):
            return _in_rooms(lower, depth, inside)
        for named, role in _CONVERSATIONS:
            if _is(named, lower, depth, sure=named is CHATS):
                if inside == 0:
                    return Place("map", depth)
                return Place(role, depth) if inside == 1 else None
    return None


_CONVERSATIONS: tuple[tuple[Named, Role], ...] = ((CHATS, "chat"), (GROUPS, "group"))


def _in_rooms(lower: Path, depth: int, inside: int) -> Place:
    if inside == 0:
        return Place("map", depth)
    if inside == 2:
        for rule in LIVE_LISTS:
            if lower[-1] == rule.key:
                return Place("room-list", depth, rule)
    return Place("room", depth, LIVE_ROOMS)


def _list(lower: Path) -> Place | None:
    depth = len(lower)
    for rule in LISTS:
        if _is(rule, lower, depth):
            return Place("list", depth, rule)
    if _is(POSTS, lower, depth):
        return Place("posts", depth)
    if _is(DELETED_POSTS, lower, depth):
        return Place("deleted-posts", depth)
    if lower[-1:] == (POSTS.key,):
        return Place("video-list", depth)
    known = _BY_KEY.get(lower[-1])
    return Place("list", depth, known) if known else None


def _is(named: Named, lower: Path, depth: int, *, sure: bool = False) -> bool:
    """Compare by section and key, or by a key alone that means nothing else (`sure`)."""
    if lower[depth - 1] != named.key:
        return False
    return sure or (depth > 1 and lower[depth - 2] in named.sections)


def _unmistakable() -> dict[str, ListRule]:
    """Keys that say by themselves what they are, for sections that were renamed."""
    sections = {name for rule in LISTS for name in rule.sections}
    found = {rule.key: rule for rule in LISTS if rule.key not in sections}
    found.pop(POSTS.key)
    return found


_BY_KEY = _unmistakable()


def decided(place: Place, rule: ListRule | None) -> Place:
    """Settle a `video-list`: watch history if there is a rule, else posts."""
    return evolve(place, role="list" if rule else "posts", rule=rule)
