"""What to ask for, by what was granted, and what asking uses up.

Source: developers.tiktok.com/doc/data-portability-api-add-data-request

Everything that was granted is asked for, whatever ``--kind`` says. A narrower request would
save nothing: under a ``single`` scope TikTok uses up the widest one that covers it; without
the profile nobody could tell own messages from others'; what lies in which category changes
(followers came with the posts, likes moved); and the copy is shared by all destinations that
wait for it. What a run leaves out stays in the copy for the next one.
"""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["CATEGORIES", "categories_for", "is_repeatable", "same_categories"]

CATEGORIES = {
    "all": ("all_data",),
    "postsandprofile": ("video", "profile"),
    "activity": ("activity",),
    "directmessages": ("direct_message",),
}
"""What each type of scope lets one ask for. ``all_data`` wins over everything beside it."""

_PREFIX = "portability."
_SPELLINGS = {"direct_messages": "direct_message"}
"""The page about Check shows a value that the page about Add does not take."""


def categories_for(scopes: Collection[str]) -> tuple[str, ...]:
    """List the categories that these scopes cover; empty if none of them is for this API."""
    types = {kind for kind, _ in _portability(scopes)}
    if "all" in types:
        return CATEGORIES["all"]
    return tuple(name for kind in CATEGORIES if kind in types for name in CATEGORIES[kind])


def is_repeatable(scopes: Collection[str]) -> bool:
    """Tell whether a request leaves all scopes as they are.

    With a ``single`` and an ``ongoing`` scope that both cover it, TikTok does not say which one
    it takes, so the answer is no.
    """
    kinds = _portability(scopes)
    return bool(kinds) and all(term == "ongoing" for _, term in kinds)


def same_categories(answered: Collection[object], asked: Collection[str]) -> bool:
    """Compare what TikTok says that it prepares with what was asked for, in both spellings."""
    return {_SPELLINGS.get(str(name), str(name)) for name in answered} == set(asked)


def _portability(scopes: Collection[str]) -> list[tuple[str, str]]:
    found = []
    for scope in scopes:
        kind, _, term = scope.removeprefix(_PREFIX).partition(".")
        if scope.startswith(_PREFIX) and kind in CATEGORIES:
            found.append((kind, term))
    return found
