"""Downloads one file: tries, waits, resumes, and believes nothing that does not add up."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
from attrs import define, field

from decamp.http import HostNotFound, Refused, get, host_of
from decamp.http_times import retry_after
from decamp.media.hosts import Failure, Hosts
from decamp.media.outcome import Fetched, Lost
from decamp.media.partial import Mismatch, Partial
from decamp.media.sniff import HEAD, is_text, recognise
from decamp.media.spool import Spool, SpoolFile, stopped
from decamp.model import Link

__all__ = ["Downloader"]

_STEP = 1 << 20
"""Room is asked for in such steps, in bytes, while the size of a file is not known."""

_PROGRESS = 1 << 20
"""A try that brought so many bytes is not counted: large files may need many."""

_BACKOFF_SECONDS = 0.5
_BACKOFF_DOUBLINGS = 6
_PATIENCE = timedelta(seconds=60)
"""The longest pause between two tries. A server that asks for more is left alone."""

_PACE_BYTES = 60 << 10
_PACE = timedelta(seconds=60)
"""Less than that many bytes in that time counts as stalled."""

_FRESH = (
    "Ask for a new export of your data and run the same command with it, "
    "or name a folder that holds the file: -o from.media=FOLDER"
)
_LATER = "Run the same command again later."
_NO_NETWORK = (
    "No server was found, so no others were tried: there seems to be no network. "
    "Connect to it, and run the same command again."
)


class _Again(Exception):
    """This try failed; the next may not.

    Args:
        why: A sentence without its full stop.
        failure: What it says about the server of the link.
        pause: What the server asks to wait.
    """

    def __init__(
        self,
        why: str,
        failure: Failure = Failure.BAD_ANSWER,
        pause: timedelta | None = None,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.failure = failure
        self.pause = pause


class _NoRoom(Exception):
    """The spool has no room for so many bytes; the connection must not wait for it."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.total = total


