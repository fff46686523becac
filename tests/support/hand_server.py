"""A media server that stops in the middle of every file until it is let go on."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from decamp_tiktok.sandbox.media import mp4

__all__ = ["HeldServer"]


class HeldServer:
    """Serves a film for every path: its beginning at once, the rest when `gate` is set."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked = threading.Event()
        """Set when a file has been begun."""
        film, gate, asked = mp4(1), self.gate, self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "video/mp4")
                self.send_header("Content-Length", str(len(film)))
                self.end_headers()
                self.wfile.write(film[:1000])
                asked.set()
                gate.wait(120)
                self.wfile.write(film[1000:])

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing: clients that hang up are what the tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hold(self) -> None:
        """Stop in the middle of the next file."""
        self.gate.clear()
        self.asked.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
