"""Scopes of the Data Portability API, and what each covers.

Source: TikTok's pages "Add data request" and "Scopes overview", as of August 2026.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from decamp_tiktok.sandbox.options import Category

__all__ = [
    "CATEGORIES",
    "KNOWN",
    "TITLES",
    "Covered",
    "archive_categories",
    "covering",
    "is_single",
    "name",
    "ordered",
]

Term = Literal["single", "ongoing"]
Covered = Literal["all", "postsandprofile", "activity", "directmessages"]

CATEGORIES: Mapping[str, tuple[Covered, ...]] = {
    "all_data": ("all",),
    "video": ("all", "postsandprofile"),
    "profile": ("all", "postsandprofile"),
    "activity": ("all", "activity"),
    "direct_message": ("all", "directmessages"),
}
"""What can be asked for, and the types of scope that cover it, the widest first."""

TITLES: Mapping[str, tuple[str, str]] = {
    "portability.all": ("Full archive", "Everything TikTok holds about you, likes included"),
    "portability.postsandprofile": ("Posts and profile", "Your videos, photos and profile"),
    "portability.activity": ("Activity", "What you watched, searched for and shared"),
    "portability.directmessages": ("Direct messages", "Your conversations"),
    "user.info.basic": ("Profile info", "Your open id, avatar and display name"),
}
"""For people: title and one phrase, by the scope without its term."""

_TERMS: tuple[Term, ...] = ("single", "ongoing")
_TYPES: tuple[Covered, ...] = ("all", "postsandprofile", "activity", "directmessages")


def name(covered: Covered, term: Term) -> str:
    """Give the scope of a type and a term."""
    return f"portability.{covered}.{term}"


KNOWN: tuple[str, ...] = (
    "user.info.basic",
    *(name(covered, term) for covered in _TYPES for term in _TERMS),
)
"""Every scope that an app can be approved for."""


def ordered(scopes: Iterable[str]) -> tuple[str, ...]:
    """Put scopes in the order of `KNOWN`."""
    return tuple(sorted(scopes, key=KNOWN.index))


def is_single(scope: str) -> bool:
    """Tell whether a scope is used up by one request."""
    return scope.endswith(".single")


def covering(
    categories: Collection[str], granted: Collection[str], *, single_first: bool
) -> tuple[str, ...] | None:
    """Find the scopes that a request goes by; those of them that are single it uses up.

    One scope that covers all is taken, the widest if there are several. Otherwise each
    category goes by its own.

    Args:
        single_first: Which one is taken where the same type is granted for both terms.

    Returns:
        None if not all categories are covered.
    """
    if "all_data" in categories:  # it wins over everything else in the list
        categories = ["all_data"]
    terms = _TERMS if single_first else _TERMS[::-1]
    offers = [
        [
            scope
            for covered in CATEGORIES[category]
            for term in terms
            if (scope := name(covered, term)) in granted
        ]
        for category in categories
    ]
    if not all(offers):
        return None
    common = [scope for scope in offers[0] if all(scope in offer for offer in offers)]
    if common:
        return (common[0],)
    return tuple(dict.fromkeys(offer[0] for offer in offers))


def archive_categories(categories: Collection[str]) -> frozenset[Category] | None:
    """Give what the copy is limited to; None for the full archive."""
    if "all_data" in categories:
        return None
    return frozenset(categories)  # type: ignore[arg-type]
