"""A client for a server that is told a user name and password, or a token, with each request."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from attrs import field, frozen

from decamp.auth import Login
from decamp.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from decamp.http.direct import DirectClient
    from decamp.stops import Stop

__all__ = ["Credentials", "login_client", "trusted"]

_PLAIN = (
    "Write https://. If the certificate of the server is of your own authority, name the authority's "
    "with decamp connect: -o ca_file=FILE.pem. A server in your own network that has no TLS at all: "
    "-o plain_http=yes with decamp connect, -o to.plain_http=yes or from.plain_http=yes with other "
    "commands; then your password and your data travel through that network unencrypted."
)
_TOKEN = re.compile("[!-~]+")
"""Wider than RFC 6750 section 2.1, which not every server keeps to."""
_log = logging.getLogger("decamp.logins")


@frozen
class Credentials:
    """Who signs in: a user with a password, or the bearer of a token."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def login_client(
    login: Login, credentials: Credentials | None, stop: Stop | None = None
) -> DirectClient:
    """Make the client; without credentials nobody signs in.

    It keeps connections open, so whoever uses it may repeat every request. It is also one that
    `decamp.Asks`.

    Raises:
        ConfigError: The address is not https, and not allowed without; or the authority's
            certificate cannot be read; or the token cannot be one.
    """
    from decamp.http.direct import DirectClient
    from decamp.http.guard import PrivateNetwork
    from decamp.http.login import LoginAuth

    tls = trusted(login)
    plain = login.plain_http and login.origin.startswith("http:")
    auth = None
    if credentials is not None:
        if credentials.token and not _TOKEN.fullmatch(credentials.token):
            raise ConfigError(
                "The token has a blank, an accent or an end of a line in it, which no token has.",
                hint="Copy it once more: the token alone, and all of it.",
            )
        auth = LoginAuth(login.origin, credentials.user, credentials.password, credentials.token)
    return DirectClient(auth, tls, stop, PrivateNetwork() if plain else None)


def trusted(login: Login) -> ssl.SSLContext:
    """Make sure that a password may go to a server, and tell whose certificates to trust.

    That it goes there unencrypted, where a person allowed that, is said.

    Raises:
        ConfigError: The address is not https, and not allowed without; or the authority's certificate cannot be read.
    """
    import ssl

    import httpx

    from decamp.http import require_safe

    if require_safe(login.origin, _PLAIN, localhost=True, private=login.plain_http):
        _log.warning(
            "%s is asked without TLS, as you allowed: your password and your data travel "
            "unencrypted, and whoever is in that network can read and change them.",
            login.origin,
            extra={"said": True},
        )
    if login.origin.startswith("http:") and not login.ca_file:
        # Nobody has to be trusted there, and reading all authorities takes 20 ms.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls = httpx.create_ssl_context(trust_env=False)
    if not login.ca_file:
        return tls
    try:
        tls.load_verify_locations(cafile=login.ca_file)
    except ssl.SSLError as error:
        raise ConfigError(
            f"{login.ca_file} is no certificate of an authority.",
            hint="It has to be a text file that begins with -----BEGIN CERTIFICATE-----.",
        ) from error
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no file {login.ca_file}, which should be the certificate of an authority.",
            hint="Check the path for typing mistakes.",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{login.ca_file}, the certificate of an authority, cannot be read ({error.strerror}).",
            hint="Name a file that you can read.",
        ) from error
    return tls
