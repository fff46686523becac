"""Whose data a destination holds, and from when: by the source, the person, and what is there."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from decamp.engine.clock import stamp
from decamp.journal import Route
from decamp.model import Account, Origin

__all__ = ["named_account", "names_of", "newest_of"]


def names_of(account: Account, given: str | None = None) -> tuple[str, ...]:
    """List the aliases by which an account is known: its id, its names, the name given."""
    names = [f"id:{account.id}"] if account.id else []
    names += [f"name:{name}" for name in account.names]
    if given:
        names.append(f"name:{given}")
    return tuple(dict.fromkeys(names))


def named_account(
    account: Account, given: str | None, held: Origin | None, as_of: str | None
) -> Account:
    """Give an account as a destination is to know it: by all names, the newest first.

    Args:
        account: As the source tells it.
        given: The name that ``--account`` gave.
        held: Whose data is there already, if any.
        as_of: From when the export is, RFC 3339.
    """
    names = account.names or ((given,) if given else ())
    if held is not None:
        older = bool(held.as_of and as_of and as_of < stamp(held.as_of))
        both = (held.account.names + names) if older else (names + held.account.names)
        names = tuple(dict.fromkeys(both))
        account = evolve(account, id=account.id or held.account.id)
    return evolve(account, names=names)


def newest_of(route: Route, held: Origin | None, as_of: str | None) -> datetime | None:
    """Tell from when the newest data at a destination will be."""
    known = [route.newest, as_of, stamp(held.as_of) if held and held.as_of else ""]
    newest = max(filter(None, known), default="")
    return datetime.fromisoformat(newest) if newest else None
