"""A fetcher beside a server on loopback, and time that passes only where someone waits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

import faulty_http
from decamp.http import guarded_client
from decamp.media import MediaFetcher
from decamp.model import Blob, Item, Link, Missing

__all__ = [
    "MIB",
    "START",
    "TLS",
    "Place",
    "assert_arrived",
    "assert_missing",
    "http_date",
    "item",
    "places",
]

MIB = 1 << 20
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
TLS = httpx.create_ssl_context(trust_env=False)


@define
class Clock:
    """Time that passes only where someone waits."""

    moment: datetime = START
    pauses: list[float] = field(factory=list)
    ticks: timedelta = timedelta(0)
    """What passes with every look at the clock."""

    def now(self) -> datetime:
        self.moment += self.ticks
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.moment += timedelta(seconds=seconds)


@define
class Place:
    """A server and a fetcher."""

    server: faulty_http.Server
    fetcher: MediaFetcher
    clock: Clock
    scratch: Path

    def blob(
        self,
        path: str = "/a",
        name: str = "1.mp4",
        media_type: str = "video/mp4",
        expires: int | None = None,
        key: str = "",
    ) -> Blob:
        """Make a blob of a link to the server that expires some hours after the start."""
        at = START + timedelta(hours=expires) if expires is not None else None
        url = self.server.url(f"{path}?sig=CANARY")
        return Blob(name, media_type, link=Link(url, at, key or path))

    def fetch(self, *args: Any, **kwargs: Any) -> Blob | Missing:
        """Fetch the only blob of an item."""
        blob = self.blob(*args, **kwargs)
        return self.fetcher.fetch(blob, item(blob))

    @property
    def spooled(self) -> list[Path]:
        return sorted(self.scratch.joinpath("media").iterdir())


@contextmanager
def places(folder: Path) -> Iterator[Callable[..., Place]]:
    """Give a function that serves routes and makes a fetcher.

    Its options are those of the fetcher, and ``network``: those of the client.
    """
    scratch = folder / "scratch"
    scratch.mkdir()
    opened: list[MediaFetcher] = []
    with faulty_http.serving() as server:

        def place(
            routes: dict[str, faulty_http.Route],
            network: dict[str, Any] | None = None,
            **options: Any,
        ) -> Place:
            server.routes.update(routes)
            clock = Clock()
            timeout = httpx.Timeout(120)
            given = {"allowed": server.allowed, "tls": TLS, "timeout": timeout}
            client = guarded_client(**given | (network or {}))
            usual = {"sleep": clock.sleep, "rng": lambda low, high: high, "now": clock.now}
            fetcher = MediaFetcher(scratch, client, **usual | options)
            opened.append(fetcher)
            return Place(server, fetcher, clock, scratch)

        yield place
        for fetcher in opened:
            fetcher.close()


def item(*blobs: Blob, name: str = "1") -> Item:
    return Item(name, "post", {"time": "2023-05-01T12:00:00Z"}, blobs)


def http_date(seconds: float) -> str:
    """Write a time after the start as HTTP does."""
    return format_datetime(START + timedelta(seconds=seconds), usegmt=True)


def content(blob: Blob) -> bytes:
    with blob.open() as body:
        return body.read()


def assert_arrived(blob: Blob | Missing, body: bytes) -> None:
    assert isinstance(blob, Blob), blob
    assert content(blob) == content(blob) == body
    assert (blob.size, blob.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert blob.link is None


def assert_missing(found: Blob | Missing, code: str, *, words: str = "") -> None:
    assert isinstance(found, Missing), found
    assert found.code == code
    assert words in found.reason
    assert "CANARY" not in found.reason
    assert "/a" not in found.reason
