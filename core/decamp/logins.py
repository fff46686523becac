"""A client for a server that is told a user name and password, or a token, with each request."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import field, frozen

from decamp.auth import Login
from decamp.errors import ConfigError

if TYPE_CHECKING:
    import httpx

__all__ = ["Credentials", "login_client"]


@frozen
class Credentials:
    """Who signs in: a user with a password, or the bearer of a token."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def login_client(
    login: Login, credentials: Credentials | None, stop: threading.Event | None = None
) -> httpx.Client:
    """Make the client; without credentials nobody signs in.

    It keeps connections open, so whoever uses it may repeat every request. It is also one that
    `decamp.Asks`.

    Raises:
        ConfigError: The address is not https; or the authority's certificate cannot be read.
    """
    import ssl

    import httpx

    from decamp.http import require_safe
    from decamp.http.direct import DirectClient
    from decamp.http.login import LoginAuth

    require_safe(login.origin)
    tls = httpx.create_ssl_context(trust_env=False)
    if login.ca_file:
        try:
            tls.load_verify_locations(cafile=login.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{login.ca_file} cannot be used as the certificate of an authority.",
                hint="It has to be a text file that begins with -----BEGIN CERTIFICATE-----.",
            ) from error
    auth = None
    if credentials is not None:
        auth = LoginAuth(login.origin, credentials.user, credentials.password, credentials.token)
    return DirectClient(auth, tls, stop)
