"""The passwords and tokens of connections, from the environment or the place for secrets."""

from __future__ import annotations

import os

import msgspec
from attrs import asdict

from decamp.credentials import Secrets
from decamp.errors import ConfigError
from decamp.logins import Credentials

__all__ = ["find_login", "forget_login", "keep_login", "login_variables"]


def login_variables(name: str) -> tuple[str, str, str]:
    """Name the variables that bring the user, the password, or the token of a connection."""
    stem = f"DECAMP_{name.upper().replace('-', '_')}"
    return f"{stem}_USER", f"{stem}_PASSWORD", f"{stem}_TOKEN"


def find_login(name: str, secrets: Secrets) -> Credentials | None:
    """Find who signs in; what the environment says goes before what is kept.

    Raises:
        ConfigError: A variable is set, and the one that belongs to it is not; or secrets
            cannot be read.
    """
    user, password, token = (os.environ.get(one, "") for one in login_variables(name))
    if token.strip():
        return Credentials(token=token.strip())
    if bool(user.strip()) != bool(password):
        given, missing = login_variables(name)[:2][:: 1 if user.strip() else -1]
        raise ConfigError(f"{given} is set, and {missing} is not.", hint="Set both, or none.")
    if password:
        return Credentials(user.strip(), password)
    kept = secrets.get(_secret(name))
    return None if kept is None else msgspec.json.decode(kept, type=Credentials)


def keep_login(name: str, credentials: Credentials, secrets: Secrets) -> None:
    """Keep who signs in, durably on return."""
    secrets.set(_secret(name), msgspec.json.encode(asdict(credentials)).decode())


def forget_login(name: str, secrets: Secrets) -> None:
    """Forget the password or token of a connection."""
    secrets.delete(_secret(name))


def _secret(name: str) -> str:
    return f"connection:{name}:login"
