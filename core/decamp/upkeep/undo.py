"""Takes back what a run brought: exactly that, and only while it is as it was left."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial
from typing import Any

from attrs import define, evolve, field

from decamp.engine.blame import blamed
from decamp.engine.routes.reconcile import reconcile
from decamp.engine.workers import attempt
from decamp.errors import ConfigError, Conflict, Corrupted, DestinationRefused, JournalDamaged
from decamp.events import Emit, Stage, StageProgress
from decamp.journal import Effect, Known, Route, RunRecord
from decamp.model import Account, Origin, Receipt
from decamp.spec import Begins, Finishes, ImporterCapabilities, Removes, Syncs, Verifies
from decamp.upkeep.place import Place
from decamp.validation import require_valid

__all__ = ["Undoing", "undo"]

_GROUP = 200
"""So many removals are made to last, and written down, together."""
_EDITED = "somebody has edited it there"


@define
class Undoing:
    """What an undo is going to do; made without changing anything.

    Raises:
        ConfigError: The run brought nothing that is left, or the plugin cannot take back.
        JournalDamaged: The destination is not as this journal left it.
    """

    place: Place
    run: RunRecord
    route: Route = field(init=False)
    remove: list[tuple[Effect, Known]] = field(factory=list, init=False)
    restore: list[tuple[Effect, Known]] = field(factory=list, init=False)
    gone: set[str] = field(factory=set, init=False)
    """Ids of those to be removed that a person has deleted; looked for at public places only."""
    edited: set[str] = field(factory=set, init=False)
    """Ids of those to be removed or put back that are not as decamp left them; looked for at
    public places only. Each is tried all the same, for an undo that was cut off looks so too."""
    nothing: list[Effect] = field(factory=list, init=False)
    """What was announced and never arrived."""
    stays: list[tuple[str, str]] = field(factory=list, init=False)
    """Item id, and why it stays."""

    def __attrs_post_init__(self) -> None:
        place = self.place
        if not isinstance(place.importer, Removes):
            raise ConfigError(f"The plugin {place.plugin} cannot take back what it wrote.")
        if place.known is None:
            raise JournalDamaged(
                f"{place.destination.title} is not as this journal left it, so decamp cannot "
                "tell what the run brought.",
                hint="Run the transfer once more: decamp then reads back what is there. Runs "
                "from before that cannot be taken back.",
            )
        self.route = place.known
        for effect in place.journal.effects(self.run.id):
            known = place.journal.known(self.route.id, effect.item_id)
            if not effect.latest:
                self.stays.append((effect.item_id, "a later run has changed it; undo that first"))
            elif known is None or known.receipt is None:
                self.nothing.append(effect)
            elif effect.before is None and not (place.public and known.kind == "profile"):
                self.remove.append((effect, known))
            else:  # an account has a profile before the first run, and after its undo
                self.restore.append((effect, known))
        self._look()
        some = self.remove or self.restore or self.stays or self.nothing
        if not some and not place.journal.undo_begun(self.run):
            raise ConfigError(
                f"The run {self.run.id} brought nothing that could be taken back.",
                hint="See all runs: decamp runs",
            )

    def _look(self) -> None:
        """Find what a person has deleted or edited at a public place, all of it together."""
        place, due = self.place, [*self.remove, *self.restore]
        if not due or not place.public or not isinstance(place.importer, Verifies):
            return
        receipts = [known.receipt for _, known in due if known.receipt is not None]
        with blamed(place.plugin):
            found = {one.item_id: one.problem for one in place.importer.verify(receipts, "size")}
        self.gone = {one.item_id for one, _ in self.remove if found[one.item_id] == "missing"}
        self.edited = {name for name, problem in found.items() if problem == "changed"}

    @property
    def to_remove(self) -> int:
        """Tell how many items are there to be removed, and as they were left."""
        return sum(
            one.item_id not in self.gone and one.item_id not in self.edited
            for one, _ in self.remove
        )

    @property
    def to_restore(self) -> int:
        """Tell how many items are there to be put back, and as they were left."""
        return sum(one.item_id not in self.edited for one, _ in self.restore)


def undo(
    undoing: Undoing, *, emit: Emit, stop: threading.Event, dry_run: bool = False
) -> dict[str, Any]:
    """Carry it out. Killed anywhere, it can be repeated.

    Returns:
        What was done, valid by ``undo.schema.json``.
    """
    removed = restored = gone = 0
    if dry_run:
        stays = [*undoing.stays, *((item_id, _EDITED) for item_id in sorted(undoing.edited))]
    else:
        work = _Work(undoing, stop, emit)
        try:
            undoing = work.begin()
            stays = list(undoing.stays)
            emit(Stage("undoing", len(undoing.remove) + len(undoing.restore)))
            work.take_back(stays)
        finally:
            work.flush()
        work.finish()
        removed, restored, gone = work.removed, work.restored, work.gone
    ended = not stop.is_set()
    document = {
        "destination": undoing.place.as_json(),
        "run": undoing.run.id,
        "dry_run": dry_run,
        "remove": undoing.to_remove,
        "restore": undoing.to_restore,
        "removed": removed,
        "restored": restored,
        "gone": len(undoing.gone) if dry_run else gone,
        "stays": [{"item": item, "reason": reason} for item, reason in stays],
        "finished": ended,
        "exit_code": 130 if not ended else 3 if stays and not dry_run else 0,
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
    _taken: list[tuple[Effect, Receipt | None]] = field(factory=list)

    @property
    def _place(self) -> Place:
        return self._undoing.place

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
        changing = [run for run in runs if self._place.journal.effects(run.id)]
        return bool(changing) and changing[0].id == self._undoing.run.id

    def take_back(self, stays: list[tuple[str, str]]) -> None:
        importer = self._place.importer
        assert isinstance(importer, Removes)
        for effect in self._undoing.nothing:
            self._taken.append((effect, None))
        due = (*self._undoing.restore, *self._undoing.remove)
        for done, (effect, known) in enumerate(due):
            if self._stop.is_set():
                return
            self._emit(StageProgress(done))
            assert known.receipt is not None
            before = effect.before.receipt if effect.before is not None else None
            try:
                with blamed(self._place.plugin):
                    now = attempt(partial(importer.remove, known.receipt, before), self._stop)
            except (Conflict, Corrupted) as error:
                stays.append((effect.item_id, error.message))
                continue
            self._taken.append((effect, now))
            if len(self._taken) >= _GROUP:
                self.flush()

    def flush(self) -> None:
        """Make what was taken back last, and write it down."""
        if self._taken and isinstance(self._place.importer, Syncs):
            with blamed(self._place.plugin):
                self._place.importer.sync()
        put_back = {effect.seq for effect, _ in self._undoing.restore if effect.before is None}
        for effect, receipt in self._taken:
            self._place.journal.taken_back(self._undoing.route.id, effect, receipt)
            if receipt is not None or effect.seq in put_back:
                self.restored += 1
            elif effect.item_id in self._undoing.gone:
                self.gone += 1
            elif effect not in self._undoing.nothing:
                self.removed += 1
        self._taken = []

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
        if not place.journal.effects(self._undoing.run.id):
            place.journal.mark_undone(self._undoing.run.id)
