"""A small file on this computer that says something about one address."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from decamp.filesystems import make_private, replace_private

__all__ = ["Kept"]


class Kept:
    """One such file. What cannot be read or written is as if nothing were kept.

    Args:
        state: The plugin's own folder; without one nothing outlives the process.
        what: What is kept.
        url: Of the bundle.
        suffix: Of the file's name.
    """

    def __init__(self, state: Path | None, what: str, url: str, suffix: str = "") -> None:
        digest = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._file = None if state is None else state / f"{what}-{digest}{suffix}"

    def read(self) -> bytes:
        """Give what is kept; nothing if it is not there."""
        with suppress(OSError):
            return b"" if self._file is None else self._file.read_bytes()
        return b""

    def write(self, data: bytes) -> None:
        """Keep this in the place of what was there; where it is empty, no file stays."""
        if self._file is None:
            return
        with suppress(OSError):
            make_private(self._file.parent)
            if data:
                replace_private(self._file, data)
            else:
                self._file.unlink(missing_ok=True)
