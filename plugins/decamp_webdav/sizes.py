"""Remembers how large a file was that a server called too large.

No server tells its limit: only the answer 413 (RFC 9110 section 15.5.14) shows that there is one.
A plan is told of it, and no transfer is kept from trying again: limits are raised.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from decamp_webdav.answers import TooLarge
from decamp_webdav.kept import Kept

__all__ = ["Sizes"]


class Sizes:
    """What is known of the largest file that a server takes. Thread-safe.

    Args:
        state: The plugin's own folder; without one nothing outlives the process.
        url: Of the bundle.
    """

    def __init__(self, state: Path | None, url: str) -> None:
        self._lock = threading.Lock()
        self._kept = Kept(state, "too-large", url)
        self.refused = self._read()
        """Bytes of the smallest file that was refused, if none so large was taken since."""

    @contextmanager
    def tried(self, size: int) -> Iterator[None]:
        """Take note of what becomes of a file that is sent.

        Args:
            size: In bytes.
        """
        try:
            yield
        except TooLarge:
            with self._lock:
                if self.refused is None or size < self.refused:
                    self._keep(size)
            raise
        if self.refused is not None and size >= self.refused:
            with self._lock:
                self._keep(None)

    def _read(self) -> int | None:
        with suppress(ValueError):
            return int(self._kept.read())
        return None

    def _keep(self, refused: int | None) -> None:
        self.refused = refused
        self._kept.write(b"" if refused is None else b"%d\n" % refused)
