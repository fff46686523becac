"""Carries requests over connections that are kept open, each for one thread alone.

Connections, their time-outs and their ends on a stop are those of httpcore's network backends;
what goes over one is in `connection`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping

import httpcore
import httpx

from decamp.http.answers import PIECE, Answer
from decamp.http.connection import Connection, Fields, Origin
from decamp.http.guard import Refused
from decamp.http.transport import CORE_ERRORS, LOCATION, translated

__all__ = ["Exchange", "KeptOpen", "Origin", "origin_of"]

_IDLE_SECONDS = 4.0
"""Apache closes after five seconds; who closes first is never surprised."""
_NODELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_ERRORS: tuple[type[Exception], ...] = (*CORE_ERRORS, http.client.HTTPException)


def origin_of(url: httpx.URL) -> Origin:
    """Tell where a request goes.

    Raises:
        Refused: It is not the address of a web server.
    """
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused(url.host, "was not asked: the link is not a web address")
    return url.scheme, url.host, url.port, url.netloc.decode("ascii")


class KeptOpen(httpx.BaseTransport):
    """Sends requests to web addresses. Thread-safe.

    A server may close a connection at the very moment when it is used again. So this is only
    for whoever may repeat every request.

    Args:
        tls: Whose certificates to trust.
        network: Makes the connections.
    """

    def __init__(self, tls: ssl.SSLContext, network: httpcore.NetworkBackend) -> None:
        self._tls, self._network = tls, network
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            Refused: Another scheme than http or https.
            httpx.TransportError: It could not be sent, or not be answered.
            Unavailable: The run stops.
        """
        assert isinstance(request.stream, Iterable)
        fields = [
            (name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw
        ]
        answer = self.exchange(
            origin_of(request.url),
            request.method,
            request.url.raw_path.decode("ascii"),
            fields,
            request.stream,
            request.extensions.get("timeout", {}),
        )
        return httpx.Response(
            answer.status,
            headers=[
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in answer.fields
                if name != "location"
            ],
            stream=_Body(answer),
            extensions={LOCATION: answer.location},
        )

    def exchange(
        self,
        origin: Origin,
        method: str,
        target: str,
        fields: Fields,
        body: bytes | Iterable[bytes],
        timeouts: Mapping[str, float | None],
    ) -> Exchange:
        """Send one request, and read the head of its answer.

        Args:
            origin: Where it goes.
            method: Such as ``PUT``.
            target: Path and query, percent-encoded.
            fields: All headers.
            body: As long as the headers say.
            timeouts: Seconds to ``connect``, ``read`` and ``write``.

        Raises:
            httpx.TransportError: It could not be sent, or not be answered.
            Unavailable: The run stops.
        """
        try:
            connection = self._connection(origin, timeouts)
            try:
                answer = connection.ask(method, target, fields, body)
            except BaseException:
                self._drop(connection)
                raise
        except _ERRORS as error:
            raise _said(error) from error
        return Exchange(self, connection, answer)

    def close(self) -> None:
        """Close all connections, and make no more: a thread may be left that would ask again."""
        with self._lock:
            self._closed = True
            for connection in self._open:
                connection.close()
            self._open.clear()

    def done(self, connection: Connection, *, whole: bool) -> None:
        """Keep a connection whose answer was read, if it can be used again."""
        if whole and connection in self._open:
            connection.since = time.monotonic()
            self._idle().append(connection)
        else:
            self._drop(connection)

    def _idle(self) -> list[Connection]:
        try:
            idle: list[Connection] = self._mine.idle
        except AttributeError:
            idle = self._mine.idle = []
        return idle

    def _connection(self, origin: Origin, timeouts: Mapping[str, float | None]) -> Connection:
        idle = self._idle()
        while idle:
            connection = idle.pop()
            fresh = time.monotonic() - connection.since < _IDLE_SECONDS
            if fresh and connection.origin == origin and connection in self._open:
                connection.timeouts = timeouts
                return connection
            self._drop(connection)
        if self._closed:
            raise httpcore.ConnectError("the client is closed")
        scheme, host, port, _ = origin
        connect = timeouts.get("connect")
        stream = self._network.connect_tcp(
            host, port or {"http": 80, "https": 443}[scheme], connect, socket_options=_NODELAY
        )
        if scheme == "https":
            stream = stream.start_tls(self._tls, host, connect)
        connection = Connection(stream, origin, timeouts)
        with self._lock:
            if self._closed:
                connection.close()
                raise httpcore.ConnectError("the client is closed")
            self._open.add(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()


class Exchange:
    """An answer whose body is read from its connection; see `decamp.Reply`."""

    def __init__(self, transport: KeptOpen, connection: Connection, answer: Answer) -> None:
        self._transport = transport
        self._connection: Connection | None = connection
        self._answer = answer
        self._ended = answer.length == 0 and not answer.chunked
        self.status = answer.status
        self.fields = answer.fields
        """All headers, as they came."""
        self.headers: Mapping[str, str] = answer.told
        """The headers but for ``Location``, by their names in lower case."""
        answer.told.pop("location", None)

    @property
    def location(self) -> str:
        """Where a redirect leads; empty if nowhere."""
        found = self.all_of("location")
        return found[0].encode("latin-1").decode("utf-8", "replace") if found else ""

    def all_of(self, name: str) -> list[str]:
        """Give every value of a header, whose name is in lower case."""
        return [value for known, value in self.fields if known == name]

    def __iter__(self) -> Iterator[bytes]:
        """Go through the body once.

        Raises:
            httpx.TransportError: It breaks off.
            Unavailable: The run stops.
        """
        answer = self._answer
        try:
            while not self._ended and (chunk := answer.read1(PIECE)):
                yield chunk
            if answer.length:
                raise httpcore.RemoteProtocolError("the answer ended too early")
        except _ERRORS as error:
            raise _said(error) from error
        self._ended = True

    def drain(self, most: int) -> None:
        """Read what is left, if it is not more than so many bytes, and close."""
        try:
            for chunk in self:
                most -= len(chunk)
                if most < 0:
                    break
        except httpx.TransportError:
            pass
        self.close()

    def close(self) -> None:
        """End it; the connection is used again if all of the body was read."""
        connection, self._connection = self._connection, None
        if connection is not None:
            whole = self._ended and not self._answer.will_close
            self._answer.close()
            self._transport.done(connection, whole=whole)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: Exchange) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        self._answer.close()


def _said(error: Exception) -> httpx.TransportError:
    """Say what was raised in httpx's words."""
    if isinstance(error, http.client.HTTPException):
        error = httpcore.RemoteProtocolError(type(error).__name__)
    return translated(error)
