"""An HTTP proxy on loopback that loses answers, cuts bodies and lies, when it is told to.

It stands in front of one server: every request to it goes there unchanged, `Host` included, and
is counted. What happens otherwise is an `Action` that `DavProxy.act` chooses by the request and
its number. It knows no time and no chance: the same requests meet the same faults.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from attrs import define, field, frozen

__all__ = [
    "METHODS",
    "Action",
    "Answer",
    "Call",
    "Cut",
    "DavProxy",
    "Drop",
    "Refuse",
    "Request",
    "Rewrite",
    "always",
    "dav_proxy",
    "nth",
    "when",
]

METHODS = (
    *("OPTIONS", "GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"),
    *("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"),
)
_CHUNK = 64 << 10
_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "content-length", "te"}
"""Headers between two neighbours (RFC 9110 7.6.1), and those that are sent anew."""


@frozen
class Request:
    """One request, as it came."""

    number: int
    """From 1."""
    method: str
    path: str
    """Decoded."""
    headers: Mapping[str, str]
    """In lower case."""


@frozen
class Answer:
    """Do not forward it; answer this. With 201 it is the answer for a file never stored."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Drop:
    """Forward it, wait for the whole answer, and lose that: the client sees a reset."""


@frozen
class Refuse:
    """Lose it before it is forwarded: the client sees the same as with `Drop`."""


@frozen
class Cut:
    """Forward so many bytes of the body, and break off on both sides.

    It waits until the server has let go of the connection too, so what it keeps of the file can
    be looked at afterwards.
    """

    at: int
    then: Callable[[], object] | None = None
    """Called before the client is told."""


@frozen
class Rewrite:
    """Forward it, and change the answer."""

    change: Callable[[int, bytes], tuple[int, bytes]]
    """Takes and gives status and body."""


@frozen
class Call:
    """Call a function, before it is forwarded or after the server has answered; then reset.

    It serves to kill the client.
    """

    function: Callable[[], object]
    forward: bool = True


Action = Answer | Drop | Refuse | Cut | Rewrite | Call
Act = Callable[[Request], Action | None]


def nth(number: int, action: Action) -> Act:
    """Do this to one request."""
    return lambda request: action if request.number == number else None


def always(action: Action) -> Act:
    """Do this to every request."""
    return lambda request: action


def when(method: str, action: Action, *, path: str = "", times: int | None = None) -> Act:
    """Do this to requests with this method and these words in their path.

    Args:
        times: So often, and then no more; None for ever.
    """
    lock, left = threading.Lock(), times

    def act(request: Request) -> Action | None:
        nonlocal left
        if request.method != method or path not in request.path:
            return None
        with lock:
            if left is not None:
                if not left:
                    return None
                left -= 1
        return action

    return act


@define
class DavProxy:
    """A running proxy, and what passed through it."""

    url: str
    """Where it stands for the address that it was made for."""
    upstream: str
    act: Act = lambda request: None
    bearer: str | None = None
    """Ask for this token, and sign in at the server with `authorization` for it."""
    authorization: str = ""
    seen: list[Request] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock)

    def here(self, url: str) -> str:
        """Give the address of a place of the server through this proxy."""
        assert url.startswith(self.upstream)
        return self.url + url[len(self.upstream) :]

    def reset(self, act: Act = lambda request: None) -> None:
        """Count from the beginning, with other faults."""
        with self._lock:
            self.seen.clear()
            self.act = act

    def count(self, *methods: str) -> int:
        """Tell how many requests there were, of some methods or all."""
        with self._lock:
            return sum(not methods or one.method in methods for one in self.seen)

    def note(self, method: str, path: str, headers: Mapping[str, str]) -> Action | None:
        """Count a request, and decide what becomes of it."""
        with self._lock:
            request = Request(len(self.seen) + 1, method, unquote(path), headers)
            self.seen.append(request)
            act = self.act
        return act(request)


@contextmanager
def dav_proxy(upstream: str, host: str = "127.0.0.1") -> Iterator[DavProxy]:
    """Run a proxy for one address (without TLS) as long as the block runs.

    Args:
        upstream: The address.
        host: An address of this machine, to listen at.
    """
    parts = urlsplit(upstream)
    assert parts.scheme == "http" and parts.port

    class Handler(_Handler):
        server_address = ("127.0.0.1", parts.port or 80)

    class Listener(_Listener):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with Listener((host, 0), Handler) as listener:
        port = listener.server_address[1]
        shown = f"[{host}]" if ":" in host else host
        proxy = DavProxy(f"http://{shown}:{port}{parts.path}", upstream)
        Handler.proxy = proxy
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown()
            thread.join()


