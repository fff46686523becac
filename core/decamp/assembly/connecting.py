"""Makes and ends connections: who is signed in where, and to what a person agreed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from decamp.assembly.signedin import declared, open_session, tokens_of
from decamp.auth import OAuth2
from decamp.connections import (
    Connection,
    Connections,
    find_keys,
    forget_secrets,
    keep_keys,
    require_name,
)
from decamp.credentials import SecretStore
from decamp.engine.clock import now
from decamp.errors import AccessDenied, AuthError, ConfigError, TransferError, Unavailable
from decamp.home import Home
from decamp.oauth import ClientKeys, Tokens, open_endpoint, require_safe_addresses
from decamp.options import build_config
from decamp.registry import Registry
from decamp.spec import ExporterSpec

if TYPE_CHECKING:
    from decamp.oauth.endpoint import TokenEndpoint

__all__ = ["Draft", "Revoked", "connect", "connections_of", "disconnect", "draft"]

Revoked = Literal["now", "before", "unknown", "not-offered"]
"""Whether the service took back what was granted; see ``disconnected.schema.json``."""

Way = Callable[["TokenEndpoint", Sequence[str]], Tokens]
"""Brings a person to the consent page for these scopes, and back with tokens."""


@frozen
class Draft:
    """A connection that somebody wants to make."""

    name: str
    spec: ExporterSpec[Any]
    options: dict[str, str]
    oauth: OAuth2
    keys: ClientKeys | None
    """Of the app, if they are known already."""
    former: Connection | None
    """The connection of this name as it is now."""


def connections_of(home: Home) -> Connections:
    """Give the connections of one home."""
    return Connections(home.folder, home.turn)


def draft(
    plugin: str, name: str, options: Sequence[str], *, registry: Registry, home: Home
) -> Draft:
    """Find out whether a connection can be made, before a person is asked anything.

    Args:
        plugin: Its name.
        name: Of the connection; empty for that of the plugin.
        options: ``KEY=VALUE``, settings of the plugin. Those of a former connection stay.
        registry: All plugins.
        home: Where decamp keeps its files.

    Raises:
        ConfigError: It cannot: no such plugin, one without a sign-in, a name that is taken, no
            place for secrets.
    """
    spec, name = registry.exporter(plugin), name or plugin
    require_name(name)
    if name != plugin and (name in registry.exporters or name in registry.importers):
        raise ConfigError(
            f"{name} is the name of a plugin, so no connection of {plugin} can be called so.",
            hint="Choose another name.",
        )
    former = connections_of(home).get(name)
    if former is not None and former.plugin != plugin:
        raise ConfigError(
            f"There is a connection {name} already, to {former.plugin}.",
            hint=f"Choose another name, or: decamp disconnect {name}",
        )
    settings = dict(former.options) if former else {}
    for option in options:
        key, sign, value = option.removeprefix("from.").partition("=")
        if not sign:
            raise ConfigError(f"The option {option!r} is not understood.", hint="Write KEY=VALUE.")
        settings[key] = value
    if spec.auth is None:
        raise ConfigError(f"{spec.title} needs no sign-in.")
    oauth = spec.auth(build_config(spec.config, settings, plugin=spec.name))
    if oauth is None:
        raise ConfigError(f"{spec.title} needs no sign-in with these settings.")
    require_safe_addresses(oauth)
    if former is not None and declared(spec, former) != oauth:
        raise ConfigError(
            f"There is a connection {name} already, which was made with other settings.",
            hint=f"Choose another name: decamp connect {plugin} NAME. Or: decamp disconnect {name}",
        )
    secrets = SecretStore(home.folder)
    secrets.require()
    keys = find_keys(name, secrets) or _keys_of_another(plugin, settings, home, secrets)
    return Draft(name, spec, settings, oauth, keys, former)


def connect(
    wanted: Draft, keys: ClientKeys, asked: Sequence[str], way: Way, *, home: Home
) -> Connection:
    """Sign a person in, and keep the connection.

    Args:
        wanted: What `draft` gave.
        keys: Of the app.
        asked: Scopes.
        way: Brings the person to the consent page and back.
        home: Where decamp keeps its files.

    Raises:
        AccessDenied: Nothing of what was asked for was granted.
        AuthError: The service refuses.
        ConfigError: Another account signed in than before.
        Unavailable: The service cannot be reached.
    """
    endpoint = open_endpoint(wanted.oauth, keys, title=wanted.spec.title, now=now)
    with closing(endpoint.client):
        tokens = way(endpoint, asked)
        try:
            _require_use(wanted, tokens)
        except TransferError:
            _give_back(endpoint, tokens)
            raise
    secrets = SecretStore(home.folder)
    kept = tokens_of(home, secrets)
    connection = Connection(wanted.name, wanted.spec.name, wanted.options, tokens.grant)
    with kept.lock(wanted.name):
        keep_keys(wanted.name, keys, secrets)
        kept.save(wanted.name, tokens)
        connections_of(home).put(connection)
    return connection


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
        Unavailable: The service cannot be asked; nothing was forgotten.
        AuthError: It does not know the app any more; nothing was forgotten.
    """
    found = connections_of(home).get(name)
    if found is None:
        raise ConfigError(
            f"There is no connection named {name!r}.", hint="See all: decamp connections"
        )
    secrets = SecretStore(home.folder)
    kept = tokens_of(home, secrets)
    try:
        revoked = _revoked(found, registry, home) if kept.load(name) else "before"
    except TransferError as error:
        if not forget:
            raise _not_revoked(found, error) from error
        revoked = "unknown"
    with kept.lock(name):
        forget_secrets(name, secrets)
        connections_of(home).remove(name)
    return found, revoked


