"""Keeps the tokens of connections: what is secret among the secrets, the rest in the file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import msgspec
from attrs import field, frozen

from decamp.connections.file import Connections
from decamp.connections.keys import forget_keys
from decamp.credentials import Secrets
from decamp.errors import ConfigError
from decamp.oauth import Tokens

__all__ = ["ConnectionTokens", "forget_secrets"]


@frozen
class _Secret:
    """What is kept among the secrets. Windows allows 1 280 characters for one of them."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime | None


class ConnectionTokens:
    """A `decamp.oauth.TokenStore`; its keys are the names of connections.

    A new pair is kept before the grant that came with it: if the program is cut off in
    between, the grant is that of the former pair until the next renewal.

    Args:
        connections: The file of connections.
        secrets: The place for secrets.
        lock: Waits for, and holds, something of a name, against all threads and processes.
    """

    def __init__(
        self,
        connections: Connections,
        secrets: Secrets,
        lock: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._connections = connections
        self._secrets = secrets
        self._lock = lock

    def load(self, key: str) -> Tokens | None:
        """Give the tokens of a connection; None if there is none, or it lost its tokens."""
        connection = self._connections.get(key)
        kept = self._secrets.get(_name(key))
        if connection is None or kept is None:
            return None
        try:
            pair = msgspec.json.decode(kept, type=_Secret)
        except msgspec.DecodeError as error:
            raise ConfigError(
                f"The tokens of the connection {key} cannot be read.",
                hint="Sign in again: decamp connect",
            ) from error
        return Tokens(pair.access, pair.refresh, pair.expires_at, connection.grant)

    def save(self, key: str, tokens: Tokens) -> None:
        """Keep a new pair, durably on return, then what is granted by it."""
        pair = _Secret(tokens.access, tokens.refresh, tokens.expires_at)
        self._secrets.set(_name(key), msgspec.json.encode(pair).decode())
        self._connections.regrant(key, tokens.grant)

    def delete(self, key: str) -> None:
        """Forget the tokens of a connection."""
        self._secrets.delete(_name(key))

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Wait for, and hold, the sole right to renew the tokens of a connection."""
        return self._lock(f"sign-in:{key}")


def forget_secrets(name: str, secrets: Secrets) -> None:
    """Forget all that is secret of a connection: its tokens, and the keys of its app."""
    secrets.delete(_name(name))
    forget_keys(name, secrets)


def _name(key: str) -> str:
    return f"connection:{key}:tokens"
