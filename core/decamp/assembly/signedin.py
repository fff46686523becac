"""Opens the sign-in that a source needs, and makes the client that carries it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from decamp.assembly.naming import SignedIn, Source
from decamp.auth import OAuth2
from decamp.connections import Connection, Connections, ConnectionTokens, find_keys, variables_of
from decamp.credentials import SecretStore
from decamp.engine.clock import now
from decamp.errors import AuthError, ConfigError
from decamp.home import Home
from decamp.oauth import ClientKeys, TokenStore, open_endpoint, signed_client
from decamp.options import build_config
from decamp.spec import ExporterSpec

if TYPE_CHECKING:
    from decamp.oauth.session import Session

__all__ = ["again", "declared", "open_session", "signed_in", "signed_in_by", "tokens_of"]


@contextmanager
def signed_in(
    source: Source, home: Home, stop: threading.Event | None = None
) -> Iterator[SignedIn | None]:
    """Open the sign-in of a source; None if its settings need none. Asks nobody yet.

    Raises:
        AuthError: Nobody is signed in.
        ConfigError: The keys of the app are missing; or other settings than those that the
            person signed in with lead to another service, which must not see the tokens.
    """
    oauth = source.spec.auth(source.config) if source.spec.auth else None
    if oauth is None:
        yield None
        return
    connection = source.connection
    if connection is None:
        raise AuthError(
            f"decamp is not signed in to {source.spec.title}.",
            hint=f"Sign in: decamp connect {source.spec.name}",
        )
    if oauth != declared(source.spec, connection):
        raise ConfigError(
            f"The connection {connection.name} was made with other settings, and its sign-in is "
            "for that service alone.",
            hint="Leave these options out, or make another connection with them: decamp connect.",
        )
    with open_session(source.spec, connection, oauth, home, stop) as session:
        http = signed_client(session, oauth, stop)
        try:
            yield SignedIn(http, session.grant, _here(oauth))
        finally:
            http.close()


@contextmanager
def signed_in_by(
    source: Source,
    *,
    store: TokenStore,
    key: str,
    keys: ClientKeys,
    stop: threading.Event | None = None,
    now: Callable[[], datetime] = now,
) -> Iterator[SignedIn | None]:
    """Open a sign-in whose tokens lie in any store, as a service has it.

    Raises:
        AuthError: Nothing lies under this key.
    """
    from decamp.oauth.session import Session

    oauth = source.spec.auth(source.config) if source.spec.auth else None
    if oauth is None:
        yield None
        return
    endpoint = open_endpoint(oauth, keys, title=source.spec.title, now=now, stop=stop)
    with closing(endpoint.client):
        session = Session(endpoint, store, key, "The person has to sign in again.")
        with closing(signed_client(session, oauth, stop)) as http:
            yield SignedIn(http, session.grant, _here(oauth))


@contextmanager
def open_session(
    spec: ExporterSpec[Any],
    connection: Connection,
    oauth: OAuth2,
    home: Home,
    stop: threading.Event | None = None,
) -> Iterator[Session]:
    """Open the sign-in of a connection.

    Raises:
        AuthError: It has no tokens any more.
        ConfigError: The keys of the app are missing.
    """
    from decamp.oauth.session import Session

    secrets = SecretStore(home.folder)
    keys = find_keys(connection.name, secrets)
    if keys is None:
        raise ConfigError(
            f"The key and secret of the app behind the connection {connection.name} are not here.",
            hint=f"Set {' and '.join(variables_of(connection.name))}; or: {again(connection)}",
        )
    endpoint = open_endpoint(oauth, keys, title=spec.title, now=now, stop=stop)
    try:
        yield Session(endpoint, tokens_of(home, secrets), connection.name, again(connection))
    finally:
        endpoint.client.close()


def tokens_of(home: Home, secrets: SecretStore) -> ConnectionTokens:
    """Give the place of all tokens of connections."""
    return ConnectionTokens(Connections(home.folder, home.turn), secrets, home.turn)


def declared(spec: ExporterSpec[Any], connection: Connection) -> OAuth2 | None:
    """Give the sign-in that a connection was made for."""
    if spec.auth is None:
        return None
    return spec.auth(build_config(spec.config, connection.options, plugin=spec.name))


def again(connection: Connection) -> str:
    """Say how to sign in anew."""
    return f"Sign in again: decamp connect {connection.plugin} {connection.name}"


def _here(oauth: OAuth2) -> tuple[tuple[str, int], ...]:
    """Give the address of a simulator that the person has named; none for a real service."""
    parts = urlsplit(oauth.token_url)
    host, port = parts.hostname or "", parts.port
    return ((host, port),) if parts.scheme == "http" and port else ()
