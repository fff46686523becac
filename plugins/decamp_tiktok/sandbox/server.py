"""The made-up media, on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from decamp_tiktok.sandbox.faults import Fault
from decamp_tiktok.sandbox.store import Answer, MediaStore, Request

__all__ = ["MediaServer", "Request"]

_HOST = "127.0.0.1"
_STEP_SECONDS = 0.02
"""So soon it ends when it is told to."""


class MediaServer(MediaStore):
    """Serves the media. A context manager; arguments as those of the store."""

    def __init__(
        self,
        faults: Mapping[str, Fault] | None = None,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(faults, now=now)
        self._server = _Server(self.answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STEP_SECONDS,), daemon=True
        )

    @property
    def port(self) -> int:
        """The port, which the system chose."""
        return self._server.server_port

    @property
    def base(self) -> str:
        """What the links begin with, for `ArchiveOptions.media_base`."""
        return f"http://{_HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection must not hold us

    def __init__(self, answer: Callable[[str, str, Mapping[str, str]], Answer]) -> None:
        self.answer = answer
        super().__init__((_HOST, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up early are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(self.command, self.path, headers)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.sent])
        if answer.sent is not None:
            self.close_connection = True

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: links must not reach a log."""
