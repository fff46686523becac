"""Is the copy still there, and still the same? Looks, and changes nothing but the journal."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field

from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.errors import ConfigError, JournalDamaged, Unavailable
from decamp.events import Emit, Notice, Stage, StageProgress
from decamp.journal import Journal, Route
from decamp.model import Depth, Finding, Receipt
from decamp.report.document import LISTED
from decamp.spec import Knows, Verifies
from decamp.upkeep.place import Place
from decamp.validation import require_valid

__all__ = ["verify"]

_GROUP = 1_000


def verify(
    place: Place, *, deep: bool, sample: float, emit: Emit, stop: threading.Event
) -> dict[str, Any]:
    """Compare what is at a destination with what was delivered there.

    Args:
        place: The destination.
        deep: Read every byte.
        sample: Read so many of a hundred items, chosen by chance.
        emit: Takes what happens.
        stop: Ends the look early; the document says so.

    Returns:
        What was found, valid by ``verification.schema.json``.

    Raises:
        ConfigError: Nothing of decamp's is there, or ever was; or its plugin cannot look.
        JournalDamaged: The journal does not know it, and it cannot be read back.
    """
    importer = place.importer
    if place.destination.holds is None and not place.held:
        raise ConfigError(
            f"There is nothing that decamp wrote at {place.destination.title}.",
            hint="Check the path for typing mistakes.",
        )
    if not isinstance(importer, Verifies):
        raise ConfigError(f"The plugin {place.plugin} cannot look at what it wrote.")
    look = _Look(place, stop, emit, importer, _source_of(place, emit))
    emit(Stage("verifying"))
    place.looking.follow(stop)
    try:
        with blamed(place.plugin):
            look.whole("digest" if deep else "size")
            if sample and not deep and not stop.is_set():
                look.some(sample / 100)
    except Unavailable:
        if not stop.is_set():
            raise
    return look.document(stopped=stop.is_set(), deep=deep, sample=sample)


def _source_of(place: Place, emit: Emit) -> Route | None:
    """Say against what is compared: the journal, or else what the destination says of itself."""
    if place.known is not None:
        return place.known
    if not isinstance(place.importer, Knows):
        raise JournalDamaged(
            f"The journal on this machine does not know {place.destination.title}.",
            hint="Run the transfer to it once more, or use the machine it was written with.",
        )
    text = f"{place.destination.title} was not last written by this decamp; it is compared with"
    emit(Notice("info", f"{text} its own list of digests."))
    return None


@define
class _Look:
    _place: Place
    _stop: threading.Event
    _emit: Emit
    _importer: Verifies
    _route: Route | None
    proofs: dict[str, Depth | None] = field(factory=dict)
    problems: dict[str, Finding] = field(factory=dict)
    others: list[Finding] = field(factory=list)

    def whole(self, depth: Depth) -> None:
        """Look at everything."""
        for finding in self._importer.verify(self._receipts(), depth):
            self._take(finding)
            self._emit(StageProgress(len(self.proofs)))

    def some(self, share: float) -> None:
        """Read the bytes of some items."""
        chance = random.SystemRandom()
        chosen = {item for item in self.proofs if chance.random() < share}
        picked = (one for one in self._receipts() if one.item_id in chosen)
        for finding in self._importer.verify(picked, "digest"):
            if finding.item_id:
                self._take(finding)

    def _receipts(self) -> Iterator[Receipt]:
        for receipt in self._all():
            if self._stop.is_set():
                return
            yield receipt

    def _all(self) -> Iterable[Receipt]:
        if self._route is not None:
            return self._place.journal.receipts(self._route.id)
        assert isinstance(self._place.importer, Knows)
        return (one.receipt for one in self._place.importer.known())

    def _take(self, finding: Finding) -> None:
        if not finding.item_id:
            self.others.append(finding)
            return
        self.proofs[finding.item_id] = finding.proof
        if finding.problem:
            self.problems[finding.item_id] = finding

    def document(self, *, stopped: bool, deep: bool, sample: float) -> dict[str, Any]:
        now = stamp()
        if self._route is not None:
            _remember(self._place.journal, self._route, self.proofs, now)
        others = [] if stopped else self.others
        broken = [_problem(one) for one in (*self.problems.values(), *others) if not _added(one)]
        counted = Counter(proof for proof in self.proofs.values() if proof)
        document = {
            "destination": self._place.as_json(),
            "checked": now,
            "against": "journal" if self._route is not None else "destination",
            "asked": {"deep": deep, "sample": sample},
            "items": len(self.proofs),
            "proofs": dict(sorted(counted.items())),
            "problems": broken[:LISTED],
            "added": [place for one in others if _added(one) for place in one.places][:LISTED],
            "unlisted": max(0, len(broken) - LISTED),
            "unfinished": self._route is not None
            and self._place.journal.finish_due(self._route.id),
            "finished": not stopped,
            "intact": not broken and not stopped,
            "exit_code": 130 if stopped else 3 if broken else 0,
        }
        require_valid("verification", document)
        return document


def _remember(journal: Journal, route: Route, proofs: dict[str, Depth | None], now: str) -> None:
    entries = [(item_id, proof or "") for item_id, proof in proofs.items()]
    for start in range(0, len(entries), _GROUP):
        journal.prove(route.id, entries[start : start + _GROUP], now)


def _added(finding: Finding) -> bool:
    return finding.problem == "added"


def _problem(finding: Finding) -> dict[str, Any]:
    return {"item": finding.item_id, "problem": finding.problem, "places": list(finding.places)}
