"""How long a sign-in still lasts, as its service said it last."""

from __future__ import annotations

from datetime import datetime, timedelta

from decamp.auth import Grant
from decamp.connections.file import Connection

__all__ = ["ending", "state_of"]

_SOON = timedelta(days=31)


def state_of(grant: Grant, now: datetime) -> str:
    """Give the state of a grant; see ``connections.schema.json``."""
    if grant.until is not None and grant.until <= now:
        return "ended"
    if grant.until is not None and grant.until - now <= _SOON:
        return "ending"
    return "partly" if grant.asked - grant.scopes else "granted"


def ending(connection: Connection, now: datetime) -> str:
    """Warn of a sign-in that ends within a month, or has ended; empty if neither."""
    until, state = connection.grant.until, state_of(connection.grant, now)
    if until is None or state not in ("ended", "ending"):
        return ""
    when = "has ended, on" if state == "ended" else "ends on"
    return (
        f"The sign-in {connection.name} {when} {until:%Y-%m-%d}. To renew it: "
        f"decamp connect {connection.plugin} {connection.name}"
    )
