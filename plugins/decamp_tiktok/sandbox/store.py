"""The made-up media, and all that can go wrong with them; without a connection."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from attrs import evolve, field, frozen

from decamp_tiktok.sandbox.faults import Fault
from decamp_tiktok.sandbox.media import jpeg, mp4

__all__ = ["Answer", "MediaStore", "Request"]

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
class Answer:
    """What is answered to a request."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict)
    sent: int | None = None
    """How much of the body is sent before the connection is closed; None for all of it."""


class MediaStore:
    """Has a picture or a film for every path that `links.Signer` makes.

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
        self._seen: set[str] = set()
        self._now = now
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Answer a request.

        Args:
            target: Path and query.
            headers: By name in lower case.
        """
        url = urlsplit(target)
        request = Request(method, url.path, headers.get("range"))
        with self._lock:
            first = url.path not in self._seen
            self._seen.add(url.path)
            self.requests.append(request)
        fault = self.faults.get(url.path)
        if fault and fault.kind in _REFUSALS:
            return Answer(_REFUSALS[fault.kind])
        if fault and fault.kind == "redirect":
            return Answer(302, headers={"Location": fault.location})
        if fault and fault.kind == "flaky" and first:
            return Answer(503, headers={"Retry-After": "0"})
        medium = _MEDIA_PATH.fullmatch(url.path)
        if not medium:
            return Answer(404)
        if self._expired(url.query):
            return Answer(403)
        whole = _medium(int(medium[1], 16), "film" if medium[2] == "/" else "picture")
        return _spoil(whole, fault, headers, first=first)

    def _expired(self, query: str) -> bool:
        if self._now is None:
            return False
        values = parse_qs(query)
        until = values.get("x-expires") or values.get("x-tos-expires") or ["0"]
        return self._now().timestamp() >= int(until[0])


@lru_cache(maxsize=64)
def _medium(seed: int, kind: str) -> Answer:
    if kind == "film":
        return _file(mp4(seed), "video/mp4")
    return _file(jpeg(seed), "image/jpeg")


def _file(body: bytes, media_type: str) -> Answer:
    tag = hashlib.sha256(body).hexdigest()[:16]
    return Answer(
        200, body, {"Content-Type": media_type, "ETag": f'"{tag}"', "Accept-Ranges": "bytes"}
    )


def _spoil(
    whole: Answer, fault: Fault | None, headers: Mapping[str, str], *, first: bool
) -> Answer:
    """Apply what goes wrong with a file that is there."""
    match fault and fault.kind:
        case "html":
            return Answer(200, _PAGE, {"Content-Type": "text/html"})
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


def _ranged(whole: Answer, headers: Mapping[str, str]) -> Answer:
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
        return Answer(416, headers={"Content-Range": f"bytes */{size}"})
    part = {**whole.headers, "Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    return evolve(whole, status=206, body=whole.body[start:stop], headers=part)
