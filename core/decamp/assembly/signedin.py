"""Opens the sign-in that a source needs, and makes the client that carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from decamp.assembly.making import SignedIn
from decamp.assembly.naming import Source, Target, declared
from decamp.auth import AppPassword, Login, OAuth2
from decamp.connections import (
    Connection,
    Connections,
    ConnectionTokens,
    find_keys,
    find_login,
    how_to_renew,
    variables_of,
)
from decamp.credentials import NoSecrets, SecretStore
from decamp.engine.clock import now
from decamp.errors import AuthError, ConfigError
from decamp.home import Home
from decamp.logins import login_client
from decamp.oauth import ClientKeys, TokenStore, open_endpoint, signed_client
from decamp.options import describe
from decamp.spec import ExporterSpec, ImporterSpec

if TYPE_CHECKING:
    from decamp.oauth.session import Session
    from decamp.stops import Stop

__all__ = [
    "logged_in",
    "open_session",
    "signed_in",
    "signed_in_by",
    "simulator_of",
    "tokens_of",
]


@contextmanager
def signed_in(
    source: Source | Target, home: Home, stop: Stop | None = None
) -> Iterator[SignedIn | None]:
    """Open the sign-in of a source or destination; None if its settings need none. Asks nobody.

    Raises:
        AuthError: Nobody is signed in.
        ConfigError: The keys of the app are missing; or other settings than those that the
            person signed in with lead to another service, which must not see the tokens.
    """
    oauth = source.spec.auth(source.config) if source.spec.auth else None
    if oauth is None or isinstance(oauth, AppPassword):  # then the plugin keeps a session
        yield None
        return
    if isinstance(oauth, Login):
        with logged_in(oauth, source, home, stop) as signed:
            yield signed
        return
    connection = source.connection
    assert isinstance(source, Source)
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
            yield SignedIn(http, session.grant, _here(oauth), renewal(source.spec, connection))
        finally:
            http.close()


@contextmanager
def logged_in(
    login: Login, source: Source | Target, home: Home, stop: Stop | None = None
) -> Iterator[SignedIn]:
    """Make the client for a server that is told a password or token; asks nobody yet.

    What is kept goes to the server of its connection alone. Without a connection, what the
    environment says for the plugin's own name is used; if it says nothing, nobody is signed in.

    Raises:
        AuthError: The connection has lost its password.
        ConfigError: The connection is to another server; the address is not https; or the
            authority's certificate cannot be read.
    """
    spec, connection = source.spec, source.connection
    if connection is None:
        credentials = find_login(spec.name, NoSecrets())
        connect = "" if credentials else _first(spec.name, login, home)
    else:
        _require_own_server(login, spec, connection)
        credentials = find_login(connection.name, SecretStore(home.folder))
        connect = renewal(spec, connection)
        if credentials is None:
            raise AuthError(
                f"The password of the connection {connection.name} is not here any more.",
                hint=f"Sign in again: {connect}",
            )
    http = login_client(login, credentials, stop)
    try:
        yield SignedIn(http, connection.grant if connection else None, connect=connect)
    finally:
        http.close()


def _require_own_server(
    login: Login, spec: ExporterSpec[Any] | ImporterSpec[Any], connection: Connection
) -> None:
    """Make sure that a password is told to the server that it was made for, and to no other.

    Raises:
        ConfigError: The address is at another one.
    """
    own = declared(spec, connection)
    if not isinstance(own, Login) or own.origin != login.origin:
        at = f"at {own.origin}" if isinstance(own, Login) else "somewhere else"
        raise ConfigError(
            f"{login.origin} was not asked: the connection {connection.name} is {at}, and its "
            "password is for that server alone.",
            hint="Check the address. To sign in at the other server too: "
            f"{_connecting(spec.name, login.url, 'NAME')}",
        )


@contextmanager
def signed_in_by(
    source: Source,
    *,
    store: TokenStore,
    key: str,
    keys: ClientKeys,
    home: Home,
    stop: Stop | None = None,
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
    if isinstance(oauth, Login):
        with logged_in(oauth, source, home, stop) as signed:
            yield signed
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
    stop: Stop | None = None,
) -> Iterator[Session]:
    """Open the sign-in of a connection.

    Raises:
        AuthError: It has no tokens any more.
        ConfigError: The keys of the app are missing.
    """
    from decamp.oauth.session import Session

    secrets = SecretStore(home.folder)
    again = f"Sign in again: {renewal(spec, connection)}"
    keys = find_keys(connection.name, secrets)
    if keys is None:
        raise ConfigError(
            f"The key and secret of the app behind the connection {connection.name} are not here.",
            hint=f"Set {' and '.join(variables_of(connection.name))}; or: {again}",
        )
    wrong_keys = how_to_renew(connection.name, connection.plugin)
    endpoint = open_endpoint(
        oauth, keys, title=spec.title, now=now, stop=stop, wrong_keys=wrong_keys
    )
    try:
        yield Session(endpoint, tokens_of(home, secrets), connection.name, again)
    finally:
        endpoint.client.close()


def simulator_of(source: Source) -> tuple[tuple[str, int], ...]:
    """Give the address of the simulator that a person connected to; none for a real service.

    Media of an archive that it gave, named through that connection, lie there.
    """
    if source.connection is None:
        return ()
    oauth = declared(source.spec, source.connection)
    return _here(oauth) if isinstance(oauth, OAuth2) else ()


def tokens_of(home: Home, secrets: SecretStore) -> ConnectionTokens:
    """Give the place of all tokens of connections."""
    return ConnectionTokens(Connections(home), secrets, home.turn)


def renewal(spec: ExporterSpec[Any] | ImporterSpec[Any], connection: Connection) -> str:
    """Give the command by which a person signs in anew."""
    places = [one.name for one in describe(spec.config) if one.location]
    location = next((connection.options[one] for one in places if one in connection.options), "")
    return _connecting(connection.plugin, location, connection.name)


def _first(plugin: str, login: Login, home: Home) -> str:
    """Give the command by which a person signs in at a server for the first time."""
    taken = Connections(home).get(plugin) is not None
    return _connecting(plugin, login.url, "NAME" if taken else "")


def _connecting(plugin: str, location: str, name: str) -> str:
    place = f"{plugin}:{location}" if location else plugin
    return f"decamp connect {place} {name}".rstrip()


def _here(oauth: OAuth2) -> tuple[tuple[str, int], ...]:
    """Give the address of a simulator that the person has named; none for a real service."""
    parts = urlsplit(oauth.token_url)
    host, port = parts.hostname or "", parts.port
    return ((host, port),) if parts.scheme == "http" and port else ()
