"""How values look inside the journal's columns."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, TypeAlias

import attrs
import msgspec

from decamp.errors import JournalDamaged
from decamp.journal.values import Known, RunRecord, State
from decamp.model import Blob, Item, Missing, Receipt

__all__ = [
    "DAMAGED_HINT",
    "KNOWN_COLUMNS",
    "decoded",
    "item_from_json",
    "item_to_json",
    "known_from_json",
    "known_from_row",
    "known_to_json",
    "media_without",
    "receipt_from_json",
    "receipt_to_json",
    "run_from_row",
]


class _Item(msgspec.Struct, array_like=True):
    """What `item_to_json` writes."""

    id: str
    kind: str
    record: dict[str, Any]
    blobs: list[tuple[str, str, int | None, str | None, str | None]]
    missing: list[tuple[str, str, str]]
    version: str = ""


_Row: TypeAlias = tuple[str, str, State, str, int, str | None, str, str, str, str, int]
"""What `known_to_json` writes."""

KNOWN_COLUMNS = "id, kind, state, digest, mapping, receipt, media, reason, run, as_of, adopted"
"""Of the table ``items``: what `known_from_row` decodes and `known_to_json` encodes."""

DAMAGED_HINT = (
    "Keep the file. To see what is wrong: decamp doctor. decamp doctor --repair sets it aside; "
    "then the next transfer reads back what is at the destination, and begins a new one."
)


def decoded(text: str | bytes, kind: Any = Any) -> Any:
    """Decode JSON of the journal.

    Raises:
        JournalDamaged: It is not what decamp wrote.
    """
    try:
        return _decoder(kind).decode(text)
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: no UTF-8 either
        raise JournalDamaged(
            "The journal is damaged: an entry of it cannot be read.", hint=DAMAGED_HINT
        ) from error


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Make a decoder once: of thousands of small texts, that takes longer than they do."""
    return msgspec.json.Decoder(kind)


def receipt_to_json(receipt: Receipt) -> str:
    """Encode a receipt; its item id stands in a column of its own."""
    return msgspec.json.encode([receipt.location, receipt.data]).decode()


def receipt_from_json(item_id: str, text: str) -> Receipt:
    """Decode a receipt."""
    location, data = decoded(text, tuple[str, dict[str, Any]])
    return Receipt(item_id, location, existed=True, data=data)


def known_from_row(row: tuple[Any, ...]) -> Known:
    """Decode `KNOWN_COLUMNS`."""
    item_id, kind, state, digest, mapping, receipt, media, reason, run, as_of, adopted = row
    held = None if receipt is None else receipt_from_json(item_id, receipt)
    entries = decoded(media, tuple[dict[str, Any], ...])
    return Known(
        *(item_id, kind, state, digest, mapping, held, entries, reason, run, as_of),
        bool(adopted),
    )


def known_from_json(text: str) -> Known:
    """Decode what `known_to_json` encodes."""
    return known_from_row(decoded(text, _Row))


def known_to_json(row: tuple[Any, ...]) -> str:
    """Encode `KNOWN_COLUMNS`."""
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
    held = decoded(text, _Item)
    item = Item(
        held.id,
        held.kind,
        held.record,
        tuple(
            Blob(name, media_type, size=size, sha256=sha256, rows=rows)
            for name, media_type, size, sha256, rows in held.blobs
        ),
        tuple(Missing(*one) for one in held.missing),
    )
    return item, held.version


def run_from_row(row: tuple[Any, ...]) -> RunRecord:
    """Decode a row of the runs table."""
    report = decoded(row[10], dict[str, Any]) if row[10] else None
    names = [field.name for field in attrs.fields(RunRecord)]
    given = dict(zip(names, row, strict=True))
    names = given["names_before"]
    before = None if names is None else decoded(names, tuple[str, ...])
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
        for entry in decoded(media, list[dict[str, Any]])
    ]
    return msgspec.json.encode(entries).decode()
