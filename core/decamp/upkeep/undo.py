"""Takes back what a run brought: exactly that, and only while it is as it was left."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from attrs import define, evolve, field

from decamp.engine.blame import blamed
from decamp.engine.routes.reconcile import reconcile
from decamp.engine.workers import attempt
from decamp.errors import Conflict, Corrupted, DestinationRefused
from decamp.events import Emit, Stage, StageProgress
from decamp.journal import Effect
from decamp.model import Account, Origin, Receipt
from decamp.report.document import LISTED
from decamp.spec import Begins, Finishes, ImporterCapabilities, Removes, Syncs
from decamp.upkeep.place import Place
from decamp.upkeep.undoing import Undoing
from decamp.validation import require_valid

__all__ = ["undo"]

_GROUP = 200
"""So many removals are made to last, and written down, together."""
_EDITED = "somebody has edited it there"
_LATER = "the later run {} has changed it; undo that first"


def undo(
    undoing: Undoing, *, emit: Emit, stop: threading.Event, dry_run: bool = False
) -> dict[str, Any]:
    """Carry it out. Killed anywhere, it can be repeated.

    Returns:
        What was done, valid by ``undo.schema.json``.
    """
    work = _Work(undoing, stop, emit)
    if dry_run:
        work.foresee()
    else:
        try:
            undoing = work.begin()
            emit(Stage("undoing", undoing.due))
            work.take_back()
        finally:
            work.flush()
        work.finish()
    ended = not stop.is_set()
    document = {
        "destination": undoing.place.as_json(),
        "run": undoing.run.id,
        "dry_run": dry_run,
        "remove": undoing.to_remove,
        "restore": undoing.to_restore,
        "removed": work.removed,
        "restored": work.restored,
        "gone": len(undoing.gone) if dry_run else work.gone,
        "stays": [{"item": item, "reason": reason} for item, reason in work.stays],
        "unlisted": work.unlisted,
        "finished": ended,
        "exit_code": 130 if not ended else 3 if work.stays and not dry_run else 0,
    }
    require_valid("undo", document)
    return document


@define
class _Work:
    _undoing: Undoing
    _stop: threading.Event
    _emit: Emit
    removed: int = 0
    restored: int = 0
    gone: int = 0
    stays: list[tuple[str, str]] = field(factory=list)
    """Item id, and why it stays."""
    unlisted: int = 0
    """How many more stay."""
    _taken: list[tuple[Effect, Receipt | None]] = field(factory=list)

    @property
    def _place(self) -> Place:
        return self._undoing.place

    def foresee(self) -> None:
        """Say what is going to stay."""
        self._leave_to_later()
        for item_id in sorted(self._undoing.edited):
            self._stay(item_id, _EDITED)

    def begin(self) -> Undoing:
        """Settle what an interrupted run left open, and look again at what is to be done."""
        place, route, run = self._place, self._undoing.route, self._undoing.run
        held = place.destination.holds
        origin = held or Origin(Account())
        newest = route.newest
        if self._latest():
            newest = run.newest_before
            if run.names_before is not None:
                origin = evolve(origin, account=evolve(origin.account, names=run.names_before))
        as_of = datetime.fromisoformat(newest) if newest else None
        capabilities = ImporterCapabilities(delivery="idempotent")
        with blamed(place.plugin):
            if isinstance(place.importer, Begins):
                token = place.journal.open_token(route.id)
                capabilities = place.importer.begin(evolve(origin, as_of=as_of), token)
            reconcile(place.journal, route, place.importer, capabilities, look_only=False)
        place.journal.set_newest(route.id, newest)
        self._undoing = Undoing(place, run)
        return self._undoing

    def _latest(self) -> bool:
        """Tell whether no later run has changed anything there."""
        runs = self._place.journal.runs(route=self._undoing.route.id)
        changing = (run for run in runs if self._place.journal.has_effects(run.id))
        latest = next(changing, None)
        return latest is not None and latest.id == self._undoing.run.id

    def take_back(self) -> None:
        """Put back what was changed, then remove what is new, in each case the last first."""
        self._leave_to_later()
        for effect in self._undoing.effects("nothing"):
            self._take(effect, None)
        due = chain(self._undoing.effects("restore"), self._undoing.effects("remove"))
        for done, effect in enumerate(due):
            if self._stop.is_set():
                return
            self._emit(StageProgress(done))
            try:
                now = self._removed(effect)
            except (Conflict, Corrupted) as error:
                self._stay(effect.item_id, error.message)
            else:
                self._take(effect, now)

    def _removed(self, effect: Effect) -> Receipt | None:
        importer = self._place.importer
        assert isinstance(importer, Removes)
        assert effect.receipt is not None
        before = effect.before.receipt if effect.before is not None else None
        with blamed(self._place.plugin):
            return attempt(partial(importer.remove, effect.receipt, before), self._stop)

    def _leave_to_later(self) -> None:
        for effect in self._undoing.effects("later"):
            self._stay(effect.item_id, _LATER.format(effect.later))

    def _stay(self, item_id: str, reason: str) -> None:
        if len(self.stays) < LISTED:
            self.stays.append((item_id, reason))
        else:
            self.unlisted += 1

    def _take(self, effect: Effect, now: Receipt | None) -> None:
        self._taken.append((effect, now))
        if len(self._taken) >= _GROUP:
            self.flush()

    def flush(self) -> None:
        """Make what was taken back last, and write it down."""
        taken, self._taken = self._taken, []
        if not taken:
            return
        if isinstance(self._place.importer, Syncs):
            with blamed(self._place.plugin):
                self._place.importer.sync()
        self._place.journal.taken_back(self._undoing.route.id, taken)
        for effect, now in taken:
            step = self._undoing.step(effect)
            if now is not None or (step == "restore" and effect.before is None):
                self.restored += 1
            elif effect.item_id in self._undoing.gone:
                self.gone += 1
            elif step != "nothing":
                self.removed += 1

    def _seal(self) -> str:
        """Give what the destination shows now; nothing if only strangers' files are left."""
        try:
            return self._place.importer.check().seal
        except DestinationRefused:
            return ""

    def finish(self) -> None:
        place, route = self._place, self._undoing.route
        seal = ""
        importer = place.importer
        if isinstance(importer, Finishes):
            with blamed(place.plugin):
                attempt(lambda: importer.finish(place.journal.receipts(route.id)), self._stop)
                seal = self._seal()
        place.journal.finished(route.id, seal)
        place.let_go()  # first: a kill in between leaves no lock, for this undo is repeated then
        if not place.journal.has_effects(self._undoing.run.id):
            place.journal.mark_undone(self._undoing.run.id)
