"""Brings the token of a sign-in with each request (RFC 6750 section 2.1)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial

import httpx

from decamp.errors import PluginError, Unavailable
from decamp.oauth.session import Session
from decamp.oauth.tokens import Tokens

__all__ = ["BearerAuth", "origin_of"]


class BearerAuth(httpx.Auth):
    """Signs requests to one origin, and none to any other.

    A token that has expired is renewed before it is used, and one that is refused (HTTP 401)
    is renewed once; then the request is sent again, which is safe, for the service refused it.
    It is the server's clock that counts: a token that this machine takes for valid may be
    refused, and one that it takes for expired is only renewed too early.

    Args:
        session: Where tokens come from.
        origin: As `origin_of` gives it.
    """

    def __init__(self, session: Session, origin: str) -> None:
        self._session = session
        self._origin = origin

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request; see `httpx.Auth`."""
        if origin_of(request.url) != self._origin:
            raise PluginError(
                f"{request.url.host} was not asked: the sign-in at {self._session.title} is for "
                f"{self._origin} alone.",
                plugin=self._session.title,
            )
        tokens = _unsent(self._session.current)
        request.headers["Authorization"] = f"Bearer {tokens.access}"
        response = yield request
        if response.status_code == 401:
            tokens = _unsent(partial(self._session.renewed, tokens))
            request.headers["Authorization"] = f"Bearer {tokens.access}"
            yield request


def _unsent(renew: Callable[[], Tokens]) -> Tokens:
    """Get tokens; if that fails, the request itself was not sent, or was refused for sure."""
    try:
        return renew()
    except Unavailable as error:
        error.unsent = True
        raise


def origin_of(url: httpx.URL | str) -> str:
    """Give scheme, host and port of an address (RFC 6454 section 4), the port always named."""
    parsed = httpx.URL(url)
    port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme, 0)
    return f"{parsed.scheme}://{parsed.host}:{port}"
