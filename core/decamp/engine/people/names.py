"""What becomes of other people's names: kept, replaced by aliases, or left out.

Which fields name a person stands in the schemas (``x-person``); nothing here knows a kind.
Free text, such as a message or a caption, is never changed.

Rows are changed in two steps. Names in fields of their own are replaced before the rows are
digested, so that the bundle, read back, gives the digests that the journal knows. Names that
hide in raw values can only be found when all names are known, so those wait until the rows
have been read; no digest depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import evolve

from decamp.engine.judging.quarantine import REJECTED
from decamp.engine.people.aliases import GONE, Aliases
from decamp.engine.people.rows import AlikeRows
from decamp.engine.tally import Tally
from decamp.model import Collection, Item, RowBatch
from decamp.validation import (
    field_names,
    has_schema,
    is_named_after_a_person,
    person_fields,
    required_fields,
)

__all__ = ["KEEP", "WAYS", "Keep", "OtherPeople", "People"]

WAYS = ("keep", "alias", "drop")

_Dicts = Sequence[dict[str, Any]]

Refine = Callable[[list[bytes]], list[bytes]]
"""Rewrites rows, each a line of JSON, keeping their number and order."""

_HIDES = "decamp cannot tell which names of other people are in it"


class People(Protocol):
    """What is done to the data on its way."""

    def batch(self, batch: RowBatch) -> RowBatch:
        """Rename a batch's collection and path; its rows stay as they are."""
        ...

    def notice(self, batch: RowBatch) -> None:
        """Learn the names in rows that are not taken."""
        ...

    def rows(self, collection: Collection, rows: _Dicts) -> _Dicts:
        """Change valid rows, and leave out those that may not stay."""
        ...

    def refine(self, collection: Collection) -> Refine | None:
        """Give what finishes the rows of a collection once all were read; None: nothing."""
        ...

    def items(self, items: Sequence[Item]) -> Sequence[Item]:
        """Change items, and leave out those that may not stay."""
        ...


class Keep:
    """Everything stays as it came."""

    def batch(self, batch: RowBatch) -> RowBatch:
        """Give it as it is."""
        return batch

    def notice(self, batch: RowBatch) -> None:
        """Learn nothing."""

    def rows(self, collection: Collection, rows: _Dicts) -> _Dicts:  # noqa: ARG002
        """Give them as they are."""
        return rows

    def refine(self, collection: Collection) -> Refine | None:  # noqa: ARG002
        """Leave them alone."""
        return None

    def items(self, items: Sequence[Item]) -> Sequence[Item]:
        """Give them as they are."""
        return items


KEEP = Keep()


