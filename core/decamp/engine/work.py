"""One item on its way, and what the journal will remember of its media."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import define, field

from decamp.journal import Frozen, Intent, Known
from decamp.model import Blob, Item, Missing, Preview

__all__ = ["Action", "Work", "described", "digested", "is_here", "repairable"]

DEAD_ON_ARRIVAL = "dead-on-arrival"
"""A blob that could not be had on the day of the export either: nothing is due for it."""

Action = Literal["send", "update", "complete", "fill"]
"""Send something new; bring something changed; bring only what was missing; add what only an
older export has."""


@define
class Work:
    """An item that is to be delivered."""

    item: Item
    action: Action
    digest: str
    mapping: int
    previous: Known | None = None
    frozen: Frozen | None = None
    rows: int | None = None
    media: list[dict[str, Any]] = field(factory=list)
    """One entry per blob, as in `decamp.journal.Known.media`."""
    as_of: str = ""
    """From when the newest export is that has the item so, RFC 3339."""
    preview: Preview | None = None
    """What becomes of it there, once that was told."""
    version: str = ""
    """For a fill: the digest of the older version."""
    fetched: list[int] = field(factory=list)
    """Bytes of each medium that was had for it, to be counted once the item has arrived."""

    @property
    def size(self) -> int:
        """Bytes of the item's blobs, as far as known."""
        return sum(blob.size or 0 for blob in self.item.blobs)

    @property
    def gathers(self) -> bool:
        """Its media have to be seen to before it is sent."""
        item = self.item
        return self.frozen is None and bool(item.blobs or self.media or item.missing)

    @property
    def is_here(self) -> bool:
        """Nothing of it has to be fetched or read for that."""
        return all(map(is_here, self.item.blobs))

    def intent(self) -> Intent:
        """Say what is about to be sent, for the journal."""
        return Intent(
            *(self.item, self.digest, self.mapping, tuple(self.media), self.frozen),
            self.as_of,
            self.version,
        )

    def settle_media(self, results: Mapping[str, Blob | Missing]) -> None:
        """Put in place what fetching brought: readable blobs, and the list of missing ones.

        Args:
            results: What became of each blob, by the name that the exporter declared.
        """
        entries = {entry["declared"]: dict(entry) for entry in self.media}
        for missing in self.item.missing:
            entries.setdefault(missing.name, _missing_entry(missing.name, missing))
        for declared, result in results.items():
            if isinstance(result, Blob):
                entries[declared] = _blob_entry(declared, result)
            else:
                entries[declared] = _missing_entry(declared, result)
        self.media = list(entries.values())
        self.item = self.item.evolve(
            record=described(self.item.record, self.media),
            blobs=tuple(result for result in results.values() if isinstance(result, Blob)),
            missing=tuple(
                Missing(entry["name"], entry["code"], entry["reason"])
                for entry in self.media
                if "code" in entry
            ),
        )


def repairable(missing: Iterable[Missing]) -> bool:
    """Tell whether a later run could still bring one of these."""
    return any(one.code != DEAD_ON_ARRIVAL for one in missing)


def described(record: Mapping[str, Any], media: list[dict[str, Any]]) -> dict[str, Any]:
    """Copy a record with its files listed: what lies beside it, and what is missing."""
    there = [
        {key: entry[key] for key in ("name", "media_type", "size", "sha256")}
        for entry in media
        if "code" not in entry
    ]
    gone = [{"name": entry["name"], "code": entry["code"]} for entry in media if "code" in entry]
    files = {"media": there, "missing": gone}
    listed = {name: entries for name, entries in files.items() if entries}
    kept = {key: value for key, value in record.items() if key not in files or key in listed}
    return kept | listed  # in their places, so that a copy of a bundle is the same to the byte


def is_here(blob: Blob) -> bool:
    """Tell whether a blob need neither be fetched nor read to know its size and digest."""
    return blob.link is None and blob.sha256 is not None and blob.size is not None


def digested(blob: Blob) -> Blob:
    """Make sure that size and digest of a blob are known, by reading it if need be."""
    if is_here(blob):
        return blob
    digest, size = hashlib.sha256(), 0
    with blob.open() as body:
        while chunk := body.read(1 << 18):
            digest.update(chunk)
            size += len(chunk)
    return Blob(blob.name, blob.media_type, blob.open, size, digest.hexdigest(), rows=blob.rows)


def _blob_entry(declared: str, blob: Blob) -> dict[str, Any]:
    return {
        "declared": declared,
        "name": blob.name,
        "media_type": blob.media_type,
        "size": blob.size,
        "sha256": blob.sha256,
    }


def _missing_entry(declared: str, missing: Missing) -> dict[str, Any]:
    return {
        "declared": declared,
        "name": missing.name,
        "code": missing.code,
        "reason": missing.reason,
    }
