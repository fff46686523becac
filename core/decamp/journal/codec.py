"""How values look inside the journal's columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import attrs
import msgspec

from decamp.journal.values import Known, RunRecord
from decamp.model import Blob, Item, Missing, Receipt

__all__ = [
    "item_from_json",
    "item_to_json",
    "known_from_row",
    "known_to_json",
    "media_without",
    "receipt_to_json",
    "run_from_row",
]


def receipt_to_json(receipt: Receipt) -> str:
    """Encode a receipt; its item id stands in a column of its own."""
    return msgspec.json.encode([receipt.location, receipt.data]).decode()


def known_from_row(row: tuple[Any, ...]) -> Known:
    """Decode the columns that the queries of this package name ``_KNOWN``."""
    item_id, kind, state, digest, mapping, receipt, media, reason, run, as_of, adopted = row
    held = None
    if receipt is not None:
        location, data = msgspec.json.decode(receipt)
        held = Receipt(item_id, location, existed=True, data=data)
    entries = tuple(msgspec.json.decode(media))
    return Known(
        *(item_id, kind, state, digest, mapping, held, entries, reason, run, as_of),
        bool(adopted),
    )


def known_to_json(row: tuple[Any, ...]) -> str:
    """Encode the columns that `known_from_row` decodes."""
    return msgspec.json.encode(
        [value.decode() if isinstance(value, bytes) else value for value in row]
    ).decode()


def item_to_json(item: Item, version: str = "") -> str:
    """Encode an item without its bytes: enough to ask a destination for it later.

    Args:
        version: As in `decamp.journal.values.Intent`.
    """
    blobs = [[b.name, b.media_type, b.size, b.sha256, b.rows] for b in item.blobs]
    missing = [[m.name, m.code, m.reason] for m in item.missing]
    parts = [item.id, item.kind, item.record, blobs, missing, version]
    return msgspec.json.encode(parts).decode()


def item_from_json(text: str) -> tuple[Item, str]:
    """Decode an item whose blobs carry size and digest but cannot be opened, and its version."""
    item_id, kind, record, blobs, missing, *rest = msgspec.json.decode(text)
    item = Item(
        item_id,
        kind,
        record,
        tuple(
            Blob(name, media_type, size=size, sha256=sha256, rows=rows)
            for name, media_type, size, sha256, rows in blobs
        ),
        tuple(Missing(*one) for one in missing),
    )
    return item, rest[0] if rest else ""


def run_from_row(row: tuple[Any, ...]) -> RunRecord:
    """Decode a row of the runs table."""
    report = msgspec.json.decode(row[10]) if row[10] else None
    names = [field.name for field in attrs.fields(RunRecord)]
    given = dict(zip(names, row, strict=True))
    names = given["names_before"]
    before = None if names is None else tuple(msgspec.json.decode(names))
    return RunRecord(**given | {"report": report, "names_before": before})


def media_without(media: str, names: Collection[str]) -> str:
    """Mark blobs as missing that were taken away from the destination."""
    entries = [
        {
            "declared": entry["declared"],
            "name": entry["name"],
            "code": "taken-away",
            "reason": "It was stored, and is no longer at the destination.",
        }
        if entry["name"] in names and "code" not in entry
        else entry
        for entry in msgspec.json.decode(media)
    ]
    return msgspec.json.encode(entries).decode()
