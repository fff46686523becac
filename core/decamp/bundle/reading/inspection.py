"""What a bundle holds, in numbers: for ``decamp inspect``. Reads records and headers, no media."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

import decamp_schemas
from decamp.bundle.layout import is_segment
from decamp.bundle.marker import Marker
from decamp.bundle.reading.reader import BundleReader, Found

__all__ = ["inspection", "skeleton"]

_PLACES = {
    "profile": "profile",
    "post": "posts",
    "conversation": "messages/*",
    "section": "sections",
}
_HIDDEN = "<key>"


@define
class _Section:
    """What lies at one place."""

    becomes: str
    entries: int = 0
    first: str | None = None
    last: str | None = None

    def add(self, entries: int, since: Any, until: Any) -> None:
        self.entries += entries
        if isinstance(since, str) and isinstance(until, str):
            self.first = min(since, self.first or since)
            self.last = max(until, self.last or until)


@define
class _Survey:
    sections: dict[str, _Section] = field(factory=dict)
    files: int = 0
    size: int = 0
    media: int = 0

    def add(self, found: Found) -> None:
        record, files = found.item.record, found.entry.files
        self.files += len(files)
        self.size += sum(file.size for file in files)
        if is_segment(found.item):
            kind, name = record["kind"], record["collection"]
            message = kind == "message"
            path = "messages" if message else f"activity/{name}"
            section = _Section("message" if message else f"event:{name}")
            entries, since, until = record.get("rows", 0), record.get("since"), record.get("until")
        else:
            kind, entries = found.item.kind, 1
            self.media += len(found.item.blobs)
            path, section = _PLACES.get(kind, f"other/{kind}"), _Section(kind)
            since = until = record.get("time")
        self.sections.setdefault(path, section).add(entries, since, until)


def inspection(reader: BundleReader, marker: Marker, unread: list[str]) -> dict[str, Any]:
    """Describe a bundle, valid by ``inspection.schema.json``.

    Args:
        reader: Reads it.
        marker: What the bundle says of itself.
        unread: Paths of what the reader could not read; it grows while this goes on.
    """
    survey = _Survey()
    for found in _everything(reader):
        survey.add(found)
    origin = marker.origin
    names, as_of = origin.account.names, origin.as_of
    return {
        "source": "disk",
        "file": reader.where,
        "size": survey.size,
        "generation": {"guess": None, "certainty": "unknown"},
        "account": names[0] if names else None,
        "as_of": f"{as_of:%Y-%m-%dT%H:%M:%SZ}" if as_of else None,
        "sections": [
            {
                "path": path,
                "known": path in _PLACES.values() or not path.startswith("other/"),
                "becomes": one.becomes,
                "entries": one.entries,
                "first": one.first,
                "last": one.last,
            }
            for path, one in sorted(survey.sections.items())
        ],
        "media_links": {
            "total": 0,
            "expired": 0,
            "undated": 0,
            "next_expiry": None,
            "last_expiry": None,
        },
        "unknown_sections": [
            path.encode("utf-8", "replace").decode() for path in sorted(set(unread))
        ],
        "unknown_fields": [],
        "bundle": {
            "service": origin.account.service,
            "complete": marker.complete,
            "files": survey.files,
            "media": survey.media,
        },
    }


def skeleton(reader: BundleReader, unread: list[str]) -> dict[str, Any]:
    """Describe kinds, names of fields that the schemas know, and types; nothing else."""
    kinds: dict[str, Counter[str]] = {}
    for found in _everything(reader):
        kind = "segment" if is_segment(found.item) else found.item.kind
        kind = kind if kind == "segment" or kind in _PLACES else _HIDDEN
        _count(kinds.setdefault(kind, Counter()), kind, found.item.record)
    document: dict[str, Any] = {kind: dict(sorted(kinds[kind].items())) for kind in sorted(kinds)}
    return document | {"unread": {"files": len(set(unread))}}


def _everything(reader: BundleReader) -> Iterator[Found]:
    yield from reader.segments()
    yield from reader.items()


def _count(counts: Counter[str], kind: str, record: Mapping[str, Any]) -> None:
    known = decamp_schemas.load(kind)["properties"] if kind != _HIDDEN else {}
    for name, value in record.items():
        counts[f"{name if name in known else _HIDDEN}: {type(value).__name__}"] += 1
