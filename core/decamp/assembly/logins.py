"""Connections to servers that want a user name and password, or a token; see `decamp.Login`."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import frozen

from decamp.assembly.making import SignedIn, made
from decamp.auth import Grant, Login
from decamp.connections import Connection, Connections, keep_login
from decamp.credentials import SecretStore
from decamp.engine.blame import blamed
from decamp.engine.clock import now
from decamp.errors import PluginError
from decamp.home import Home
from decamp.logins import Credentials, login_client
from decamp.options import build_config, describe
from decamp.spec import Authenticates, ExporterSpec, ImporterSpec

__all__ = ["Accepted", "LoginDraft", "connect_login"]


@frozen
class LoginDraft:
    """A connection to a server that wants a password or a token."""

    name: str
    spec: ExporterSpec[Any] | ImporterSpec[Any]
    """The side that tries it: the importer, if the plugin has one."""
    options: dict[str, str]
    login: Login
    known: Credentials | None
    """Who signs in, if the environment says it."""


@frozen
class Accepted:
    """A connection that was made, and how far the server could be asked about it."""

    connection: Connection
    asked: bool
    """The server saw the password or token: it asks for one, or is brought it anyway."""
    there: bool
    """There is something at the address."""


def connect_login(wanted: LoginDraft, credentials: Credentials, *, home: Home) -> Accepted:
    """Try a password or token at the server, and keep the connection.

    Raises:
        AuthError: The server does not accept it.
        ConfigError: The address is not https; or the authority's certificate cannot be read.
        DestinationRefused: What answers there is no such server.
        Unavailable: The server cannot be reached.
    """
    asked, there = _try_login(wanted, credentials, home)
    grant = Grant(
        account=credentials.user,
        asked=frozenset(),
        scopes=frozenset(),
        since=now().replace(microsecond=0),
    )
    connection = Connection(wanted.name, wanted.spec.name, wanted.options, grant)
    keep_login(wanted.name, credentials, SecretStore(home.folder))
    Connections(home).put(connection)
    return Accepted(connection, asked, there)


def _try_login(wanted: LoginDraft, credentials: Credentials, home: Home) -> tuple[bool, bool]:
    """Let the plugin ask its server with these; a server that does not ask for them is told too.

    It may let everybody look, and then would accept any password. That it is told only then, once
    it has answered as the plugin expects it, keeps the choice between Basic and Digest with it.
    """
    spec = wanted.spec
    known = {setting.name for setting in describe(spec.config)}
    options = {name: value for name, value in wanted.options.items() if name in known}
    config = build_config(spec.config, options, plugin=spec.name)
    with (
        tempfile.TemporaryDirectory(prefix="decamp-") as scratch,
        closing(login_client(wanted.login, credentials)) as http,
        made(spec, config, Path(scratch), SignedIn(http, None), home) as plugin,
        blamed(spec.name),
    ):
        if not isinstance(plugin, Authenticates):
            raise PluginError(
                f"The plugin {spec.name} declares a sign-in and has none.",
                plugin=spec.name,
                hint="This is a fault in the plugin; please report it to its authors.",
            )
        there = plugin.authenticate()
        unasked = http.insist()
        if unasked:
            there = plugin.authenticate()
        return not unasked, there