class _Listener(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True
    block_on_close = False  # idle connections are the client's to close

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that break off are part of the tests."""


class _ClientGone(Exception):
    """The client broke off within a body; the server learns it at once."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: DavProxy
    server_address: tuple[str, int]

    def _handle(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        action = self.proxy.note(self.command, self.path, headers)
        if action is None and self._unsigned(headers):
            action = Answer(401, headers={"WWW-Authenticate": 'Bearer realm="files"'})
        with contextlib.suppress(_ClientGone):
            self._carry_out(action)
            return
        self._break_off()

    def _carry_out(self, action: Action | None) -> None:
        match action:
            case Answer():
                for _ in self._body():
                    pass
                self._reply(action.status, list(action.headers.items()), action.body)
            case Refuse():
                self._break_off()
            case Call(function, forward):
                if forward:
                    self._forward()
                function()
                self._break_off()
            case Drop():
                self._forward()
                self._break_off()
            case Cut(at, then):
                self._cut(at)
                if then is not None:
                    then()
                self._break_off()
            case Rewrite(change):
                del self.headers["Accept-Encoding"]  # what is rewritten has to be readable
                status, answered, body = self._forward()
                self._reply(*_changed(change, status, answered, body))
            case None:
                self._reply(*self._forward())

    def _unsigned(self, headers: Mapping[str, str]) -> bool:
        token = self.proxy.bearer
        return token is not None and headers.get("authorization") != f"Bearer {token}"

    # --- towards the server --------------------------------------------------------------

    def _ask(self) -> http.client.HTTPConnection:
        """Send the head of the request."""
        upstream = http.client.HTTPConnection(*self.server_address)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if self.proxy.bearer is not None and name.lower() == "authorization":
                upstream.putheader(name, self.proxy.authorization)
            elif name.lower() not in _HOP:
                upstream.putheader(name, value)
        if self._chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        elif "Content-Length" in self.headers:
            upstream.putheader("Content-Length", self.headers["Content-Length"])
        upstream.putheader("Connection", "close")
        upstream.endheaders()
        return upstream

    def _forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send all of the request, and wait for all of the answer."""
        upstream = self._ask()
        with contextlib.closing(upstream):
            try:
                for piece in self._body():
                    upstream.send(self._framed(piece))
                if self._chunked:
                    upstream.send(b"0\r\n\r\n")
            except _ClientGone:
                self._let_go(upstream)
                raise
            except OSError:
                """It answered, and closed, before it had read everything: its answer counts."""
            response = upstream.getresponse()
            body = response.read()
            return response.status, response.getheaders(), body

    def _cut(self, at: int) -> None:
        upstream = self._ask()
        with contextlib.closing(upstream), contextlib.suppress(OSError, _ClientGone):
            left = at
            for piece in self._body():
                part = piece[:left]
                left -= len(part)
                if part:
                    upstream.send(self._framed(part))
                if not left:
                    break
            self._let_go(upstream)

    @staticmethod
    def _let_go(upstream: http.client.HTTPConnection) -> None:
        """Send no more, and wait until the server is done with what it has got."""
        with contextlib.suppress(OSError):
            upstream.sock.shutdown(socket.SHUT_WR)
            while upstream.sock.recv(_CHUNK):
                """An answer that nobody waits for."""

    def _framed(self, piece: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunked else piece

    # --- towards the client --------------------------------------------------------------

    @property
    def _chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _body(self) -> Iterator[bytes]:
        source: BinaryIO = self.rfile  # type: ignore[assignment]
        if not self._chunked:
            yield from _pieces(source, int(self.headers.get("Content-Length") or 0))
            return
        while size := int(source.readline().split(b";")[0] or b"0", 16):
            yield from _pieces(source, size)
            source.readline()
        while source.readline().strip():
            """Read over trailers."""

    def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        if self.command == "HEAD":
            self.send_header("Content-Length", lengths[0] if lengths else "0")
        elif status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _break_off(self) -> None:
        """Reset the connection, so that the client learns it at once."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # makefile() holds the socket open: closed here for certain, and again by the server.
        with contextlib.suppress(OSError):
            self.rfile.close()
            self.wfile.close()
        self.connection.close()

    def finish(self) -> None:
        """Close quietly what may have been closed."""
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *args: object) -> None:
        """Keep quiet: stderr belongs to the tests."""


for _method in METHODS:
    setattr(_Handler, f"do_{_method}", _Handler._handle)


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        try:
            piece = source.read(min(size, _CHUNK))
        except OSError:
            piece = b""
        if not piece:
            raise _ClientGone
        size -= len(piece)
        yield piece


def _changed(
    change: Callable[[int, bytes], tuple[int, bytes]],
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
) -> tuple[int, list[tuple[str, str]], bytes]:
    status, body = change(status, body)
    return status, headers, body