class OtherPeople:
    """Replaces names by aliases, or leaves out what is about other people.

    Args:
        aliases: Made with the route's secret.
        drop: Leave out.
    """

    def __init__(self, aliases: Aliases, tally: Tally, *, drop: bool) -> None:
        self._aliases, self._tally, self._drop = aliases, tally, drop
        self._batches: dict[tuple[str, str, str], tuple[Collection, str]] = {}
        self._rows: dict[tuple[str, str], AlikeRows] = {}

    # --- rows ----------------------------------------------------------------------------

    def batch(self, batch: RowBatch) -> RowBatch:
        """Rename a batch's collection and path after the alias of a person."""
        kind, key = batch.collection.kind, batch.collection.key
        if not is_named_after_a_person(kind):
            return batch
        known = self._batches.get((kind, key, batch.path))
        if known is None:
            header = self._header(batch.collection.header, key)
            collection = Collection(kind, self._aliases.name(key), header)
            known = collection, self._aliases.path(batch.path, key)
            self._batches[kind, key, batch.path] = known
        segment = None if batch.segment is None else self._header(batch.segment, key)
        return evolve(batch, collection=known[0], path=known[1], segment=segment)

    def _header(self, header: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Rename what a segment's header has: also the one that a bundle brings with its rows."""
        marked = person_fields("segment")
        made: dict[str, Any] = {}
        for name, value in header.items():
            if name == "collection" or marked.get(name) == "name":
                made[name] = self._aliases.name(str(value))
            elif name == "source":
                paths = value.get("paths", ()) if isinstance(value, dict) else ()
                made[name] = {"paths": [self._aliases.path(str(path), key) for path in paths]}
            else:
                made[name] = value
        return made

    def notice(self, batch: RowBatch) -> None:
        """Learn the names in rows that are not taken."""
        for name in self._of(batch.collection).names:
            for row in batch.rows:
                value = row.get(name)
                if isinstance(value, str):
                    self._aliases.name(value)

    def rows(self, collection: Collection, rows: _Dicts) -> _Dicts:
        """Change valid rows, and leave out those of other people where that is asked for."""
        of = self._of(collection)
        if self._drop:
            own = [row for row in rows if not of.is_of_others(row)]
            if len(own) < len(rows):
                for row in rows:
                    of.learn(row)
                left_out(self._tally, collection.kind, len(rows) - len(own))
            rows = own
        return [of.changed(row) for row in rows]

    def refine(self, collection: Collection) -> Refine | None:
        """Give what finishes raw values in rows; None if its rows have none."""
        of = self._of(collection)
        return of.refined if of.has_raw_values else None

    def _of(self, collection: Collection) -> AlikeRows:
        alike = is_named_after_a_person(collection.kind)  # and there may be many of these
        key = (collection.kind, "" if alike else collection.key)
        if key not in self._rows:
            self._rows[key] = AlikeRows(collection.kind, self._aliases)
        return self._rows[key]

    # --- items ---------------------------------------------------------------------------

    def items(self, items: Sequence[Item]) -> list[Item]:
        """Change items, and leave out those that may not stay."""
        for item in items:
            self._learn(item)
        return [made for item in items if (made := self._changed(item)) is not None]

    def _learn(self, item: Item) -> None:
        for field, how in person_fields(item.kind).items():
            value = item.record.get(field)
            if how == "name":
                for name in value if isinstance(value, list | tuple) else (value,):
                    if isinstance(name, str):
                        self._aliases.name(name)

    def _changed(self, item: Item) -> Item | None:
        before = self._aliases.removed
        record = GONE if self._hides_names(item) else self._record(item.kind, item.record)
        if record is GONE:
            self._left_out(item)
            return None
        if self._aliases.removed > before:
            self._tally.add(item.kind, "trimmed")
        return item.evolve(id=self._id(item), record=record)

    def _left_out(self, item: Item) -> None:
        left_out(self._tally, item.kind, 1)
        if not self._drop:
            self._tally.problem(self._id(item), item.kind, "skipped", "people", _HIDES)

    def _hides_names(self, item: Item) -> bool:
        """Tell whether it could not be read, so that names in it cannot be found either."""
        record = item.record
        if item.kind != "section" or "reason" not in record:
            return False
        structured = record.get("name") == REJECTED and not isinstance(record.get("value"), str)
        return self._drop or not structured

    def _record(self, kind: str, record: Mapping[str, Any]) -> Any:
        if not has_schema(kind):
            return self._aliases.raw(dict(record), drop=self._drop)
        marked = person_fields(kind)
        described = field_names(kind)
        required = required_fields(kind)
        made: dict[str, Any] = {}
        for field, value in record.items():
            if field not in described:
                unknown = self._aliases.raw({field: value}, drop=self._drop)
                made |= {} if unknown is GONE else unknown
                continue
            how = marked.get(field, "")
            if how == "name" and self._drop and field not in required:
                continue
            kept = self._value(how, value)
            if kept is not GONE:
                made[field] = kept
            elif field in required:
                return GONE
        return made

    def _value(self, how: str, value: Any) -> Any:
        aliases = self._aliases
        match how:
            case "name" if isinstance(value, str):
                return aliases.name(value)
            case "name" if isinstance(value, list | tuple):
                return [self._value("name", name) for name in value]
            case "name" | "raw":
                return aliases.raw(value, drop=self._drop)
            case "known":
                return aliases.raw(value, hints=False)
            case "address" if isinstance(value, str):
                return aliases.address(value)
            case "path" if isinstance(value, str):
                return aliases.words(value, numbers=True)
        return value

    def _id(self, item: Item) -> str:
        """Give the id: made of the alias where it was made of a name, else nothing to read.

        The id of a section holds a digest of its content, by which somebody could try out
        names; so it is digested once more, under the secret.
        """
        marked = person_fields(item.kind)
        for field, how in marked.items():
            value = item.record.get(field)
            if how == "name" and item.id == f"{item.kind}:{value}":
                return f"{item.kind}:{self._aliases.name(str(value))}"
        if "id" in marked.values() or not has_schema(item.kind):
            return f"{item.kind}:{self._aliases.digest(item.id)}"
        return item.id


def left_out(tally: Tally, kind: str, count: int) -> None:
    """Count what was left out because it is about other people."""
    tally.add(kind, "found", count)
    tally.add(kind, "not_asked", count)
    tally.add(kind, "left_out", count)