@define(kw_only=True)
class Downloader:
    """Fetches links into a spool. May be shared by threads.

    Args:
        client: From `decamp.http.guarded_client`.
        max_bytes: Larger files are not taken.
        attempts: Tries per file that bring nothing.
        sleep: Waits for seconds; returns early when the run stops.
        rng: Picks a number between two, for pauses that do not come in step.
        now: The time, aware and in UTC.
        stop: Set when the run is to end.
    """

    client: httpx.Client
    spool: Spool
    max_bytes: int
    attempts: int
    sleep: Callable[[float], object]
    rng: Callable[[float, float], float]
    now: Callable[[], datetime]
    stop: threading.Event
    _hosts: Hosts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._hosts = Hosts(self.attempts)

    def download(self, link: Link, declared: str, file: SpoolFile) -> Fetched:
        """Fetch a file.

        Args:
            link: Where it is.
            declared: Its media type as the exporter says.
            file: Where to; has to be new. What is in it after an error is worth nothing.

        Raises:
            Lost: It cannot be had.
            Unavailable: The run stops.
            OSError: It cannot be written.
        """
        host = host_of(link.url)
        with Partial(file) as part:
            self.spool.wait(file, _STEP)
            media_type = self._persist(link, declared, part, host)
            self.spool.settle(file, part.size)
            return Fetched(file, part.size, part.sha256, media_type)

    def _persist(self, link: Link, declared: str, part: Partial, host: str) -> str:
        """Try until the file is there.

        Pauses are uniform between zero and a bound that doubles ("full jitter"), and at
        least what the server asked for.
        """
        attempts = 1 if self._late(link) else self._hosts.attempts(host)
        failures, furthest, pause = 0, 0, 0.0
        while True:
            self._expect_an_answer(host)
            self._pause(host, pause)
            try:
                return self._once(link, declared, part, host)
            except _NoRoom as error:
                self.spool.wait(part.file, error.total)
                pause = 0.0
            except _Again as error:
                failures = 0 if part.size >= furthest + _PROGRESS else failures + 1
                furthest = max(furthest, part.size)
                if error.pause is not None:
                    self._hosts.keep_quiet(host, self.now() + error.pause)
                if failures >= attempts:
                    self._hosts.failed(host, error.failure, failures)
                    code = "truncated" if furthest else "unreachable"
                    raise Lost(code, f"{error.why}. {_LATER}") from error
                bound = _BACKOFF_SECONDS * 2 ** min(failures, _BACKOFF_DOUBLINGS)
                pause = self.rng(0.0, bound)

    def _expect_an_answer(self, host: str) -> None:
        """Spare the time of a try that would come to nothing, as others did."""
        if self._hosts.offline:
            raise Lost("unreachable", _NO_NETWORK)
        if self._hosts.given_up(host):
            why = f"{host} cannot be reached, so other files there were not tried"
            raise Lost("unreachable", f"{why}. {_LATER}")

    def _pause(self, host: str, least: float) -> None:
        """Wait for seconds, or as long as the host wants, if that can be waited for."""
        quiet = self._hosts.quiet(host, self.now())
        if quiet > _PATIENCE.total_seconds():
            until = self.now() + timedelta(seconds=quiet)
            raise Lost("unreachable", f"{host} wants to be asked after {_time(until)}. {_LATER}")
        if pause := max(quiet, least):
            self.sleep(pause)
        self._check_stop()

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise stopped()

    def _late(self, link: Link) -> bool:
        return link.expires_at is not None and link.expires_at <= self.now()

    def _once(self, link: Link, declared: str, part: Partial, host: str) -> str:
        """Ask once and take what comes.

        Returns:
            The media type of the file, which is complete.
        """
        try:
            with get(self.client, link.url, part.range_headers()) as response:
                self._judge(response, link, part, host)
                part.begin(response)
                self._take(response, declared, part, host)
        except Refused as error:
            raise Lost(error.code, error.message) from error
        except Mismatch:
            raise _Again(f"{host} sent parts that do not belong together") from None
        except httpx.TransportError as error:
            raise _broken(error, host, begun=part.size > 0) from error
        if not part.complete:
            raise _Again(f"{host} broke off before the end")
        if not part.size:
            raise Lost("empty", f"{host} sent an empty file. {_LATER}")
        return self._recognise(declared, part, host)

    def _judge(self, response: httpx.Response, link: Link, part: Partial, host: str) -> None:
        """Decide by the status whether a body follows that is worth reading."""
        status = response.status_code
        self._hosts.answered(host, well=status < 500)
        if status == 416:  # there is no rest; so what is here is not its beginning
            part.forget()
        if status in (401, 403):
            if self._late(link):
                raise Lost("expired", f"The link to {host} has expired. {_FRESH}")
            raise Lost(
                "refused",
                f"{host} refused it (HTTP {status}); the link has probably expired. {_FRESH}",
            )
        if status in (404, 410):
            raise Lost("gone", f"{host} no longer has it (HTTP {status}). {_FRESH}")
        if status in (408, 416, 425, 429) or status >= 500:
            raise _Again(
                f"{host} cannot answer now (HTTP {status})",
                pause=retry_after(response.headers, self.now()),
            )
        if not 200 <= status < 300:
            raise Lost("refused", f"{host} did not send it (HTTP {status}). {_FRESH}")
        if is_text(b"", response.headers.get("content-type", "")):
            raise self._not_media(host)

    def _take(self, response: httpx.Response, declared: str, part: Partial, host: str) -> None:
        """Read the body of an answer onto the disk, within all limits."""
        if part.total is not None:
            self._make_room(part, part.total, host)
        since, arrived = self.now(), 0
        for chunk in response.iter_raw():
            self._check_stop()
            if part.size + len(chunk) > part.file.reserved:
                self._make_room(part, part.size + len(chunk) + _STEP, host)
            known = len(part.head) >= HEAD
            part.write(chunk)
            if part.size > self.max_bytes:
                raise self._too_large(host)
            if not known and len(part.head) >= HEAD:
                self._recognise(declared, part, host)
            arrived += len(chunk)
            if self.now() - since >= _PACE:
                if arrived < _PACE_BYTES:
                    raise _Again(f"{host} sends next to nothing")
                since, arrived = self.now(), 0

    def _make_room(self, part: Partial, total: int, host: str) -> None:
        """Have the spool let the file grow, without waiting for it."""
        if (part.total or 0) > self.max_bytes:
            raise self._too_large(host)
        if not self.spool.reserve(part.file, total):
            raise _NoRoom(total)

    def _too_large(self, host: str) -> Lost:
        limit = f"{self.max_bytes} bytes, the most that decamp takes"
        return Lost("too-large", f"{host} has it, but larger than {limit}.")

    def _recognise(self, declared: str, part: Partial, host: str) -> str:
        media_type = recognise(declared, part.head)
        if media_type is None:
            if is_text(part.head):
                raise self._not_media(host)
            raise Lost("not-media", f"{host} sent a file of another kind. {_FRESH}")
        return media_type

    @staticmethod
    def _not_media(host: str) -> Lost:
        return Lost("not-media", f"{host} sent a page or a message, not the file. {_FRESH}")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d at %H:%M} UTC"


def _broken(error: httpx.TransportError, host: str, *, begun: bool) -> _Again | Lost:
    """Judge a request that got no answer, or not all of it.

    Args:
        error: Knows which address was asked: after a redirect that is another server.
        host: The server of the link.
        begun: Some of the file is here.
    """
    asked = error.request.url.host
    if _untrusted(error):
        return Lost("refused", f"{asked} has no valid certificate. {_LATER}")
    silent = Failure.NO_NAME if isinstance(error, HostNotFound) else Failure.NO_ANSWER
    failure = Failure.BAD_ANSWER if begun or asked != host else silent
    if isinstance(error, httpx.TimeoutException):
        return _Again(f"{asked} has stopped answering", failure)
    what = "broke off before the end" if begun else "cannot be reached"
    return _Again(f"{asked} {what}", failure)


def _untrusted(error: BaseException | None) -> bool:
    """Tell whether a failure comes from a certificate that cannot be verified."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
