"""How things stand on a route when a run ends."""

from __future__ import annotations

from collections.abc import Mapping

from decamp.journal.findings import Findings
from decamp.journal.values import Standing, State

__all__ = ["Standings"]


class Standings(Findings):
    """The part of the journal that receipts are made from."""

    def standing(self, route: int) -> Standing:
        """Sum up what is known about a route."""
        proofs = self.proofs(route)
        return Standing(
            held=sum(count for count, _ in proofs.values()),
            proofs=proofs,
            doubtful=self._rows_of(route, "unknown"),
            kept=self._rows_of(route, "kept"),
            unobtainable=self._unobtainable(route),
        )

    def _rows_of(self, route: int, state: State) -> Mapping[str, int]:
        """Count the rows that count as delivered although their segment is in this state."""
        return dict(
            self._read(
                "SELECT kind, sum(count) FROM items JOIN rows ON rows.route = items.route "
                "AND rows.item = items.id WHERE items.route = ? AND state = ? AND delivered = 1 "
                "GROUP BY kind",
                *(route, state),
            )
        )

    def _unobtainable(self, route: int) -> int:
        """Count in the encoded text: no name in it can hold a quote that is not escaped."""
        mark = '"code":"dead-on-arrival"'
        found = self._read(
            "SELECT coalesce(sum((length(media) - length(replace(media, ?, ''))) / ?), 0)"
            " FROM items WHERE route = ? AND receipt IS NOT NULL AND instr(media, ?) > 0",
            *(mark, len(mark), route, mark),
        )
        return int(next(found)[0])
