"""The client for a service that a person or an app signs in to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpcore
import httpx

from decamp.errors import ConfigError
from decamp.http.addresses import is_private
from decamp.http.client import HEADERS, TIMEOUT, redact_libraries
from decamp.http.guard import not_private
from decamp.http.stoppable import Stoppable
from decamp.http.transport import GuardedTransport
from decamp.stops import Stop

__all__ = ["is_loopback", "require_safe", "service_client"]

_SANDBOX = "Only a sandbox on this machine may be http, as in http://127.0.0.1:8000."


def service_client(
    *,
    auth: httpx.Auth | None = None,
    timeout: httpx.Timeout = TIMEOUT,
    tls: ssl.SSLContext | None = None,
    stop: Stop | None = None,
) -> httpx.Client:
    """Make a client for a service whose address a plugin declares.

    It always verifies TLS, takes no proxy, certificate or netrc from the environment, keeps no
    cookies, follows no redirect, and returns every answer. Where a redirect leads stands in
    `decamp.http.transport.LOCATION`.

    Args:
        auth: Signs the requests.
        timeout: For connecting, reading, writing, and for a free connection.
        tls: Whose certificates to trust; the public authorities if None.
        stop: Set when the run is to end; within a second of it all requests end.
    """
    redact_libraries()
    context = tls or httpx.create_ssl_context(trust_env=False)
    network = Stoppable(httpcore.SyncBackend(), stop or threading.Event())

    return httpx.Client(
        transport=GuardedTransport(_Separate(context, network)),
        auth=auth,
        headers=HEADERS,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )


class _Separate:
    """Makes a connection for each request, and closes it after the answer.

    On a connection that was kept open, a request can be lost without anybody knowing whether it
    arrived: the server may close it at that moment, and httpcore's pool (1.0.9) may too. There,
    a thread can be given a connection that has just become idle, which the thread that used it
    before then closes as a surplus one. What is asked of a service must not be in doubt for that.
    """

    def __init__(self, tls: ssl.SSLContext, network: httpcore.NetworkBackend) -> None:
        self._tls, self._network = tls, network

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        connection = httpcore.HTTPConnection(
            request.url.origin, ssl_context=self._tls, network_backend=self._network
        )
        try:
            answer = connection.handle_request(request)
        except BaseException:
            connection.close()
            raise
        assert isinstance(answer.stream, Iterable)
        return httpcore.Response(
            answer.status,
            headers=answer.headers,
            content=_Body(answer.stream, connection),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Do nothing: no connection outlives its answer."""


class _Body:
    """The body of an answer; with it the connection is closed."""

    def __init__(self, stream: Iterable[bytes], connection: httpcore.HTTPConnection) -> None:
        self._stream, self._connection = stream, connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._connection.close()


def require_safe(
    url: str, hint: str = _SANDBOX, *, localhost: bool = False, private: bool = False
) -> bool:
    """Make sure that secrets may be sent to an address.

    Args:
        url: The address.
        hint: What to do instead.
        localhost: Take that name too for this machine.
        private: Take http too, to a machine of a private network. Where a name leads shows when
            it is asked: that has to be through a `decamp.http.guard.PrivateNetwork`.

    Returns:
        Whether they would go through a network unencrypted.

    Raises:
        ConfigError: It is not https; or http to another machine than these.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ConfigError("The address of the service is no web address.") from error
    if parsed.userinfo:
        raise ConfigError("A user name or password in the address of a service is refused.")
    if parsed.scheme == "https" and parsed.host:
        return False
    here = is_loopback(parsed.host) or (localhost and _is_localhost(parsed.host))
    if parsed.scheme == "http" and here:
        return False
    if parsed.scheme == "http" and parsed.host and private:
        literal = _literal(parsed.host)
        if literal is not None and not is_private(literal):
            raise not_private(parsed.host)
        return True
    raise ConfigError(
        f"decamp signs in over https alone; {parsed.host or 'the address'} was not asked.",
        hint=hint,
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host is an address of this machine itself, as a literal (RFC 8252 8.3)."""
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_localhost(host: str) -> bool:
    """Tell whether it is the name of this machine for itself (RFC 6761 6.3), and found as that.

    A resolver should never ask the network for it; one that does is found out here.
    """
    if host != "localhost":
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(is_loopback(str(address[4][0])) for address in found)
