"""A web server on loopback that does what it is told, right or wrong."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field, frozen


@frozen
class Answer:
    """What one request gets."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)
    sent: int | None = None
    """Bytes of the body after which the connection is closed."""
    chunked: bool = False
    """The body comes in chunks of 64 KiB (RFC 9112 7.1) instead of with a length."""


Headers = Mapping[str, str]
Route = Answer | list[Answer] | Callable[[Headers], Answer]
"""The answer; or one after the other, the last for ever; or a function of the request."""


@define
class Server:
    """A running server, and what it was asked."""

    port: int
    routes: dict[str, Route]
    scheme: str = "http"
    seen: list[tuple[str, dict[str, str]]] = field(factory=list)
    """Path with query, and headers in lower case."""
    bodies: list[bytes] = field(factory=list)
    """What was posted."""

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def allowed(self) -> list[tuple[str, int]]:
        return [("127.0.0.1", self.port)]

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("range") for _, headers in self.seen]

    def answer(self, path: str, headers: Headers) -> Answer:
        route = self.routes.get(path.partition("?")[0], Answer(404))
        if isinstance(route, list):
            return route.pop(0) if len(route) > 1 else route[0]
        return route if isinstance(route, Answer) else route(headers)


def file(body: bytes, etag: str = '"v1"', **headers: str) -> Callable[[Headers], Answer]:
    """Serve a file as servers should: with an ETag, Range and If-Range (RFC 9110)."""

    def answer(request: Headers) -> Answer:
        wanted = re.fullmatch(r"bytes=(\d+)-", request.get("range", ""))
        if wanted is None or request.get("if-range", etag) != etag:
            return Answer(200, body, {"ETag": etag, **headers})
        start = int(wanted[1])
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Answer(206, body[start:], {"ETag": etag, "Content-Range": span, **headers})

    return answer


def then(*routes: Answer | Callable[[Headers], Answer]) -> Callable[[Headers], Answer]:
    """Do one after the other, the last for ever."""
    left = list(routes)

    def answer(request: Headers) -> Answer:
        route = left.pop(0) if len(left) > 1 else left[0]
        return route if isinstance(route, Answer) else route(request)

    return answer


@contextmanager
def serving(
    routes: dict[str, Route] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Run a server as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            server.bodies.append(self.rfile.read(length))
            self.do_GET()

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.seen.append((self.path, headers))
            answer = server.answer(self.path, headers)
            self.send_response_only(answer.status)  # without a Date: time is no part of tests
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            body = answer.body[: answer.sent]
            if answer.chunked:
                for at in range(0, len(body), 1 << 16):
                    chunk = body[at : at + (1 << 16)]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                if answer.sent is None:
                    self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(body)
            if answer.sent is not None:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Keep quiet: stderr belongs to the tests."""

    class Listener(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that break off are part of the tests."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        if tls is not None:
            listener.socket = tls.wrap_socket(listener.socket, server_side=True)
        scheme = "https" if tls is not None else "http"
        server = Server(listener.server_address[1], routes or {}, scheme)
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()
