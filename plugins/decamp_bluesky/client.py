"""Calls to a PDS by XRPC (https://atproto.com/specs/xrpc), signed in, with errors of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import httpx
from attrs import define, field

from decamp import Unavailable
from decamp_bluesky.answers import BROKEN_TOKENS, date_of, document, error_of
from decamp_bluesky.asking import answered, pieces
from decamp_bluesky.signin import Session

__all__ = ["Client"]

_PAGE = 100


@define
class Client:
    """One account's repository at its server."""

    _http: httpx.Client
    server: str
    did: str
    session: Session
    _now: Callable[[], datetime]
    _ahead: timedelta = field(factory=timedelta, init=False)
    """How far the server's clock is ahead of ours, by its last answer."""

    def server_now(self) -> datetime:
        """Tell the time by the server's clock, by which it judges how long a token may be good."""
        return self._now() + self._ahead

    def query(self, method: str, **params: str) -> dict[str, Any]:
        """Ask something."""
        return self._signed(method, "asking", lambda: {"params": params})

    def call(self, method: str, doing: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have something done in the repository."""
        return self._signed(method, doing, lambda: {"json": {"repo": self.did, **body}})

    def upload(self, open_: Callable[[], BinaryIO], size: int, media_type: str) -> dict[str, Any]:
        """Upload a file; it stays for some hours, and for good once a record refers to it.

        Returns:
            The blob, as records name it.
        """

        def how() -> dict[str, Any]:
            headers = {"Content-Type": media_type, "Content-Length": str(size)}
            return {"content": pieces(open_), "headers": headers}

        blob = self._signed("com.atproto.repo.uploadBlob", "an upload", how).get("blob")
        if not isinstance(blob, dict):
            raise Unavailable("The server's answer to an upload names no file.")
        return blob

    def record(self, collection: str, key: str) -> dict[str, Any] | None:
        """Read a record: ``{"uri", "cid", "value"}``; None if it is not there."""
        from decamp_bluesky.answers import Refused

        try:
            return self.query(
                "com.atproto.repo.getRecord", repo=self.did, collection=collection, rkey=key
            )
        except Refused as error:
            if error.name == "RecordNotFound" or "not locate record" in error.message:
                return None
            raise

    def records(self, collection: str) -> Iterator[dict[str, Any]]:
        """Read all records of a collection."""
        cursor = ""
        while True:
            params = {"cursor": cursor} if cursor else {}
            page = self.query(
                "com.atproto.repo.listRecords",
                repo=self.did, collection=collection, limit=str(_PAGE), **params,
            )  # fmt: skip
            yield from page.get("records", ())
            cursor = page.get("cursor", "")
            if not cursor:
                return

    def blob(self, cid: str) -> Iterator[bytes]:
        """Read a file that is there.

        Raises:
            Refused: It is not.
        """
        url = f"{self.server}/xrpc/com.atproto.sync.getBlob"
        try:
            with self._http.stream("GET", url, params={"did": self.did, "cid": cid}) as answer:
                if not answer.is_success:
                    answer.read()
                    raise error_of(answer, "reading a file", self._now())
                yield from answer.iter_raw()
        except httpx.TransportError as error:
            raise Unavailable("The server broke off while a file was read.") from error

    def _signed(self, method: str, doing: str, how: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Send a signed request, and once more with a renewed session if it has expired."""
        url = f"{self.server}/xrpc/{method}"
        verb = "GET" if "params" in (first := how()) else "POST"
        for attempt in range(2):
            signature = self.session.headers()
            sent = how() if attempt else first
            sent["headers"] = {**sent.get("headers", {}), **signature}
            answer = answered(self._http, verb, url, **sent)
            if there := date_of(answer):
                self._ahead = there - self._now()
            if attempt or not _expired(answer):
                break
            self.session.renew(signature)
        if answer.is_success:
            return document(answer)
        raise error_of(answer, doing, self._now())


def _expired(answer: httpx.Response) -> bool:
    if answer.status_code not in (400, 401):
        return False
    try:
        body = answer.json()
    except ValueError:
        return answer.status_code == 401
    return isinstance(body, dict) and body.get("error") in BROKEN_TOKENS
