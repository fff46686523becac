"""A bundle as a source: what it holds, in the cuts and with the numbers that it has."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from decamp.bundle.marker import Marker
from decamp.bundle.reading.reader import BundleReader, Found, listed
from decamp.bundle.site import Site
from decamp.bundle.writing.survey import seal
from decamp.errors import DestinationRefused, SourceUnreadable
from decamp.model import Account, Collection, Item, Missing, Page, RowBatch

__all__ = ["BundleExporter"]

_ITEMS_A_PAGE = 200
_LARGEST_RAW = 1 << 20
_OF_A_SEGMENT = ("kind", "collection", "rows", "since", "until", "source")


class BundleExporter:
    """Reads a bundle. What each method promises stands in `decamp.spec`.

    Args:
        site: Where it lies.
        log: Told what is not read.
        scratch: A private folder of this machine.
        incomplete: Also read a bundle whose last run has not come to its end.

    Raises:
        SourceUnreadable: There is no bundle, or its last run has not come to its end.
    """

    def __init__(
        self, site: Site, log: logging.Logger, scratch: Path, *, incomplete: bool = False
    ) -> None:
        self._site = site
        self._log = log
        self._folder = site.folder
        self._reader = BundleReader(self._folder, site.title, scratch, self._unread)
        self._raw: list[tuple[str, str]] = []
        self._strange: list[str] = []
        try:
            self._marker = _marker(site, self._reader, incomplete=incomplete)
        except BaseException:
            self.close()
            raise

    def account(self) -> Account:
        """Tell whose data it is, and which service it is from."""
        return self._marker.origin.account

    def as_of(self) -> datetime | None:
        """Tell from when the newest of it is."""
        return self._marker.origin.as_of

    def fingerprint(self) -> str:
        """Tell which state of the bundle this is; empty if its last run has not come to its end.

        A file that was edited, added or removed since then is in no manifest, so the lengths and
        times of all count too. Where a place tells no times it is empty as well.
        """
        if not self._marker.complete:
            return ""
        state = hashlib.sha256(seal(self._folder, self._marker).encode())
        for place in self._reader.files():
            if place.mtime is None:
                return ""
            told = f"{place.name}\0{place.size} {place.mtime}\n"
            state.update(told.encode("utf-8", "surrogatepass"))
        return f"bundle:{state.hexdigest()}"

    def export_pages(self, cursor: str | None) -> Iterator[Page]:  # noqa: ARG002 - it has none
        """Yield segments as rows, and then the items, with those that share an id together."""
        with self._folder.listed():
            yield from self._pages()

    def _pages(self) -> Iterator[Page]:
        for found in self._reader.segments():
            batch = self._batch(found)
            if batch is not None:
                yield Page(rows=(batch,))
        page: list[Item] = []
        items = (_numbered(_with_missing(found.item)) for found in self._reader.items())
        for _, group in groupby(items, key=lambda item: item.id.partition("#")[0]):
            page += group
            if len(page) >= _ITEMS_A_PAGE:
                yield Page(items=tuple(page))
                page = []
        page += [self._kept_raw(path, reason) for path, reason in self._raw]
        if page:
            yield Page(items=tuple(page))

    def inspect(self) -> dict[str, Any]:
        """Describe what the bundle holds."""
        from decamp.bundle.reading.inspection import inspection

        with self._folder.listed():
            return inspection(self._reader, self._marker, self._strange)

    def skeleton(self) -> dict[str, Any]:
        """Describe structure and types only."""
        from decamp.bundle.reading.inspection import skeleton

        with self._folder.listed():
            return skeleton(self._reader, self._strange)

    def close(self) -> None:
        """Let go of connections."""
        self._reader.close()
        self._folder.close()
        self._site.disconnect()

    def _batch(self, found: Found) -> RowBatch | None:
        header = dict(found.item.record)
        shared = {name: value for name, value in header.items() if name not in _OF_A_SEGMENT}
        collection = Collection(header["kind"], header["collection"], shared)
        try:
            with found.item.blobs[0].open() as lines:
                rows = [msgspec.json.decode(line, type=dict[str, Any]) for line in lines]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._unread(found.entry.record.path, "a line of it is no JSON object")
            return None
        return RowBatch(collection, rows, segment=header) if rows else None

    def _unread(self, path: str, reason: str) -> None:
        self._log.warning("%s is not read: %s", self._folder.path(path), reason)
        self._strange.append(path)
        if path.endswith((".json", ".jsonl")) and not reason.startswith("decamp did not"):
            self._raw.append((path, reason))

    def _kept_raw(self, path: str, reason: str) -> Item:
        """Bring a file that cannot be understood as it is, so that it is not lost."""
        stamp = self._folder.stamp(path)
        data = self._folder.read(path) if stamp and stamp[0] <= _LARGEST_RAW else None
        digest = hashlib.sha256(path.encode("utf-8", "replace") + b"\0" + (data or b"")).hexdigest()
        record = {
            "name": "unread",
            "path": path,
            "value": (data or b"").decode("utf-8", "replace"),
            "reason": reason if data is not None else f"{reason}; it is too large to bring",
        }
        return Item(f"section:unread:{digest[:32]}", "section", record)


def _marker(site: Site, reader: BundleReader, *, incomplete: bool) -> Marker:
    """Read the marker of a bundle that may be read."""
    try:
        there = site.is_there()
        marker = reader.marker() if there else None
    except DestinationRefused as error:
        raise SourceUnreadable(error.message, hint=error.hint) from error
    if not there:
        raise SourceUnreadable(
            f"There is no folder {site.title}.", hint="Check it for typing mistakes."
        )
    if marker is None:
        raise SourceUnreadable(
            f"{site.title} is no bundle that decamp made: it has no decamp.json.",
            hint="To read an export of a service, name its plugin: tiktok:PATH",
        )
    if not marker.complete and not incomplete:
        raise SourceUnreadable(
            f"The last run that wrote to {site.title} has not come to its end.",
            hint="Run that transfer again first. To read what is there all the same, add "
            "-o from.incomplete=yes",
        )
    return marker


def _with_missing(item: Item) -> Item:
    """Say which files of an item the bundle does not have: never had, or has no more."""
    there = {blob.name for blob in item.blobs}
    missing = [
        Missing(one["name"], str(one.get("code") or "not-found"), _NEVER_HAD)
        for one in listed(item.record, "missing")
        if one["name"] not in there
    ]
    known = there | {one.name for one in missing}
    missing += [
        Missing(one["name"], "not-found", _NO_MORE)
        for one in listed(item.record, "media")
        if one["name"] not in known
    ]
    return item.evolve(missing=tuple(missing)) if missing else item


_NEVER_HAD = "It could not be had when this bundle was made."
_NO_MORE = "It is not in this bundle any more."


def _numbered(item: Item) -> Item:
    """Let posts be numbered anew where they go: others of their second may be there already."""
    return item.evolve(match=("",)) if item.kind == "post" else item
