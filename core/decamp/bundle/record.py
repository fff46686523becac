"""Records as bytes, and how a changed record joins the one that is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from decamp.errors import ItemRejected
from decamp.model import Item

__all__ = [
    "ITEM_ID",
    "fill_record",
    "merge_record",
    "natural",
    "record_bytes",
    "segment_header",
    "without_media",
]

_FILES = ("media", "missing")
_PASSING = ("source", "counts", "item_id")
"""Members in which two exports differ without meaning anything by it."""

ITEM_ID = "item_id"
"""The member of a record in a bundle that holds the id of its item."""


def record_bytes(item_id: str, record: Mapping[str, Any]) -> bytes:
    """Write a record as a JSON file: UTF-8, two spaces, members in the order given.

    The first member, `ITEM_ID`, says which item it is: names of files cannot always tell.

    Raises:
        ItemRejected: The record is not plain JSON.
    """
    named = {ITEM_ID: item_id} | {key: record[key] for key in record if key != ITEM_ID}
    return msgspec.json.format(_encode(item_id, named), indent=2) + b"\n"


def segment_header(item: Item) -> bytes:
    """Write the first line of a segment's file: its record on one line."""
    return _encode(item.id, item.record) + b"\n"


def _encode(item_id: str, record: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(dict(record))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ItemRejected(
            f"{item_id}: its record cannot be written as JSON ({type(error).__name__}).",
            hint="This is a fault of the plugin that made it; please report it.",
        ) from error


def merge_record(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Join a changed record with the one that is there.

    What is in `new` wins, and what it lacks (or has as null) stays. Nested objects join in
    the same way; a list replaces a list. `media` and `missing` follow the files: none is
    ever removed, so `media` keeps every old entry, and what is there is not `missing`.
    Joining twice changes nothing more.
    """
    merged = _merge(old, new)
    media = _by_name(new.get("media")) | _by_name(old.get("media"))
    if media:
        merged["media"] = [media[name] for name in sorted(media, key=natural)]
        missing = _by_name(merged.get("missing"))
        if missing.keys() & media.keys():
            merged["missing"] = [missing[name] for name in missing if name not in media]
        if not merged.get("missing", True):
            del merged["missing"]
    return merged


def fill_record(there: Mapping[str, Any], older: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Add to a record what only an older version of it has.

    What is there stays, lists too. Filling twice changes nothing more.

    Returns:
        The record, and whether another value of the older version had to give way. Counts
        that grow by themselves, the raw source and the list of files do not count.
    """
    filled, gave_way = _fill(there, {k: v for k, v in older.items() if k not in _FILES})
    media = _by_name(there.get("media")) or {}
    new = {name: entry for name, entry in _by_name(older.get("media")).items() if name not in media}
    if new:
        filled["media"] = [media.get(n) or new[n] for n in sorted(media | new, key=natural)]
        missing = [entry for entry in filled.get("missing", ()) if entry.get("name") not in new]
        if missing:
            filled["missing"] = missing
        else:
            filled.pop("missing", None)
    return filled, gave_way


def without_media(record: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Copy a record without the entries in `media` of files that are gone."""
    media = _by_name(record.get("media"))
    if media.keys().isdisjoint(names):
        return dict(record)
    kept = [entry for name, entry in media.items() if name not in names]
    if kept:
        return {**record, "media": kept}
    return {key: value for key, value in record.items() if key != "media"}


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = _merge(before, value)
        elif value is not None or name not in merged:
            merged[name] = value
    return merged


def _fill(there: Mapping[str, Any], older: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    filled, gave_way = dict(there), False
    for name, value in older.items():
        held = there.get(name)
        if held is None:
            filled[name] = value
        elif isinstance(held, Mapping) and isinstance(value, Mapping):
            filled[name], deeper = _fill(held, value)
            gave_way |= deeper and name not in _PASSING
        elif value is not None and value != held:
            gave_way |= name not in _PASSING
    return filled, gave_way


def _by_name(entries: Any) -> dict[str, Any]:
    """Index a list of files by name; empty if it is anything else."""
    if not isinstance(entries, list):
        return {}
    named = {
        e["name"]: e for e in entries if isinstance(e, dict) and isinstance(e.get("name"), str)
    }
    return named if len(named) == len(entries) else {}


def natural(name: str) -> tuple[int, str]:
    """Order ``10.jpg`` behind ``2.jpg``."""
    return len(name.partition(".")[0]), name
