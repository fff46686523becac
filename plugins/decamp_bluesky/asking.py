"""One request to a server; that none was answered is said in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import httpx

from decamp import Unavailable

__all__ = ["answered", "http_client", "pieces"]

_TIMEOUT = httpx.Timeout(connect=10.0, read=120.0, write=60.0, pool=600.0)
_PIECE = 1 << 18


def http_client() -> httpx.Client:
    """Make a client that takes nothing from the environment and follows no redirect."""
    return httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False)


def answered(http: httpx.Client, method: str, url: str, **how: Any) -> httpx.Response:
    """Send a request; an answer is what comes, whatever it says.

    Raises:
        Unavailable: None came.
    """
    try:
        return http.request(method, url, **how)
    except httpx.TransportError as error:
        hint = "Check the network, then run the same command again."
        raise Unavailable(_unanswered(httpx.URL(url).host, error), hint=hint) from error


def _unanswered(host: str, error: httpx.TransportError) -> str:
    """Say why no answer came."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"{host} shows a certificate that is not to be trusted."
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"{host} cannot be reached."
    if isinstance(error, httpx.TimeoutException):
        return f"{host} does not answer in time."
    return f"The connection to {host} broke off."


def pieces(open_: Callable[[], BinaryIO]) -> Iterator[bytes]:
    """Read a file piece by piece."""
    with open_() as body:
        while piece := body.read(_PIECE):
            yield piece
