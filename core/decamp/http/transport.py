"""Carries httpx requests over a guarded httpcore pool, by public interfaces only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import httpcore
import httpx

from decamp.http.guard import NameNotFound, Refused

__all__ = ["CORE_ERRORS", "LOCATION", "GuardedTransport", "HostNotFound", "translated"]

LOCATION = "decamp.location"
"""The extension with the target of a redirect: a str, empty if the answer has none."""


class HostNotFound(httpx.ConnectError):
    """The name of a host could not be resolved."""


_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.TimeoutException: httpx.TimeoutException,
    NameNotFound: HostNotFound,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
}

CORE_ERRORS: tuple[type[Exception], ...] = tuple(_ERRORS)
"""What httpcore raises."""

_Headers = list[tuple[bytes, bytes]]


def translated(error: Exception) -> httpx.TransportError:
    """Say one of `CORE_ERRORS` in the words of httpx."""
    kind = next(_ERRORS[base] for base in type(error).__mro__ if base in _ERRORS)
    return kind(str(error))


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except CORE_ERRORS as error:
        raise translated(error) from error


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _mapped():
            yield from self._response.iter_stream()

    def close(self) -> None:
        with _mapped():
            self._response.close()


class Pool(Protocol):
    """What makes connections, such as `httpcore.ConnectionPool`."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over some connection."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class GuardedTransport(httpx.BaseTransport):
    """Sends requests to web addresses without credentials in them.

    Where a redirect leads stands in the extension `LOCATION` of the response, not in its
    headers: httpx would parse it there, even to ignore it, and raises on odd ones.

    Args:
        pool: For addresses that came from data it has the guard as its network backend. Closed
            with the transport.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            Refused: Another scheme than http or https; or a user name in the address.
            HostNotFound: The name of the host could not be resolved.
            httpx.TransportError: It could not be sent, or not be answered.
            Unavailable: The run stops.
        """
        url = request.url
        if url.scheme not in ("http", "https") or not url.host:
            raise Refused(url.host, "was not asked: the link is not a web address")
        if url.userinfo:
            raise Refused(url.host, "was not asked: there is a user name in the link")
        assert isinstance(request.stream, Iterable)
        with _mapped():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        headers, target = _without_location(response.headers)
        return httpx.Response(
            response.status,
            headers=headers,
            stream=_Body(response),
            extensions={**response.extensions, LOCATION: target},
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _without_location(headers: Iterable[tuple[bytes, bytes]]) -> tuple[_Headers, str]:
    """Part the headers of an answer from where it redirects to."""
    rest: _Headers = []
    target = b""
    for name, value in headers:
        if name.lower() == b"location":
            target = target or value
        else:
            rest.append((name, value))
    return rest, target.decode("utf-8", "replace")
