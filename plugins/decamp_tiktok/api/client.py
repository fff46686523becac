"""The four endpoints of the Data Portability API, over a client that is signed in.

Source: developers.tiktok.com/doc/data-portability-api-get-started and the pages below it.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen

from decamp import ConfigError, SourceUnreadable, Unavailable
from decamp_tiktok.api.answers import CONNECT, Answer, Call, give_up, refusal

__all__ = ["API", "LIFETIME", "Check", "PortabilityClient", "read_request_id"]

API = "https://open.tiktokapis.com"
"""The page about Check shows another host in its example; its own table says this one."""

LIFETIME = timedelta(days=4)
"""How long a copy can be downloaded once it is ready."""

_FIELDS = "request_id,apply_time,collect_time,status,data_format,category_selection_list"
_MOST_BYTES = 1 << 20  # of an answer without a copy; a real one has some hundred
_MOST = (1 << 63) - 1  # the pages say int64
_MOST_DIGITS = 40  # zeros before it do no harm
_YEAR_2100 = 4_102_444_800
_ZIP_SIGN = b"PK"
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_LATER = "Check the connection to the internet, and run the same command again."


@frozen
class Check:
    """How far a request is."""

    status: str
    """TikTok's own word, in lower case: ``downloading`` means that it can be downloaded."""

    categories: tuple[object, ...]
    until: datetime | None
    """Until when it can surely be downloaded: TikTok tells when it began, not when it was ready."""


@frozen
class PortabilityClient:
    """Speaks to TikTok; knows nothing of what was asked before.

    Every method raises `Unavailable`, `RateLimited`, `AuthError` or `SourceUnreadable`.
    Request ids are 64-bit numbers for TikTok and text for us, for other languages' sake.
    """

    http: httpx.Client
    base: str = API
    connect: str = CONNECT
    """The command by which the person grants access again, for hints."""

    def add(self, categories: Sequence[str]) -> str:
        """Ask for a copy in JSON, and give the id of the request."""
        body = {"data_format": "json", "category_selection_list": list(categories)}
        answer = self._call("add", body, fields="request_id")
        request = _request_id(answer.data.get("request_id"))
        if request is None:
            raise Unavailable(f"TikTok gave the request no id{answer.shown()}.")
        return request

    def check(self, request: str) -> Check:
        """Ask how far a request is."""
        answer = self._call("check", self._named(request), fields=_FIELDS)
        status, listed = answer.data.get("status"), answer.data.get("category_selection_list")
        if not isinstance(status, str) or not status:
            raise Unavailable(f"TikTok did not say how far the request is{answer.shown()}.")
        began = _moment(answer.data.get("collect_time")) or _moment(answer.data.get("apply_time"))
        return Check(
            status=status[:40].lower(),
            categories=tuple(listed) if isinstance(listed, list) else (),
            until=began + LIFETIME if began else None,
        )

    def cancel(self, request: str) -> None:
        """Cancel a request. The id goes into the body, whatever the page's table says."""
        self._call("cancel", self._named(request))

    def download(self, request: str, file: Path) -> None:
        """Write the copy to a new file for its owner alone, and see that it is whole.

        An answer that is no zip is read as an error, whatever its status is. Nothing is known
        of ``Range``, so what was cut off has to be fetched from the beginning.

        Raises:
            OSError: It cannot be written.
        """
        with self._asked("download", self._named(request)) as response:
            chunks = _chunks(response)
            start = b""
            for chunk in chunks:
                start += chunk
                if len(start) >= len(_ZIP_SIGN):
                    break
            if not start.startswith(_ZIP_SIGN):
                raise refusal(_answer(response, start, chunks), "download", self.connect)
            size = _write(file, start, chunks)
            promised = response.headers.get("content-length", "")
        whole = not promised.isdigit() or int(promised) == size
        if not (whole and zipfile.is_zipfile(file)):  # it looks for the directory at the end
            raise Unavailable(f"The copy from TikTok broke off after {size:,} bytes.", hint=_LATER)

    def _named(self, request: str) -> dict[str, Any]:
        number = _request_id(request)
        if number is None:
            raise SourceUnreadable(
                f"TikTok cannot know a request {request[:40]!r}: the ids there are numbers.",
                hint=give_up(self.connect),
            )
        return {"request_id": int(number)}

    def _call(self, call: Call, body: dict[str, Any], *, fields: str = "") -> Answer:
        with self._asked(call, body, fields) as response:
            answer = _answer(response, b"", _chunks(response))
        if not answer.ok:
            raise refusal(answer, call, self.connect)
        return answer

    @contextmanager
    def _asked(
        self, call: Call, body: dict[str, Any], fields: str = ""
    ) -> Iterator[httpx.Response]:
        try:
            with self.http.stream(
                "POST",
                f"{self.base}/v2/user/data/{call}/",
                params={"fields": fields} if fields else None,
                json=body,
                headers={"Accept-Encoding": "identity"},
            ) as response:
                yield response
        except _UNSENT as error:
            raise Unavailable("TikTok could not be reached.", hint=_LATER, unsent=True) from error
        except httpx.HTTPError as error:
            raise Unavailable("The connection to TikTok broke off.", hint=_LATER) from error


def _answer(response: httpx.Response, start: bytes, rest: Iterator[bytes]) -> Answer:
    body = bytearray(start)
    for chunk in rest:
        body += chunk
        if len(body) > _MOST_BYTES:
            body.clear()
            break
    retry_after = response.headers.get("retry-after", "")
    return Answer.read(response.status_code, bytes(body), retry_after)


def _chunks(response: httpx.Response) -> Iterator[bytes]:
    """Give the body as it comes; decoded if TikTok encodes it all the same."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    return response.iter_raw() if encoding == "identity" else response.iter_bytes()


def _write(file: Path, start: bytes, rest: Iterator[bytes]) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    size = len(start)
    with os.fdopen(os.open(file, flags, 0o600), "wb") as target:
        target.write(start)
        for chunk in rest:
            target.write(chunk)
            size += len(chunk)
    return size


def read_request_id(text: str) -> str:
    """Read the id of a request as a person types it.

    Raises:
        ConfigError: It cannot be one.
    """
    request = _request_id(text.strip())
    if request is None:
        raise ConfigError(
            f"{text[:40]!r} cannot be the id of a request at TikTok: those are numbers, such as "
            "7445566778899001122.",
            hint="TikTok tells the id in its notice portability.download.ready to the app, and its "
            "support knows it. What is known here: decamp status",
        )
    return request


def _request_id(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    plain = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return str(int(text)) if plain and 0 < int(text) <= _MOST else None


def _moment(value: object) -> datetime | None:
    """Read Unix seconds, as a number or as digits; None for what is not there or not a time."""
    try:
        seconds = int(value) if isinstance(value, int | str) else 0
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _YEAR_2100 else None
    except (ValueError, OverflowError, OSError):
        return None
