"""Waits on this machine for the browser to come back from the consent page (RFC 8252 7.3)."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from decamp.errors import AuthError, ConfigError
from decamp.http import is_loopback
from decamp.oauth.page import headers, page

__all__ = ["LoopbackListener"]

_HOST = "127.0.0.1"
_STALLED_SECONDS = 10
"""A browser opens connections in advance, and may never use them."""
_STEP_SECONDS = 0.2
_LAST_PAGE_SECONDS = 5
_MOST_QUERY = 16_384

_GRANTED = (
    "Nearly done",
    "decamp has the answer. You can close this window; what was granted stands in the terminal.",
)
_DENIED = ("Nothing was granted", "You can close this window and go back to the terminal.")
_LATE = ("Too late", "This sign-in has had its answer. Begin a new one in the terminal.")
_STRANGE = ("Not here", "decamp waits for another address. Go back to the terminal.")


class LoopbackListener:
    """Takes one redirect, from this machine, at one path; then it is gone.

    Listens on a port that the system chooses, as long as the ``with`` block lasts.

    Args:
        path: Of the redirect address.
        host: An address of this machine itself, as a literal: ``localhost`` could be another
            one (RFC 8252 section 8.3).

    Raises:
        ConfigError: The host is not such an address.
    """

    def __init__(self, path: str, host: str = _HOST) -> None:
        if not is_loopback(host) or ":" in host:
            raise ConfigError(f"decamp listens on this machine alone, and not on {host!r}.")
        self._path = path
        self._host = host
        self._came = threading.Event()
        self._shown = threading.Event()
        self._mutex = threading.Lock()
        self._address = ""
        try:
            self._server = _Server((host, 0), _handler(self))
        except OSError as error:
            raise ConfigError(
                f"decamp cannot listen for the browser on this machine ({error.strerror}).",
                hint="Add --no-browser, and paste the address that the browser ends at.",
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STEP_SECONDS,), daemon=True
        )

    @property
    def redirect_uri(self) -> str:
        """The address that the service has to send the browser to."""
        return f"http://{self._host}:{self._server.server_address[1]}{self._path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._came.is_set():
            self._shown.wait(_LAST_PAGE_SECONDS)

    def wait(self, stop: threading.Event, seconds: float) -> str:
        """Wait for the redirect.

        Args:
            stop: Ends the waiting.
            seconds: How long at most.

        Returns:
            The address that the browser came to.

        Raises:
            AuthError: It did not come.
        """
        left = seconds
        while not self._came.wait(min(_STEP_SECONDS, left)):
            left -= _STEP_SECONDS
            if stop.is_set():
                raise AuthError("The sign-in was broken off.", hint="Nothing was granted.")
            if left <= 0:
                raise AuthError(
                    "The browser did not come back from the consent page.",
                    hint="Try again. On a machine without a browser, add --no-browser.",
                )
        return self._address

    def take(self, target: str, host: str) -> tuple[int, tuple[str, str]]:
        """Judge one request. The first that carries an answer is the one.

        Args:
            target: Path and query.
            host: The header ``Host``; another one is a foreign name that leads here.

        Returns:
            The status, and what the page says.
        """
        parts = urlsplit(target)
        if host != urlsplit(self.redirect_uri).netloc or parts.path != self._path:
            return 404, _STRANGE
        if not parts.query or len(parts.query) > _MOST_QUERY:
            return 400, _STRANGE
        with self._mutex:
            if self._came.is_set():
                return 410, _LATE
            self._address = f"{self.redirect_uri}?{parts.query}"
            self._came.set()
        return 200, _DENIED if "error=" in parts.query else _GRANTED

    def shown(self) -> None:
        """Learn that the browser has its page."""
        self._shown.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False  # on Windows it would let others listen there too

    def server_bind(self) -> None:
        """Bind, without asking the network for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that breaks off is no news, and the request holds a code."""


def _handler(listener: LoopbackListener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _STALLED_SECONDS
        server_version, sys_version = "decamp", ""

        def do_GET(self) -> None:
            if not is_loopback(self.client_address[0]):
                status, said = 403, _STRANGE
            else:
                status, said = listener.take(self.path, self.headers.get("Host", ""))
            body = page(*said)
            self.send_response(status)
            for name, value in headers().items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if status == 200:
                listener.shown()

        def log_message(self, *args: object) -> None:
            """Write nothing: the line would hold the code."""

    return Handler
