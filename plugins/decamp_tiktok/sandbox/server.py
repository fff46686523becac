"""The made-up media, on loopback, with all that can go wrong."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from attrs import evolve, field, frozen

from decamp_tiktok.sandbox.faults import Fault
from decamp_tiktok.sandbox.media import jpeg, mp4

__all__ = ["MediaServer", "Request"]

_HOST = "127.0.0.1"
_MEDIA_PATH = re.compile(r"/[\w/-]+/([0-9a-f]{32})(/|~[a-z]+\.jpeg)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_REFUSALS = {"expired": 403, "not-found": 404, "gone": 410}
_PAGE = b"<!doctype html><title>Sorry</title><p>Something went wrong."


@frozen
class Request:
    """A request that the server has seen."""

    method: str
    path: str
    """Without the query."""

    range: str | None = None
    """The value of the header ``Range``."""


@frozen
class _Answer:
    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict)
    sent: int | None = None
    """How much of the body is sent before the connection is closed; None for all of it."""


class MediaServer:
    """Serves a picture or a film for every path that `links.Signer` makes. A context manager.

    Args:
        faults: What goes wrong, by path without the query. May be changed at any time.
        now: Tells the time; if given, links that have expired are refused as TikTok does.
    """

    def __init__(
        self,
        faults: Mapping[str, Fault] | None = None,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.faults: dict[str, Fault] = dict(faults or {})
        self.requests: list[Request] = []
        """All requests, in the order in which they came."""
        self._now = now
        self._lock = threading.Lock()
        self._server = _Server(self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

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

    def _answer(self, method: str, target: str, headers: Mapping[str, str]) -> _Answer:
        url = urlsplit(target)
        request = Request(method, url.path, headers.get("range"))
        with self._lock:
            first = all(earlier.path != url.path for earlier in self.requests)
            self.requests.append(request)
        fault = self.faults.get(url.path)
        if fault and fault.kind in _REFUSALS:
            return _Answer(_REFUSALS[fault.kind])
        if fault and fault.kind == "redirect":
            return _Answer(302, headers={"Location": fault.location})
        if fault and fault.kind == "flaky" and first:
            return _Answer(503, headers={"Retry-After": "0"})
        medium = _MEDIA_PATH.fullmatch(url.path)
        if not medium:
            return _Answer(404)
        if self._expired(url.query):
            return _Answer(403)
        whole = _medium(int(medium[1], 16), "film" if medium[2] == "/" else "picture")
        return _spoil(whole, fault, headers, first=first)

    def _expired(self, query: str) -> bool:
        if self._now is None:
            return False
        values = parse_qs(query)
        until = values.get("x-expires") or values.get("x-tos-expires") or ["0"]
        return self._now().timestamp() >= int(until[0])


@lru_cache(maxsize=64)
def _medium(seed: int, kind: str) -> _Answer:
    if kind == "film":
        return _file(mp4(seed), "video/mp4")
    return _file(jpeg(seed), "image/jpeg")


def _file(body: bytes, media_type: str) -> _Answer:
    tag = hashlib.sha256(body).hexdigest()[:16]
    return _Answer(
        200, body, {"Content-Type": media_type, "ETag": f'"{tag}"', "Accept-Ranges": "bytes"}
    )


def _spoil(
    whole: _Answer, fault: Fault | None, headers: Mapping[str, str], *, first: bool
) -> _Answer:
    """Apply what goes wrong with a file that is there."""
    match fault and fault.kind:
        case "html":
            return _Answer(200, _PAGE, {"Content-Type": "text/html"})
        case "empty":
            return evolve(whole, body=b"")
        case "wrong-type":
            whole = evolve(whole, headers={**whole.headers, "Content-Type": "text/plain"})
        case "oversized" if fault:
            whole = evolve(whole, body=whole.body.ljust(fault.size, b"\0"))
        case "cut" | "ignore-range" | "changed-etag" if first:
            return evolve(whole, sent=len(whole.body) // 2)
        case "ignore-range":
            return whole
        case "changed-etag":
            whole = _file(whole.body[::-1], whole.headers["Content-Type"])
    return _ranged(whole, headers)


def _ranged(whole: _Answer, headers: Mapping[str, str]) -> _Answer:
    """Give the part that ``Range`` asks for (RFC 9110 section 14), if it is one part."""
    match = _RANGE.fullmatch(headers.get("range", ""))
    condition = headers.get("if-range", whole.headers["ETag"])
    if not match or match[0] == "bytes=-" or condition != whole.headers["ETag"]:
        return whole
    size = len(whole.body)
    if match[1]:
        start = int(match[1])
        stop = min(int(match[2]) + 1, size) if match[2] else size
    else:
        start, stop = max(0, size - int(match[2])), size
    if start >= stop:
        return _Answer(416, headers={"Content-Range": f"bytes */{size}"})
    part = {**whole.headers, "Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    return evolve(whole, status=206, body=whole.body[start:stop], headers=part)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection must not hold us

    def __init__(self, answer: Callable[[str, str, Mapping[str, str]], _Answer]) -> None:
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
