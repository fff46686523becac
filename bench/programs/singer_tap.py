"""Give the lists of an archive as Singer messages: ``singer_tap.py --config CONFIG``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive_lists import FIELDS, Row, read_lists
from singer_sdk import Stream, Tap
from singer_sdk import typing as th


class ListStream(Stream):
    """One list of the archive."""

    def __init__(self, tap: Tap, name: str, rows: Sequence[Row]) -> None:
        schema = th.PropertiesList(*(th.Property(field, th.StringType) for field in FIELDS[name]))
        super().__init__(tap, name=name, schema=schema.to_dict())
        self._rows = rows

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[Row]:
        """Give the rows as they are."""
        del context
        return self._rows


class ArchiveTap(Tap):
    """The archive."""

    name = "tap-archive"
    config_jsonschema = th.PropertiesList(
        th.Property("archive", th.StringType, required=True)
    ).to_dict()

    def discover_streams(self) -> list[ListStream]:
        """Read the archive once, and give its lists."""
        lists = read_lists(self.config["archive"])
        return [ListStream(self, name, rows) for name, rows in lists.items()]


ArchiveTap.cli()
