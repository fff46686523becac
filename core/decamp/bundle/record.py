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


def fill_record(
    there: Mapping[str, Any], older: Mapping[str, Any], ignored: Collection[str] = ("counts",)
) -> tuple[dict[str, Any], bool]:
    """Add to a record what only an older version of it has.

    What is there stays, be it nested: an absent (or null) member is added, any other is not
    touched, and a list is one value. `media` and `missing` are joined by the names of their
    files, and what is there is not `missing`. If the older version has nothing more, the
    record is as it was, in the same order. Filling twice changes nothing more.

    Args:
        ignored: Members that are filled too, but whose values are expected to differ. Counts
            of likes do so in nearly every export, and saying it each time would tell nothing.

    Returns:
        The record, and whether other values stayed in the place of some of the older version:
        outside of what is ignored, `ITEM_ID`, `source` (it tells where a version came from),
        `media` and `missing`.
    """
    expected = {ITEM_ID, "source", "media", "missing", *ignored}
    superseded = _differ(there, {name: older[name] for name in older.keys() - expected})
    filled = _fill(there, {n: older[n] for n in older if n not in ("media", "missing")})
    media = _joined(there.get("media"), older.get("media"))
    missing = _joined(there.get("missing"), older.get("missing"))
    present, absent = _by_name(media), _by_name(missing)
    if present.keys() & absent.keys():
        missing = [absent[name] for name in absent if name not in present]
    for name, files in (("media", media), ("missing", missing)):
        if files:
            filled[name] = files
        elif filled.get(name):
            del filled[name]
    return filled, superseded


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


def _fill(there: Mapping[str, Any], older: Mapping[str, Any]) -> dict[str, Any]:
    filled = dict(there)
    for name, value in older.items():
        held = filled.get(name)
        if isinstance(held, Mapping) and isinstance(value, Mapping):
            filled[name] = _fill(held, value)
        elif held is None and value is not None:
            filled[name] = value
    return filled


def _differ(there: Mapping[str, Any], older: Mapping[str, Any]) -> bool:
    """Tell whether any value of the older record has another one in its place."""
    for name, value in older.items():
        held = there.get(name)
        if isinstance(held, Mapping) and isinstance(value, Mapping):
            if _differ(held, value):
                return True
        elif held is not None and value is not None and held != value:
            return True
    return False


def _joined(held: Any, older: Any) -> Any:
    """Add to a list of files those that only an older list names; any other value stays."""
    if not held:
        return older
    files, more = _by_name(held), _by_name(older)
    if not files or more.keys() <= files.keys():
        return held
    files = more | files
    return [files[name] for name in sorted(files, key=natural)]


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
