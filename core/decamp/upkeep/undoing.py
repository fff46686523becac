"""What an undo is going to do: counted, and looked at, without changing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from attrs import define, field

from decamp.engine.blame import blamed
from decamp.engine.routes.rebuild import in_step
from decamp.errors import ConfigError, DestinationRefused, JournalDamaged
from decamp.journal import Change, Effect, Route, RunRecord
from decamp.model import Receipt
from decamp.spec import Removes, Verifies
from decamp.upkeep.place import Place

__all__ = ["Step", "Undoing"]

Step = Literal["later", "nothing", "restore", "remove"]
"""What is to be done about an effect: leave it, for a later run changed the item again; forget
it, for nothing of it is known to be there; put the item back as it was; or remove the item."""


@define
class Undoing:
    """How much an undo is going to do. It holds no effect, of which there may be very many.

    Raises:
        ConfigError: The run brought nothing that is left, or went elsewhere; or the plugin cannot
            take back.
        DestinationRefused: Nothing that decamp wrote is there any more.
        JournalDamaged: The destination is not as this journal left it.
    """

    place: Place
    run: RunRecord
    route: Route = field(init=False)
    counts: Counter[Step] = field(factory=Counter, init=False)
    gone: set[str] = field(factory=set, init=False)
    """Ids of those to be removed that a person has deleted; looked for at public places only."""
    edited: dict[str, Step] = field(factory=dict, init=False)
    """Ids of those to be removed or put back that are not as decamp left them; looked for at
    public places only. Each is tried all the same, for an undo that was cut off looks so too."""

    def __attrs_post_init__(self) -> None:
        place = self.place
        if not isinstance(place.importer, Removes):
            raise ConfigError(f"The plugin {place.plugin} cannot take back what it wrote.")
        self.route = self._route()
        for (change, kind), count in place.journal.count_effects(self.run.id).items():
            self.counts[self._step(change, kind)] += count
        self._look()
        if not self.counts and not place.journal.undo_begun(self.run):
            raise ConfigError(
                f"The run {self.run.id} brought nothing that could be taken back.",
                hint="See all runs: decamp runs",
            )

    def _route(self) -> Route:
        """Give the route of the run, once it is sure that the place is as it was left."""
        place, run = self.place, self.run
        route = place.journal.route(run.route or 0)
        if route is None or (route.destination, route.place) != (
            place.plugin,
            place.destination.id,
        ):
            raise ConfigError(
                f"The run {run.id} did not go to {place.destination.title}.",
                hint="Leave the place out: decamp knows where a run went. See: decamp runs",
            )
        if not in_step(route, place.destination):
            raise JournalDamaged(
                f"{place.destination.title} is not as this journal left it, so decamp cannot "
                "tell what the run brought.",
                hint="Run the transfer once more: decamp then reads back what is there. Runs "
                "from before that cannot be taken back.",
            )
        if place.destination.holds is None and place.journal.standing(route.id).held:
            raise DestinationRefused(
                f"There is nothing that decamp wrote at {place.destination.title} any more. "
                "Nothing was changed.",
                hint="If it lies on a disk or a server that is not there now, bring that back and "
                "run the same command again. If you removed or moved it yourself, nothing is left "
                f"to take back: decamp forget {route.destination}:{route.place}",
            )
        return route

    def effects(self, *steps: Step) -> Iterator[Effect]:
        """Go through the effects of which one of these is to be done, the last first.

        They are read as they are needed, so what was given may be taken back meanwhile.
        """
        if any(self.counts[step] for step in steps):
            for effect in self.place.journal.effects(self.run.id):
                if self.step(effect) in steps:
                    yield effect

    def step(self, effect: Effect) -> Step:
        """Tell what is to be done about an effect."""
        return self._step(effect.change, effect.kind)

    def _step(self, change: Change, kind: str) -> Step:
        if change in ("later", "nothing"):
            return change
        # An account has a profile before the first run, and after its undo.
        stands = self.place.public and kind == "profile"
        return "restore" if change == "changed" or stands else "remove"

    def _look(self) -> None:
        """Find what a person has deleted or edited at a public place, all of it together."""
        importer = self.place.importer
        if not self.due or not self.place.public or not isinstance(importer, Verifies):
            return
        with blamed(self.place.plugin):
            problems = {
                one.item_id: one.problem
                for one in importer.verify(self._receipts(), "size")
                if one.problem
            }
        for effect in self.effects("remove", "restore") if problems else ():
            step = self.step(effect)
            problem = problems.get(effect.item_id)
            if problem == "missing" and step == "remove":
                self.gone.add(effect.item_id)
            elif problem == "changed":
                self.edited[effect.item_id] = step

    def _receipts(self) -> Iterator[Receipt]:
        for effect in self.effects("remove", "restore"):
            assert effect.receipt is not None
            yield effect.receipt

    @property
    def due(self) -> int:
        """Tell how many items are to be removed or put back, whatever became of them since."""
        return self.counts["remove"] + self.counts["restore"]

    @property
    def to_remove(self) -> int:
        """Tell how many items are there to be removed, and as they were left."""
        return self._as_left("remove") - len(self.gone)

    @property
    def to_restore(self) -> int:
        """Tell how many items are there to be put back, and as they were left."""
        return self._as_left("restore")

    def _as_left(self, step: Step) -> int:
        return self.counts[step] - sum(one == step for one in self.edited.values())
