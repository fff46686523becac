"""Receipts on their way into the journal, a group at a time.

An importer that syncs is synced first, so that a power cut never leaves a receipt for bytes that
were lost: the intent is still open then, and the destination is asked.
"""

from __future__ import annotations

import time

from attrs import define, field

from decamp.engine.blame import blamed
from decamp.journal import Journal, Route, Settled
from decamp.spec import Importer, Syncs

__all__ = ["Settling"]

_GROUP_ITEMS = 2_000
_GROUP_BYTES = 256 << 20
_GROUP_SECONDS = 5.0
"""They are committed together after so many items, bytes or seconds."""


@define
class Settling:
    """How the items of a run have ended, until that is committed."""

    _journal: Journal
    _route: Route
    _run: str
    _plugin: str
    _importer: Importer
    _settled: list[Settled] = field(factory=list, init=False)
    _bytes: int = field(default=0, init=False)
    _since: float = field(default=0.0, init=False)
    _syncs: Syncs | None = field(init=False)
    """The importer, if it syncs; found out once, not for each item."""

    @_syncs.default
    def _find_syncs(self) -> Syncs | None:
        return self._importer if isinstance(self._importer, Syncs) else None

    def add(self, settled: Settled, size: int = 0) -> None:
        """Take note of how one ended; `size` is what of its bytes may not be on a disk yet."""
        if not self._settled:
            self._since = time.monotonic()
        self._settled.append(settled)
        self._bytes += size

    def flush_if_due(self) -> None:
        """Commit, if there is enough of it, or nothing to wait for."""
        if (
            self._syncs is None
            or len(self._settled) >= _GROUP_ITEMS
            or self._bytes >= _GROUP_BYTES
            or time.monotonic() - self._since > _GROUP_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Commit the receipts that have arrived, once the destination has made them last."""
        if not self._settled:
            return
        if self._syncs is not None:
            with blamed(self._plugin):
                self._syncs.sync()
        self._journal.settle(self._route.id, self._run, self._settled)
        self._settled = []
        self._bytes = 0
