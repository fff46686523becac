"""The client for addresses that came from data, and the one way to ask with it."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from decamp import __version__
from decamp.http.guard import Guard, Refused, Resolver, system_resolver
from decamp.http.stoppable import Stoppable
from decamp.http.transport import LOCATION, GuardedTransport
from decamp.redaction import RedactingFilter

__all__ = ["HEADERS", "TIMEOUT", "get", "guarded_client", "host_of", "redact_libraries"]

TIMEOUT = httpx.Timeout(connect=10.0, read=60.0, write=30.0, pool=600.0)
"""Seconds. A read without any byte for a minute has stalled."""

HEADERS = {"User-Agent": f"decamp/{__version__}", "Accept-Encoding": "identity"}
"""Of every request."""

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HOPS = 5
_KEEPALIVE_SECONDS = 30.0

_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11")
_REDACTING = RedactingFilter()


def guarded_client(
    *,
    allowed: Collection[tuple[str, int]] = (),
    timeout: httpx.Timeout = TIMEOUT,
    concurrency: int = 4,
    resolve: Resolver = system_resolver,
    tls: ssl.SSLContext | None = None,
    stop: threading.Event | None = None,
) -> httpx.Client:
    """Make a client that reaches the public web and nothing else.

    It sends no cookies and no credentials, takes no proxy, certificate or netrc from the
    environment, always verifies TLS, and does not follow redirects: `get` does. Use it
    with `get` only.

    Args:
        allowed: Pairs of host and port that are reached wherever they lead, exactly as
            they stand in the address.
        timeout: For connecting, reading, writing, and for a free connection.
        concurrency: Connections at a time.
        resolve: Finds the addresses of a host.
        tls: Whose certificates to trust; the public authorities if None.
        stop: Set when the run is to end; within a second of it all requests end.
    """
    redact_libraries()
    pool = httpcore.ConnectionPool(
        ssl_context=tls or httpx.create_ssl_context(trust_env=False),
        max_connections=concurrency,
        max_keepalive_connections=concurrency,
        keepalive_expiry=_KEEPALIVE_SECONDS,
        network_backend=Stoppable(Guard(allowed, resolve), stop or threading.Event()),
    )
    return httpx.Client(
        transport=GuardedTransport(pool),
        headers=HEADERS,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )


def redact_libraries() -> None:
    """Keep links and headers out of what the libraries below log, whoever listens."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_REDACTING)


@contextmanager
def get(
    client: httpx.Client, url: str, headers: Mapping[str, str] | None = None
) -> Iterator[httpx.Response]:
    """Ask for a file and follow up to five redirects, each checked like the first address.

    Yields:
        The answer; its body has not been read. Read it with ``iter_raw``.

    Raises:
        Refused: The address, or one that it leads to, must not be asked; or the answer is
            compressed although that was not asked for (what it would grow to is unknown).
        httpx.TransportError: No answer, or not all of it.
        Unavailable: The run stops.
    """
    here = _parsed(url)
    for _ in range(_HOPS + 1):
        with client.stream("GET", here, headers=headers) as response:
            target: str = response.extensions[LOCATION]
            if response.status_code not in _REDIRECTS or not target:
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    raise Refused(here.host, "sent compressed data that was not asked for")
                yield response
                return
        here = _next(here, target)
    raise Refused(here.host, f"was not asked: more than {_HOPS} redirects")


def host_of(url: str) -> str:
    """Give the host of an address, which may be shown; empty if it has none."""
    try:
        return httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return ""


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused("", "was not asked: the link is not a web address") from error


def _next(here: httpx.URL, target: str) -> httpx.URL:
    try:
        there = here.join(target)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(here.host, "redirects to something that is not a web address") from error
    if here.scheme == "https" and there.scheme == "http":
        raise Refused(there.host, "was not asked: the redirect gives up encryption")
    return there
