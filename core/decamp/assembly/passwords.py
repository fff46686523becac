"""Connections by a password that a plugin exchanges for a session; see `decamp.AppPassword`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from decamp.assembly.making import made
from decamp.auth import AppPassword, Grant
from decamp.connections import Connection, Connections, login_variables
from decamp.engine.blame import blamed
from decamp.engine.clock import now
from decamp.errors import PluginError
from decamp.home import Home
from decamp.options import build_config
from decamp.spec import ImporterSpec, SignsIn

__all__ = ["PasswordDraft", "connect_by_password", "forget_session", "sign_out"]


@frozen
class PasswordDraft:
    """A connection that somebody wants to make to an account with a password of its own."""

    name: str
    spec: ImporterSpec[Any]
    options: dict[str, str]
    auth: AppPassword

    @property
    def variable(self) -> str:
        """Name the variable that may bring the password."""
        return login_variables(self.name)[1]

    @property
    def known(self) -> str:
        """Give the password, if the environment says it; else it is empty."""
        return os.environ.get(self.variable, "").strip()


def connect_by_password(wanted: PasswordDraft, password: str, *, home: Home) -> Connection:
    """Exchange a password for a session, and keep the connection.

    Raises:
        AuthError: The service does not accept it.
        Unavailable: The service cannot be reached.
    """
    with _importer(wanted.spec, wanted.options, home) as importer, blamed(wanted.spec.name):
        account = importer.sign_in(password)
    none: frozenset[str] = frozenset()
    grant = Grant(account=account, asked=none, scopes=none, since=now().replace(microsecond=0))
    connection = Connection(wanted.name, wanted.spec.name, wanted.options, grant)
    Connections(home).put(connection)
    return connection


def sign_out(spec: ImporterSpec[Any], connection: Connection, home: Home) -> bool:
    """End the session of a connection, and tell whether it was still valid.

    Raises:
        Unavailable: The service cannot be reached.
    """
    with _importer(spec, connection.options, home) as importer, blamed(spec.name):
        return importer.sign_out()


def forget_session(spec: ImporterSpec[Any], connection: Connection, home: Home) -> None:
    """Forget the session of a connection, without asking anybody."""
    with _importer(spec, connection.options, home) as importer, blamed(spec.name):
        importer.forget(connection.grant.account)


@contextmanager
def _importer(spec: ImporterSpec[Any], options: Any, home: Home) -> Iterator[SignsIn]:
    config = build_config(spec.config, dict(options), plugin=spec.name)
    with (
        tempfile.TemporaryDirectory(prefix="decamp-") as scratch,
        made(spec, config, Path(scratch), home=home) as importer,
    ):
        if not isinstance(importer, SignsIn):
            raise PluginError(
                f"The plugin {spec.name} declares a sign-in and has none.",
                plugin=spec.name,
                hint="This is a fault in the plugin; please report it to its authors.",
            )
        yield importer
