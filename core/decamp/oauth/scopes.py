"""From permissions as people name them to scopes (RFC 6749 section 3.3), and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from decamp.auth import OAuth2, Permission, Term
from decamp.errors import ConfigError

__all__ = ["named", "scopes_for"]

_IN_WORDS: dict[Term, str] = {"once": "once", "ongoing": "ongoing"}


def scopes_for(oauth: OAuth2, names: Sequence[str], term: Term) -> dict[str, str]:
    """Find the scope of each permission.

    Raises:
        ConfigError: There is none of this name, or not for this term.
    """
    known = {permission.name: permission for permission in oauth.permissions}
    chosen: dict[str, str] = {}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"There is no permission named {name!r}.",
                hint=f"Choose among: {', '.join(known)}.",
            )
        if term not in known[name].scopes:
            raise ConfigError(f"{known[name].title} cannot be granted {_IN_WORDS[term]}.")
        chosen[name] = known[name].scopes[term]
    if not chosen:
        raise ConfigError("No permission was chosen.", hint=f"Choose among: {', '.join(known)}.")
    return chosen


def named(oauth: OAuth2, scopes: Collection[str]) -> list[tuple[Permission, Term]]:
    """Find what these scopes stand for, in the order of the plugin; others are left out."""
    return [
        (permission, term)
        for permission in oauth.permissions
        for term, scope in permission.scopes.items()
        if scope in scopes
    ]
