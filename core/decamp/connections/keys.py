"""The key and secret of an app, from the environment or from the place for secrets."""

from __future__ import annotations

import os

import msgspec

from decamp.credentials import Secrets
from decamp.errors import ConfigError
from decamp.oauth import ClientKeys

__all__ = ["are_set", "find_keys", "forget_keys", "how_to_renew", "keep_keys", "variables_of"]


def variables_of(name: str) -> tuple[str, str]:
    """Name the variables that bring the key and the secret for a connection."""
    stem = f"DECAMP_{name.upper().replace('-', '_')}"
    return f"{stem}_CLIENT_KEY", f"{stem}_CLIENT_SECRET"


def find_keys(name: str, secrets: Secrets) -> ClientKeys | None:
    """Find the keys of a connection; what the environment says goes before what is kept.

    Raises:
        ConfigError: Only one of both variables is set; or secrets cannot be read.
    """
    first, second = variables_of(name)
    key, secret = os.environ.get(first, "").strip(), os.environ.get(second, "").strip()
    if bool(key) != bool(secret):
        given, missing = (first, second) if key else (second, first)
        raise ConfigError(f"{given} is set, and {missing} is not.", hint="Set both, or none.")
    if key:
        return ClientKeys(key, secret)
    kept = secrets.get(_secret(name))
    return None if kept is None else msgspec.json.decode(kept, type=ClientKeys)


def are_set(name: str) -> bool:
    """Tell whether the environment brings the keys of a connection."""
    return any(os.environ.get(variable, "").strip() for variable in variables_of(name))


def how_to_renew(name: str, plugin: str) -> str:
    """Say what a person does if the keys of a connection are not accepted any more."""
    variables = " and ".join(variables_of(name))
    if are_set(name):
        return f"They come from the variables {variables}, which go before what decamp keeps."
    return (
        f"If the app has a new secret: decamp connect {plugin} {name}, which asks for it; or set "
        f"the variables {variables}."
    )


def keep_keys(name: str, keys: ClientKeys, secrets: Secrets) -> None:
    """Keep the keys of a connection, for the day when its tokens have to be renewed."""
    secrets.set(_secret(name), msgspec.json.encode(keys).decode())


def forget_keys(name: str, secrets: Secrets) -> None:
    """Forget the keys of a connection."""
    secrets.delete(_secret(name))


def _secret(name: str) -> str:
    return f"connection:{name}:keys"
