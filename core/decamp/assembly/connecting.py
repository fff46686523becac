"""Makes connections: who is signed in where, and to what a person agreed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from decamp.assembly.logins import LoginDraft
from decamp.assembly.naming import declared, signing_side
from decamp.assembly.passwords import PasswordDraft
from decamp.assembly.signedin import tokens_of
from decamp.auth import AppPassword, Login, OAuth2
from decamp.connections import (
    Connection,
    Connections,
    find_keys,
    find_login,
    how_to_renew,
    keep_keys,
    require_name,
)
from decamp.credentials import NoSecrets, SecretStore
from decamp.engine.clock import now
from decamp.errors import AccessDenied, ConfigError, TransferError
from decamp.home import Home
from decamp.logins import trusted
from decamp.oauth import ClientKeys, Tokens, open_endpoint, require_safe_addresses
from decamp.options import build_config, describe
from decamp.registry import Registry
from decamp.spec import ExporterSpec, ImporterSpec

if TYPE_CHECKING:
    from decamp.oauth.endpoint import TokenEndpoint

__all__ = ["Draft", "connect", "draft"]

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


def draft(
    plugin: str, name: str, options: Sequence[str], *, registry: Registry, home: Home
) -> Draft | LoginDraft | PasswordDraft:
    """Find out whether a connection can be made, before a person is asked anything.

    Args:
        plugin: Its name, or ``PLUGIN:ADDRESS``.
        name: Of the connection; empty for that of the plugin.
        options: ``KEY=VALUE``, settings of the plugin. Those of a former connection stay.
        registry: All plugins.
        home: Where decamp keeps its files.

    Raises:
        ConfigError: It cannot: no such plugin, one without a sign-in, an address that no secret
            may go to, a name that is taken, no place for secrets.
    """
    plugin, _, location = plugin.partition(":")
    spec, name = signing_side(plugin, registry), name or plugin
    require_name(name)
    if name != plugin and (name in registry.exporters or name in registry.importers):
        raise ConfigError(
            f"{name} is the name of a plugin, so no connection of {plugin} can be called so.",
            hint="Choose another name.",
        )
    former = Connections(home).get(name)
    if former is not None and former.plugin != plugin:
        raise ConfigError(
            f"There is a connection {name} already, to {former.plugin}.",
            hint=f"Choose another name, or: decamp disconnect {name}",
        )
    settings = dict(former.options) if former else {}
    if location:
        settings |= {one.name: location for one in describe(spec.config) if one.location}
    for option in options:
        key, sign, value = option.removeprefix("from.").removeprefix("to.").partition("=")
        if not sign:
            raise ConfigError(f"The option {option!r} is not understood.", hint="Write KEY=VALUE.")
        settings[key] = value
    if spec.auth is None:
        raise ConfigError(f"{spec.title} needs no sign-in.")
    for one in describe(spec.config):  # a later run may start in another folder
        if one.type is Path and one.name in settings:
            settings[one.name] = str(Path(settings[one.name]).expanduser().absolute())
    oauth = spec.auth(build_config(spec.config, settings, plugin=spec.name))
    if oauth is None:
        raise ConfigError(f"{spec.title} needs no sign-in with these settings.")
    if isinstance(oauth, OAuth2):
        require_safe_addresses(oauth)
    if isinstance(oauth, Login):
        trusted(oauth)
    if former is not None and not _same(declared(spec, former), oauth):
        wanted = f"{plugin}:{location}" if location else plugin
        raise ConfigError(
            f"There is a connection {name} already, which was made with other settings.",
            hint=f"Choose another name: decamp connect {wanted} NAME. Or: decamp disconnect {name}",
        )
    secrets = SecretStore(home.folder)
    secrets.require()
    if isinstance(oauth, Login):
        side = registry.importers[plugin].spec if plugin in registry.importers else spec
        return LoginDraft(name, side, settings, oauth, find_login(name, NoSecrets()))
    if isinstance(oauth, AppPassword):
        assert isinstance(spec, ImporterSpec)
        return PasswordDraft(name, spec, settings, oauth)
    assert isinstance(spec, ExporterSpec)
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
        AppRefused: The service does not accept the keys.
        AuthError: The service refuses.
        ConfigError: Another account signed in than before.
        Unavailable: The service cannot be reached.
    """
    endpoint = open_endpoint(
        wanted.oauth,
        keys,
        title=wanted.spec.title,
        now=now,
        wrong_keys=how_to_renew(wanted.name, wanted.spec.name),
    )
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
        Connections(home).put(connection)
    return connection


def _same(former: OAuth2 | Login | AppPassword | None, new: OAuth2 | Login | AppPassword) -> bool:
    """Tell whether two sign-ins are at the same place."""
    if isinstance(former, Login) and isinstance(new, Login):
        return former.origin == new.origin
    return former == new


def _keys_of_another(
    plugin: str, settings: dict[str, str], home: Home, secrets: SecretStore
) -> ClientKeys | None:
    """Find the app of another connection to the same place: one app serves several accounts."""
    for other in Connections(home).all():
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
