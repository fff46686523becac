"""Who could see a post: what goes to a public destination is never widened without being asked."""

from __future__ import annotations

from collections.abc import Iterable

from decamp.errors import ConfigError

__all__ = ["PUBLIC", "private_because", "widened"]

PUBLIC = frozenset({"public"})
_OTHERS = ("friends", "private", "unknown")
_WORDS = {"friends": "it is for friends only", "private": "it is private"}
_DELETED = "it was deleted at the source"
_NOT_SAID = "nothing says who may see it"


def widened(asked: Iterable[str]) -> frozenset[str]:
    """Give the audiences whose posts may go to a public destination.

    Raises:
        ConfigError: A name is none.
    """
    for name in asked:
        if name not in _OTHERS:
            raise ConfigError(
                f"--audience {name} is not understood.", hint=f"Choose among: {', '.join(_OTHERS)}."
            )
    return PUBLIC.union(asked)


def private_because(
    kind: str, audience: str, allowed: frozenset[str], *, deleted: bool = False
) -> str:
    """Say why something must not be shown to everybody; empty if it may.

    Args:
        kind: Of the item.
        audience: What its record says.
        allowed: As `widened` gives it.
        deleted: A person deleted it at the source; to send it is to bring it back.
    """
    if kind == "profile":
        return ""  # its plugin shows what is public of it, and only when asked
    if kind != "post":
        return f"{kind} is private, and this destination is public"
    if audience in allowed:
        return ""
    why = _DELETED if deleted else _WORDS.get(audience, _NOT_SAID)
    return f"{why}, and this destination is public (to send it: --audience {audience})"
