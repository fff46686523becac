"""Connections to servers that want a user name and password, or a token; see `decamp.Login`."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from attrs import frozen

from decamp.auth import Grant, Login
from decamp.connections import Connection, Connections, keep_login
from decamp.credentials import SecretStore
from decamp.engine.clock import now
from decamp.errors import AuthError, Unavailable
from decamp.home import Home
from decamp.logins import Credentials, login_client
from decamp.spec import ExporterSpec, ImporterSpec

__all__ = ["LoginDraft", "connect_login"]


@frozen
class LoginDraft:
    """A connection to a server that wants a password or a token."""

    name: str
    spec: ExporterSpec[Any] | ImporterSpec[Any]
    options: dict[str, str]
    login: Login
    known: Credentials | None
    """Who signs in, if the environment says it."""


def connect_login(wanted: LoginDraft, credentials: Credentials, *, home: Home) -> Connection:
    """Try a password or token at the server, and keep the connection.

    Raises:
        AuthError: The server does not accept it.
        ConfigError: The address is not https; or the authority's certificate cannot be read.
        Unavailable: The server cannot be reached.
    """
    _try_login(wanted, credentials)
    grant = Grant(
        account=credentials.user,
        asked=frozenset(),
        scopes=frozenset(),
        since=now().replace(microsecond=0),
    )
    connection = Connection(wanted.name, wanted.spec.name, wanted.options, grant)
    keep_login(wanted.name, credentials, SecretStore(home.folder))
    Connections(home).put(connection)
    return connection


def _try_login(wanted: LoginDraft, credentials: Credentials) -> None:
    """Ask the server for something that only who is signed in may see."""
    import httpx

    host = wanted.login.origin
    with closing(login_client(wanted.login, credentials)) as http:
        try:
            status = http.head(wanted.login.url).status_code
        except httpx.TransportError as error:
            raise Unavailable(
                f"{host} cannot be reached.",
                hint="Check the address and the network. For a server with a certificate of your "
                "own authority, add -o ca_file=FILE.pem. Then run the same command again.",
            ) from error
    if status == 401:
        raise AuthError(
            f"{host} does not accept this user name and password, or this token.",
            hint=f"Check it for typing mistakes. {wanted.login.keys}".strip(),
        )
    if status == 429 or status >= 500:
        raise Unavailable(
            f"{host} cannot answer now (HTTP {status}).", hint="Run the same command again later."
        )
