"""Asking one server for very much that is small: less work than a whole `httpx` request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

__all__ = ["Asks", "Reply"]


class Reply(Protocol):
    """An answer whose body has not been read; to be closed."""

    status: int
    location: str
    """Where a redirect leads; empty if nowhere."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers but for ``Location``, by their names in lower case."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Go through the body once.

        Raises:
            httpx.TransportError: It breaks off.
            Unavailable: The run stops.
        """
        ...

    def close(self) -> None:
        """End it. The connection is used again if all of the body was read."""
        ...


@runtime_checkable
class Asks(Protocol):
    """What `Context.http` can do besides, where the plugin declares a `Login`. Thread-safe.

    All that holds for its other requests holds for these: they are signed in, go to this server
    alone, verify TLS, have time limits, end with the run, and follow no redirect.
    """

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] = b"",
    ) -> Reply:
        """Send one request.

        Args:
            method: Such as ``PUT``.
            url: Percent-encoded.
            headers: In latin-1. With `body` in pieces they have its ``Content-Length``.
            body: Gone through anew if the server first has to say how to sign in.

        Raises:
            httpx.TransportError: It could not be sent, or not be answered.
            Unavailable: The run stops.
        """
        ...
