"""Ends connections: takes back what was granted, and forgets the sign-in."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Literal

from decamp.assembly.naming import declared, signing_side
from decamp.assembly.passwords import forget_session, sign_out
from decamp.assembly.signedin import open_session, tokens_of
from decamp.auth import AppPassword, Login, OAuth2
from decamp.connections import (
    Connection,
    Connections,
    ConnectionTokens,
    find_keys,
    forget_login,
    forget_secrets,
)
from decamp.credentials import SecretStore
from decamp.errors import AuthError, ConfigError, TransferError, Unavailable
from decamp.home import Home
from decamp.oauth.answers import AnswerLost, AppRefused
from decamp.registry import Registry
from decamp.spec import ExporterSpec, ImporterSpec

__all__ = ["Revoked", "by_app_password", "disconnect", "ended_with", "found_connection"]

Revoked = Literal["now", "before", "unknown", "not-offered"]
"""Whether the service took back what was granted; see ``disconnected.schema.json``."""


def disconnect(
    name: str, *, registry: Registry, home: Home, forget: bool = False
) -> tuple[Connection, Revoked]:
    """Take back what was granted at the service, then forget the connection.

    Args:
        name: Of the connection.
        registry: All plugins.
        home: Where decamp keeps its files.
        forget: Forget it also if the service cannot be asked.

    Raises:
        ConfigError: There is no such connection.
        Unavailable: The service cannot be asked, or its answer was lost; nothing was forgotten.
        AuthError: It does not know the app any more; nothing was forgotten.
    """
    found = found_connection(name, home)
    secrets = SecretStore(home.folder)
    kept = tokens_of(home, secrets)
    try:
        revoked = _revoked(found, registry, home) if _is_kept(found, kept, registry) else "before"
    except TransferError as error:
        if not forget:
            password = by_app_password(found, registry)
            raise _not_revoked(found, error, password=password) from error
        revoked = "unknown"
    with kept.lock(name):
        forget_secrets(name, secrets)
        forget_login(name, secrets)
        with suppress(TransferError):  # a plugin that is not here any more, or a setting of it
            _forget_session(found, registry, home)
        Connections(home).remove(name)
    return found, revoked


def found_connection(name: str, home: Home) -> Connection:
    """Give the connection of a name.

    Raises:
        ConfigError: There is none.
    """
    found = Connections(home).get(name)
    if found is None:
        raise ConfigError(
            f"There is no connection named {name!r}.", hint="See all: decamp connections"
        )
    return found


def by_app_password(found: Connection, registry: Registry) -> bool:
    """Tell whether a connection was made by an app password, which outlives its session."""
    try:
        return isinstance(declared(signing_side(found.plugin, registry), found), AppPassword)
    except TransferError:  # a plugin that is not here any more, or a setting of it
        return False


def ended_with(found: Connection, home: Home) -> list[str]:
    """Name the other connections of the same account and app: a service may end them too."""
    secrets = SecretStore(home.folder)
    keys = find_keys(found.name, secrets)
    if keys is None or not found.grant.account:
        return []
    whose = (found.plugin, found.options, found.grant.account)
    same = [
        one
        for one in Connections(home).all()
        if one.name != found.name and (one.plugin, one.options, one.grant.account) == whose
    ]
    apps = [(one.name, find_keys(one.name, secrets)) for one in same]
    return [name for name, other in apps if other is not None and other.key == keys.key]


def _is_kept(found: Connection, kept: ConnectionTokens, registry: Registry) -> bool:
    """Tell whether there is something to take back; a password is taken back by hand."""
    if kept.load(found.name) is not None:
        return True
    return isinstance(declared(signing_side(found.plugin, registry), found), Login | AppPassword)


def _revoked(found: Connection, registry: Registry, home: Home) -> Revoked:
    spec = signing_side(found.plugin, registry)
    oauth = declared(spec, found)
    if isinstance(oauth, AppPassword):
        assert isinstance(spec, ImporterSpec)
        return "now" if sign_out(spec, found, home) else "before"
    if not isinstance(oauth, OAuth2) or not oauth.revoke_url:
        return "not-offered"
    assert isinstance(spec, ExporterSpec)
    with open_session(spec, found, oauth, home, threading.Event()) as session:
        return "now" if session.revoke() else "before"


def _forget_session(found: Connection, registry: Registry, home: Home) -> None:
    spec = signing_side(found.plugin, registry)
    if isinstance(spec, ImporterSpec) and isinstance(declared(spec, found), AppPassword):
        forget_session(spec, found, home)


def _not_revoked(found: Connection, error: TransferError, *, password: bool) -> TransferError:
    """Say what is known of a taking back that has failed, and what can be done.

    Args:
        password: It was made by an app password, which a person revokes.
    """
    done = "The session was not ended" if password else "Nothing was taken back"
    message = f"{done}, and the connection {found.name} stays: {error.message}"
    first = "Run it again later."
    if isinstance(error, AnswerLost):
        message = (
            f"What was granted may have been taken back or not, and the connection {found.name} "
            f"stays: {error.message}"
        )
        first = "Run it again: if it was taken back, decamp finds that out, and forgets it."
    elif isinstance(error, AppRefused):
        first = f"{error.hint} Then run it again."
    by_hand = (
        "revoke the app password where you made it, which ends the session too."
        if password
        else f"take the access back on the pages of {found.plugin} itself, in the list of apps "
        "that you gave access to."
    )
    hint = f"{first} Or: decamp disconnect {found.name} --forget; and {by_hand}"
    if isinstance(error, AuthError):
        return AuthError(message, hint=hint)
    if isinstance(error, Unavailable):
        return Unavailable(message, hint=hint)
    return ConfigError(message, hint=hint)