def _keys_of_another(
    plugin: str, settings: dict[str, str], home: Home, secrets: SecretStore
) -> ClientKeys | None:
    """Find the app of another connection to the same place: one app serves several accounts."""
    for other in connections_of(home).all():
        if other.plugin == plugin and other.options == settings:
            keys = find_keys(other.name, secrets)
            if keys is not None:
                return keys
    return None


def _require_use(wanted: Draft, tokens: Tokens) -> None:
    """Make sure that what was granted is of use, and of the same account as before."""
    title, grant = wanted.spec.title, tokens.grant
    if not grant.scopes & grant.asked:
        raise AccessDenied(
            f"Nothing of what decamp asked for was granted at {title}.",
            hint="Begin again, and leave at least one permission ticked on the consent page.",
        )
    before = wanted.former.grant.account if wanted.former else ""
    if before and grant.account and before != grant.account:
        raise ConfigError(
            f"The connection {wanted.name} is of another account at {title} than the one that "
            "signed in now. Nothing was changed.",
            hint=f"Use another name: decamp connect {wanted.spec.name} NAME. Or sign out in the "
            "browser first, to sign in as the other one.",
        )


def _give_back(endpoint: TokenEndpoint, tokens: Tokens) -> None:
    """Take back at the service what is of no use here; if that fails it ends by itself."""
    if endpoint.oauth.revoke_url:
        try:
            endpoint.revoke(tokens)
        except TransferError:
            return


def _revoked(found: Connection, registry: Registry, home: Home) -> Revoked:
    spec = registry.exporter(found.plugin)
    oauth = declared(spec, found)
    if oauth is None or not oauth.revoke_url:
        return "not-offered"
    with open_session(spec, found, oauth, home, threading.Event()) as session:
        return "now" if session.revoke() else "before"


def _not_revoked(found: Connection, error: TransferError) -> TransferError:
    hint = (
        f"Run it again later. Or: decamp disconnect {found.name} --forget; and take the access "
        f"back on the pages of {found.plugin} itself, in the list of apps that you gave access to."
    )
    message = f"Nothing was taken back, and the connection {found.name} stays: {error.message}"
    if isinstance(error, AuthError):
        return AuthError(message, hint=hint)
    if isinstance(error, Unavailable):
        return Unavailable(message, hint=hint)
    return ConfigError(message, hint=hint)
