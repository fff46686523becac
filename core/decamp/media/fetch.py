"""The media service: turns blobs that are links into blobs that can be read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from attrs import define, evolve, field

from decamp.errors import TransferError
from decamp.filesystems import no_room
from decamp.media.folder import MediaFolder
from decamp.media.outcome import Fetched, Lost
from decamp.media.sniff import renamed
from decamp.media.spool import Owner, Spool
from decamp.model import Blob, Item, Link, Missing

if TYPE_CHECKING:
    import httpx

__all__ = ["SPOOL_BYTES", "MediaFetcher"]

_MAX_BYTES = 4 << 30
SPOOL_BYTES = 2 << 30
"""What may usually lie in the spool."""
_ATTEMPTS = 4


@define
class _Held:
    """What was fetched for one item, by link and declared type."""

    lock: threading.Lock = field(factory=threading.Lock)
    results: dict[tuple[str, str], Fetched | Lost] = field(factory=dict)


class MediaFetcher:
    """Fetches links of items into a private spool. May be shared by threads.

    Args:
        scratch: A private folder; the spool becomes a folder in it.
        client: From `decamp.http.guarded_client`; closed with the fetcher.
        folder: Media that the person has already; looked into before any network.
        max_bytes: Larger files are not taken.
        spool_bytes: What may lie in the spool; fetching waits for releases. Only the
            oldest item may go above it, so a file may be larger than the spool.
        attempts: Tries per file.
        stop: Set when the run is to end: pauses and downloads end soon after.
        sleep: Waits for seconds.
        rng: Picks a number between two, for pauses.
        now: The time, aware and in UTC.
    """

    def __init__(
        self,
        scratch: Path,
        client: httpx.Client,
        *,
        folder: MediaFolder | None = None,
        max_bytes: int = _MAX_BYTES,
        spool_bytes: int = SPOOL_BYTES,
        attempts: int = _ATTEMPTS,
        stop: threading.Event | None = None,
        sleep: Callable[[float], object] | None = None,
        rng: Callable[[float, float], float] = random.uniform,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        from decamp.media.download import Downloader  # httpx is slow to import

        stop = stop or threading.Event()
        self._place = scratch / "media"
        self._client = client
        self._folder = folder
        self._spool = Spool(self._place, spool_bytes, stop)
        self._downloader = Downloader(
            client=client,
            spool=self._spool,
            max_bytes=max_bytes,
            attempts=attempts,
            sleep=sleep or stop.wait,
            rng=rng,
            now=now,
            stop=stop,
        )
        self._lock = threading.Lock()
        self._held: dict[Owner, _Held] = {}

    @classmethod
    def open(
        cls,
        scratch: Path,
        *,
        allowed: Collection[tuple[str, int]] = (),
        folder: MediaFolder | None = None,
        stop: threading.Event | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        spool_bytes: int = SPOOL_BYTES,
    ) -> Self:
        """Make a fetcher with a client of its own.

        Args:
            scratch: A private folder.
            allowed: Hosts and ports that are reached although they are not public.
            folder: Media that the person has already.
            stop: Set when the run is to end.
            now: The time, aware and in UTC.
            spool_bytes: What may lie in the spool.
        """
        from decamp.http import guarded_client

        client = guarded_client(allowed=allowed, stop=stop)
        return cls(scratch, client, folder=folder, stop=stop, now=now, spool_bytes=spool_bytes)

    def fetch(self, blob: Blob, item: Item) -> Blob | Missing:
        """Fetch one blob of an item. The same link is fetched once per item.

        Returns:
            The blob with its bytes readable until `release`, size and digest known, its
            media type and extension corrected by its content; or why it cannot be had.

        Raises:
            Unavailable: The run stops.
            TransferError: The spool cannot be written.
        """
        if blob.link is None:
            return blob
        found = self._folder.find(blob, item) if self._folder is not None else None
        if found is not None:
            return _named(found, item, blob.name)
        owner = item.kind, item.id
        with self._lock:
            held = self._held.setdefault(owner, _Held())
        key = blob.link.key or blob.link.url, blob.media_type
        with held.lock:
            if key not in held.results:
                held.results[key] = self._download(blob.link, blob.media_type, owner)
            result = held.results[key]
        if isinstance(result, Exception):
            return Missing(blob.name, result.code, result.reason)
        readable = evolve(
            blob,
            media_type=result.media_type,
            open=result.file.open,
            size=result.size,
            sha256=result.sha256,
            link=None,
        )
        return _named(readable, item, blob.name)

    def release(self, item: Item) -> None:
        """Delete what was fetched for an item; its blobs cannot be opened any more."""
        owner = item.kind, item.id
        with self._lock:
            self._held.pop(owner, None)
        self._spool.release(owner)

    def close(self) -> None:
        """Close all connections and delete what is left."""
        self._client.close()
        with self._lock:
            owners, self._held = list(self._held), {}
        for owner in owners:
            self._spool.release(owner)

    def _download(self, link: Link, declared: str, owner: Owner) -> Fetched | Lost:
        file = self._spool.add(owner)
        try:
            return self._downloader.download(link, declared, file)
        except Lost as error:
            self._spool.discard(file)
            # What was raised holds the frames it went through, and one of them the results.
            return Lost(error.code, error.reason)
        except OSError as error:
            self._spool.discard(file)
            full = no_room(error, self._place)
            if full is not None:
                raise full from error
            raise TransferError(
                f"Media cannot be kept in {self._place}: {error.strerror or error}.",
                hint="Look at that folder and its disk, then run the same command again.",
            ) from error
        except BaseException:
            self._spool.discard(file)
            raise


def _named(blob: Blob, item: Item, declared: str) -> Blob:
    """Correct the extension by the content, unless another blob might get that name."""
    stem = PurePosixPath(declared).stem
    if sum(PurePosixPath(other.name).stem == stem for other in item.blobs) > 1:
        return blob
    return evolve(blob, name=renamed(declared, blob.media_type))
