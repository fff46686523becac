"""What is granted, until when and what is missing, in words and as a document."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from decamp.auth import OAuth2
from decamp.cli.output import Output
from decamp.cli.words import day
from decamp.connections import Connection
from decamp.connections.file import as_json
from decamp.connections.lasting import state_of
from decamp.oauth.scopes import named
from decamp.validation import require_valid

__all__ = ["document", "granted_words", "show_grant"]


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
