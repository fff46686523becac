"""Two versions of a post made into one, in which nothing is lost that one of them has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from decamp import Receipt
from decamp_bluesky.records import entries_of
from decamp_bluesky.repository import stored_of

__all__ = ["Merge"]


@define
class Merge:
    """What a post is going to be."""

    fields: dict[str, str]
    files: dict[str, str]
    """SHA-256 of each file, by name, in the order in which they are shown."""
    entries: dict[str, dict[str, Any]]
    """What records show of them; not all are, if only the first photos are wanted."""
    superseded: bool = False
    """Values or files of the other version stay out."""
    _fills: bool = field(default=False, kw_only=True)

    @classmethod
    def newer(cls, previous: Receipt, said: Mapping[str, str]) -> Merge:
        """Begin with what is there; what a newer version says takes its place."""
        return cls({**previous.data["fields"], **said}, *_shown(previous))

    @classmethod
    def older(cls, previous: Receipt, said: Mapping[str, str]) -> Merge:
        """Begin with what is there; an older version only adds what it lacks."""
        held = previous.data["fields"]
        other = any(held.get(name, text) != text for name, text in said.items())
        return cls({**said, **held}, *_shown(previous), other, fills=True)

    def takes(self, name: str, sha256: str) -> bool:
        """Tell whether a file of the other version is to be shown, and take note of it."""
        if self.files.get(name) == sha256:
            return False
        if self._fills and name in self.files:
            self.superseded = True
            return False
        self.files[name] = sha256
        return True


def _shown(previous: Receipt) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    files = dict(previous.data["files"])
    entries = entries_of(one.record for one in stored_of(previous))
    return files, dict(zip(files, entries, strict=False))
