"""Answers with a long body: copies, and media."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from decamp_tiktok.sandbox.service.behaviour import Behaviour
from decamp_tiktok.sandbox.store import Answer, MediaStore

__all__ = ["Zip", "medium"]

_PIECE = 1 << 18
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Zip(StreamingResponse):
    """The bytes of a copy, with the headers that this TikTok gives them.

    Args:
        asked: The value of the request's header ``Range``.
    """

    def __init__(self, path: Path, behaviour: Behaviour, asked: str | None) -> None:
        size = path.stat().st_size
        start, stop, status = 0, size, 200
        headers = {}
        if behaviour.download_ranges == "honoured":
            headers["Accept-Ranges"] = "bytes"
            if part := _part(asked or "", size):
                (start, stop), status = part, 206
                headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        if behaviour.download_length == "sent":
            headers["Content-Length"] = str(stop - start)
        if behaviour.download_type != "absent":
            headers["Content-Type"] = behaviour.download_type
        super().__init__(_pieces(path, start, stop), status, headers)


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """Read a range (RFC 9110 section 14.1.2); None if it is to be ignored."""
    found = _RANGE.fullmatch(asked)
    if not found:
        return None
    start = int(found[1])
    stop = min(int(found[2]) + 1, size) if found[2] else size
    return (start, stop) if start < stop else None


def _pieces(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (piece := file.read(min(_PIECE, stop - start))):
            start += len(piece)
            yield piece


def medium(store: MediaStore, request: Request) -> Response:
    """Answer a request for a medium."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.url.query
    target = f"{request.url.path}?{query}" if query else request.url.path
    return _Medium(store.answer(request.method, target, headers))


class _Medium(Response):
    """An answer of the store; it may end early."""

    def __init__(self, answer: Answer) -> None:
        self._sent = answer.sent
        super().__init__(answer.body, answer.status, dict(answer.headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._sent is None:
            await super().__call__(scope, receive, send)
            return
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        body = bytes(self.body)[: self._sent]
        await send({"type": "http.response.body", "body": body, "more_body": True})
        scope["state"]["transport"].close()
