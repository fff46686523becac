"""What is granted, until when and what is missing, in words and as a document."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from decamp.auth import Grant, OAuth2
from decamp.cli.output import Output
from decamp.cli.words import day
from decamp.connections import Connection
from decamp.connections.file import as_json
from decamp.oauth.scopes import named
from decamp.validation import require_valid

__all__ = ["document", "ending", "granted_words", "show_grant", "state_of"]

_SOON = timedelta(days=31)


def state_of(grant: Grant, now: datetime) -> str:
    """Give the state of a grant; see ``connections.schema.json``."""
    if grant.until is not None and grant.until <= now:
        return "ended"
    if grant.until is not None and grant.until - now <= _SOON:
        return "ending"
    return "partly" if grant.asked - grant.scopes else "granted"


def document(connections: Sequence[Connection], now: datetime) -> dict[str, Any]:
    """Describe connections, valid by ``connections.schema.json``."""
    entries = [{**as_json(one), "state": state_of(one.grant, now)} for one in connections]
    made = {"connections": entries, "exit_code": 0}
    require_valid("connections", made)
    return made


def granted_words(oauth: OAuth2 | None, scopes: Collection[str]) -> str:
    """Name scopes as the service names its permissions; what it does not name, as it is."""
    if not scopes:
        return "nothing"
    found = named(oauth, scopes) if oauth else []
    known = {permission.scopes[term] for permission, term in found}
    words = [f"{permission.title} ({term})" for permission, term in found]
    return ", ".join([*words, *sorted(set(scopes) - known)])


def ending(connection: Connection, now: datetime) -> str:
    """Warn of a sign-in that ends within a month, or has ended; empty if neither."""
    until, state = connection.grant.until, state_of(connection.grant, now)
    if until is None or state not in ("ended", "ending"):
        return ""
    when = "has ended, on" if state == "ended" else "ends on"
    return (
        f"The sign-in {connection.name} {when} {day(until.isoformat())}. To renew it: "
        f"decamp connect {connection.plugin} {connection.name}"
    )


def show_grant(output: Output, connection: Connection, oauth: OAuth2) -> None:
    """Say what was granted and what it brings, what was not, and until when."""
    grant = connection.grant
    output.say("Granted:", "bold")
    output.facts(
        [
            (permission.title, f"{term}. {permission.brings}")
            for permission, term in named(oauth, grant.scopes & grant.asked)
        ]
    )
    for permission, term in named(oauth, grant.asked - grant.scopes):
        output.warn(
            f"Not granted: {permission.title} ({term}). So this will not come: {permission.brings}"
        )
    if grant.asked - grant.scopes:
        output.say(
            "To grant it after all, run the same command again, and leave it ticked on the "
            "consent page."
        )
    if grant.until is not None:
        output.say(f"Until {day(grant.until.isoformat())}; then decamp asks you to sign in again.")
