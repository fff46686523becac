"""What becomes of one link."""

from __future__ import annotations

from attrs import frozen

from decamp.media.spool import SpoolFile

__all__ = ["Fetched", "Lost"]


@frozen
class Fetched:
    """A file that is complete in the spool."""

    file: SpoolFile
    size: int
    sha256: str
    media_type: str


class Lost(Exception):
    """A file cannot be had: a code as in `decamp.model.Missing`, and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
