"""Remembers which temporary names were made at an address, until they are removed.

A run removes what killed runs have left there. It finds that in the server's list; but some
servers, such as nginx, list no name that begins with a dot.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from decamp.bundle import TEMPORARY
from decamp_webdav.kept import Kept

__all__ = ["Leftovers"]


class Leftovers:
    """Names of temporary folders, kept on this computer. Thread-safe.

    Args:
        state: The plugin's own folder; without one nothing outlives the process.
        url: Of the bundle.
    """

    def __init__(self, state: Path | None, url: str) -> None:
        self._lock = threading.Lock()
        self._kept = Kept(state, "leftovers", url)
        self._names = self._read()

    def names(self) -> list[str]:
        """Give those that were not removed, as far as it is known."""
        return sorted(self._names)

    def add(self, name: str) -> None:
        """Note one before it is made."""
        with self._lock:
            self._names.add(name)
            self._keep()

    def drop(self, name: str) -> None:
        """Forget one that is gone."""
        with self._lock:
            if name in self._names:
                self._names.remove(name)
                self._keep()

    def _read(self) -> set[str]:
        with suppress(UnicodeDecodeError):
            lines = self._kept.read().decode("ascii").splitlines()
            return {line for line in lines if line.startswith(TEMPORARY) and "/" not in line}
        return set()

    def _keep(self) -> None:
        self._kept.write("".join(f"{name}\n" for name in sorted(self._names)).encode("ascii"))
