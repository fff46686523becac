"""What receipts say of a bundle: its entries, and their files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

__all__ = ["Entry", "File"]


@frozen
class File:
    """One payload file."""

    path: str
    """Relative to the bundle, with slashes."""

    size: int
    sha256: str
    mtime: int | None = None
    """When its bytes were last written, in microseconds since 1970, where that is told."""

    blob: str = ""
    """Name of its blob, if that is another than the name of the file."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def blob_name(self) -> str:
        """The name that its blob had when it came."""
        return self.blob or self.name

    def to_data(self) -> list[Any]:
        """Give it as plain JSON."""
        data = [self.path, self.size, self.sha256, self.mtime]
        return [*data, self.blob] if self.blob else data


@frozen
class Entry:
    """One item in a bundle; travels in `Receipt.data`."""

    kind: str
    files: tuple[File, ...]
    """The record first."""

    rows: int | None = None
    """For a segment, how many rows it has."""

    @property
    def record(self) -> File:
        """The file with the record; for a segment, the segment."""
        return self.files[0]

    def to_data(self) -> dict[str, Any]:
        """Give it as plain JSON, for `Receipt.data`."""
        data: dict[str, Any] = {
            "kind": self.kind,
            "files": [file.to_data() for file in self.files],
        }
        return data if self.rows is None else data | {"rows": self.rows}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Entry:
        """Read what `to_data` gave."""
        files = tuple(File(*file) for file in data["files"])
        return cls(data["kind"], files, data.get("rows"))
