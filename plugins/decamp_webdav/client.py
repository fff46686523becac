"""Requests to one server: each is answered, refused in words, or not answered."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Protocol

import httpx
from attrs import frozen

from decamp import Asks, ItemRejected, Reply, TransferError, Unavailable
from decamp.bundle import TEMPORARY
from decamp.sending import sending
from decamp_webdav.address import Address, name_key
from decamp_webdav.answers import Access, not_webdav, refusal, unauthorised, unreachable
from decamp_webdav.multistatus import Malformed, Resource, path_of, read_multistatus

__all__ = ["Answer", "Body", "DavClient", "FileBody"]

_CHUNK = 256 << 10
_MOST_ERROR_BYTES = 64 << 10
_REDIRECTS = {301, 302, 303, 307, 308}
_HOPS = 3
_MOST_TOLD = 100
"""Characters of what a server says that are shown."""
_NOBODY = Access()

_PROPFIND = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<propfind xmlns="DAV:"><prop><resourcetype/>'
    b"<getcontentlength/><getlastmodified/>%b</prop></propfind>"
)
_ASKED = {"0": _PROPFIND % b"<getetag/>", "1": _PROPFIND % b""}
"""By depth. No list is read for the entity tags in it, which would be a fifth of it."""
_XML = {"Content-Type": "application/xml; charset=utf-8"}


@frozen
class Answer:
    """An answer without its body."""

    status: int
    headers: Mapping[str, str]


class Body(Protocol):
    """What is sent; gone through again where a request has to be repeated."""

    size: int

    def __iter__(self) -> Iterator[bytes]:
        """Go through it from the beginning."""
        ...


class FileBody:
    """A file of this machine, or a part of one, read piece by piece."""

    def __init__(self, path: str, start: int = 0, size: int | None = None) -> None:
        self._path = path
        self._start = start
        self.size = os.stat(path).st_size - start if size is None else size  # noqa: PTH116

    def __iter__(self) -> Iterator[bytes]:
        """Go through it from the beginning."""
        at, end = self._start, self._start + self.size
        tell = sending(self._path)
        with open(self._path, "rb") as file:  # noqa: PTH123
            file.seek(at)
            while at < end and (chunk := file.read(min(_CHUNK, end - at))):
                yield chunk
                at += len(chunk)
                tell(at)


class DavClient:
    """Speaks to the server of one folder. Thread-safe.

    Every method raises what `answers` makes of a refusal, or `Unavailable`. Each request may
    be repeated: what it does a second time is nothing, or is refused. So one that was not
    answered is repeated once at once, for a server may close a connection that was kept open
    at the very moment when it is used again.

    Args:
        http: The host's client, signed in if anybody is.
        address: Of the folder.
        now: The time.
        access: How this person is let in.
    """

    def __init__(
        self, http: Asks, address: Address, now: Callable[[], datetime], access: Access = _NOBODY
    ) -> None:
        self.address = address
        self._access = access
        self._http = http
        self._now = now
        self._worked: set[str] = set()
        """Methods that this server has carried out."""
        self._has_listed = False
        """It has told of our folder, or of what is in it, as a WebDAV server does."""
        self._turn: AbstractContextManager[object] = nullcontext()

    def take_turns(self) -> None:
        """From now on send one request about names at a time.

        Uploads, and downloads of what is known to be there, still go side by side.
        """
        self._turn = threading.Lock()

    def has_worked(self, *methods: str) -> None:
        """Take it that this server has carried out these methods, in an earlier run."""
        self._worked.update(methods)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Body | bytes | None = None,
        *,
        passing: Collection[int] = (),
        again: bool = True,
    ) -> Answer:
        """Send a request whose answer has no body of use.

        Args:
            method: Such as ``MOVE``.
            url: An address of this server.
            headers: Of the request.
            body: What is sent.
            passing: What is no refusal, besides 2xx.
            again: Repeat it once if there is no answer.
        """
        in_turn = method != "PUT"
        with self._asked(
            method, url, headers or {}, body, passing, again=again, in_turn=in_turn
        ) as response:
            if response.status == 207:
                # Something within could not be done (RFC 4918 sections 9.6.1 and 9.9.4).
                bad = [one.status for one in self._listed(response, url) if one.status >= 300]
                for status in bad:
                    if status not in passing:
                        raise self._refusal(method, status, url, response.headers)
                    return Answer(status, response.headers)
            return Answer(response.status, response.headers)

    def find(self, url: str) -> Resource | None:
        """Describe one file or folder; None if it is not there."""
        found = self.listed(url, depth="0")
        return found[0] if found else None

    def listed(self, url: str, depth: str = "1") -> list[Resource] | None:
        """Describe a folder and what lies in it, itself first; None if it is not there.

        What a server tells about other folders is not taken.
        """
        headers = {**_XML, "Depth": depth}
        with self._asked("PROPFIND", url, headers, _ASKED[depth], (404, 410)) as response:
            if response.status in (404, 410):
                return None
            if response.status != 207:
                raise self._not_webdav(url, "it gave a page instead of a list of files")
            found = self._listed(response, url)
        here = path_of(url.removeprefix(self.address.origin))
        itself = [one for one in found if _is_same(one.path, here)]
        if not itself:
            why = "it tells of other addresses than the one that was asked for"
            such = f", such as {found[0].path[:_MOST_TOLD]!r}" if found else ""
            raise self._not_webdav(url, why + such)
        if url.startswith(self.address.url):  # the folders above it say nothing of its address
            self._has_listed = True
        if itself[0].status >= 300 and itself[0].status not in (404, 410):
            raise self._refusal("PROPFIND", itself[0].status, url, {})
        if itself[0].status >= 300:
            return None
        below = [
            one
            for one in found
            if _is_same(one.path.rpartition("/")[0], here)
            and one.path.rpartition("/")[2] not in ("", ".", "..")
            and one.status < 300
        ]
        return [itself[0], *below]

    @contextmanager
    def opened(
        self, url: str, start: int = 0, *, in_turn: bool = False
    ) -> Iterator[Iterator[bytes] | None]:
        """Fetch a file from a byte on; None if it is not there, or not so long.

        Args:
            url: Of the file.
            start: The first byte, from 0.
            in_turn: It may well not be there, so this is a request about a name.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        passing = (404, 410, 416)
        with self._asked("GET", url, headers, None, passing, in_turn=in_turn) as response:
            if response.status in passing:
                yield None
                return
            chunks = self._chunks(response, url)
            if start and response.status != 206:
                chunks = _without(chunks, start)
            yield chunks

    def read(self, url: str, most: int) -> bytes | None:
        """Fetch a whole file of some bytes at most; None if it is not there."""
        with self.opened(url, in_turn=True) as chunks:
            if chunks is None:
                return None
            data = bytearray()
            for chunk in chunks:
                data += chunk
                if len(data) > most:
                    raise self._not_webdav(url, f"a file there is larger than {most >> 20} MiB")
            return bytes(data)

    def _listed(self, response: Reply, url: str) -> list[Resource]:
        try:
            return read_multistatus(self._chunks(response, url))
        except Malformed as error:
            raise self._not_webdav(url, f"its list cannot be read, {error}") from error

    def _chunks(self, response: Reply, url: str) -> Iterator[bytes]:
        try:
            yield from response
        except httpx.TransportError as error:
            raise unreachable(error, url, self._access.ca_file) from error

    @contextmanager
    def _asked(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | bytes | None,
        passing: Collection[int] = (),
        *,
        again: bool = True,
        in_turn: bool = True,
    ) -> Iterator[Reply]:
        with self._turn if in_turn else nullcontext():
            response = self._answered(method, url, headers, body, again=again)
            try:
                status = response.status
                if status >= 300 and status not in passing:
                    raise self._refusal(method, status, url, response.headers, response.location)
                if status < 300:
                    self._worked.add(method)
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    why = "it compresses what nobody asked it to compress"
                    raise self._not_webdav(url, why)
                yield response
                _drain(response)
            finally:
                response.close()

    def _refusal(
        self, method: str, status: int, url: str, headers: Mapping[str, str], target: str = ""
    ) -> TransferError:
        where = self._named(url)
        if status == 401:
            return unauthorised(where, self._access)
        # A folder that cannot be found is another matter once something was written there.
        worked = method in self._worked or (status != 405 and "PUT" in self._worked)
        if 300 <= status < 400:
            worked = self._has_listed
        refused = refusal(status, headers, where, self._now(), target, worked=worked)
        if method == "PROPFIND" and not self._has_listed and isinstance(refused, ItemRejected):
            # Said of a file elsewhere, and here of the question itself.
            return not_webdav(where, f"it does not understand the question (HTTP {status})")
        return refused

    def _not_webdav(self, url: str, why: str) -> TransferError:
        return not_webdav(self._named(url), why, worked=self._has_listed)

    def _named(self, url: str) -> str:
        """Name for people what an address is about: our temporary names mean nothing to them."""
        return self.address.url if f"/{TEMPORARY}" in url else url

    def _answered(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | bytes | None,
        *,
        again: bool,
    ) -> Reply:
        here = url
        for _ in range(_HOPS + 1):
            response = self._sent(method, here, headers, body, again=again)
            target = self._next(here, response)
            if target is None or method == "PUT":  # nothing of a person's goes elsewhere
                break
            response.close()
            here = target
        return response

    def _next(self, url: str, response: Reply) -> str | None:
        """Tell where a redirect leads that only adds or takes away a slash at the end.

        Any other may lead to a page, or, for a DELETE, to what nobody wants to lose.
        """
        if response.status not in _REDIRECTS or not response.location:
            return None
        try:
            target = httpx.URL(url).join(response.location)
            there = Address.parse(str(target.copy_with(path="/")))
            same = path_of(str(target)) == path_of(url)
        except Exception:  # noqa: BLE001 - whatever it is, it is not followed
            return None
        return str(target) if same and there.origin == self.address.origin else None

    def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | bytes | None,
        *,
        again: bool,
    ) -> Reply:
        sent = dict(headers)
        body = body or b""
        if not isinstance(body, bytes):
            sent["Content-Length"] = str(body.size)
        elif method == "PUT" and not body:
            sent["Content-Length"] = "0"
        for attempt in (1, 2):
            try:
                return self._http.ask(method, url, sent, body)
            except httpx.TransportError as error:
                lost = unreachable(error, self._named(url), self._access.ca_file)
                if attempt == 2 or not again or not isinstance(lost, Unavailable):
                    raise lost from error
                if isinstance(error, httpx.ConnectError | httpx.TimeoutException):
                    raise lost from error
        raise AssertionError("unreachable")


def _drain(response: Reply) -> None:
    """Read what is left of a short answer, so that the connection can be used again."""
    read = 0
    try:
        for chunk in response:
            read += len(chunk)
            if read > _MOST_ERROR_BYTES:
                return
    except httpx.TransportError:
        return


def _is_same(path: str, here: str) -> bool:
    """Tell whether a path that a server tells is the one that it was asked for."""
    return path == here or name_key(path) == name_key(here)


def _without(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Leave out the beginning, where a server does not know ranges."""
    for chunk in chunks:
        if count >= len(chunk):
            count -= len(chunk)
            continue
        yield chunk[count:]
        count = 0
