"""Shows how a run goes: live on a terminal, as a line now and then anywhere else."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Self

from attrs import define, field
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
)
from rich.table import Column
from rich.text import Text

from decamp.cli.output import Output
from decamp.cli.signals import STOPPING
from decamp.cli.troubles import cause
from decamp.cli.words import amount, number, plural, point, size
from decamp.events import (
    Downloaded,
    Event,
    ItemSettled,
    Notice,
    ReadProgress,
    Sending,
    Stage,
    StageProgress,
    Waiting,
)

__all__ = ["RunProgress"]

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_ALONE = 3.0
"""After that a stage with nothing to count says how long it has taken."""
_STAGES = {
    "requesting": "Asking for a copy",
    "downloading": "Downloading the copy",
    "reading": "Reading",
    "reading-back": "Reading back what is there",
    "items": "Posts and media",
    "rows": "Messages and activity",
    "finishing": "Finishing",
    "verifying": "Looking at what is there",
    "undoing": "Taking back",
}
_OF_ITEMS = tuple(_STAGES[name] for name in ("items", "reading-back", "verifying", "undoing"))
_SAID_AGAIN = 2
_TROUBLE = ("failed", "conflict", "unknown", "skipped")


class _Live(Progress):
    """Is drawn anew all the time: a stop is answered while nothing moves."""

    def __init__(self, *columns: ProgressColumn, console: Console, stop: threading.Event) -> None:
        self._stop = stop
        super().__init__(*columns, console=console, transient=True, refresh_per_second=4)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Draw the stage, and below it that the run stops."""
        yield from super().get_renderables()
        if self._stop.is_set():
            yield Text(STOPPING)


class _Headline(ProgressColumn):
    """Names the stage."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        """Draw it."""
        return Text(task.description)


class _Details(ProgressColumn):
    """Says how far it is, how fast, and how long it still takes."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        """Draw it."""
        details = [task.fields["facts"]] if task.fields["facts"] else []
        if task.total:
            details.insert(0, f"{task.percentage:.0f}%")
            guess = task.time_remaining is not None and task.fields["guess"]
            if guess and not task.finished:
                details.append(f"{timedelta(seconds=round(task.time_remaining or 0))} left")
        if not details and (task.elapsed or 0) >= _SECONDS_ALONE:
            details.append(f"{timedelta(seconds=round(task.elapsed or 0))} so far")
        return Text(", ".join(details))


@define
class RunProgress:
    """Takes the events of one run."""

    output: Output
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    _live: Progress | None = field(default=None, init=False)
    _task: TaskID = field(default=TaskID(0), init=False)
    _stage: str = field(default="", init=False)
    _total: float | None = field(default=None, init=False)
    """Of items it is only sure when all were read."""
    _done: float = field(default=0.0, init=False)
    _read_rows: int = field(default=0, init=False)
    _read_items: int = field(default=0, init=False)
    _due: int = field(default=0, init=False)
    """How many of the items that were read have to be delivered."""
    _items: int = field(default=0, init=False)
    _lacking: int = field(default=0, init=False)
    _rows: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _sending: dict[str, int] = field(factory=dict, init=False)
    """Bytes sent of large items that are not settled yet, by their ids."""
    _bytes_since: float = field(default=0.0, init=False)
    _said: float = field(default=0.0, init=False)
    _causes: Counter[str] = field(factory=Counter, init=False)
    """How often something went wrong, by `cause`."""

    def __enter__(self) -> Self:
        if self.output.live:
            self._live = _Live(
                *(_Headline(), BarColumn(bar_width=10), _Details()),
                console=self.output.console,
                stop=self.stop,
            )
            self._task = self._live.add_task("Starting", total=None, facts="", guess=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else for a while."""
        if self._live is not None:
            self._live.stop()
        try:
            yield
        finally:
            if self._live is not None:
                self._live.start()

    def __call__(self, event: Event) -> None:
        """Show what has happened."""
        match event:
            case Stage():
                self._begin(event)
            case StageProgress():
                self._done = event.done
            case Downloaded():
                self._bytes = event.size
            case ReadProgress():
                self._read(event)
            case ItemSettled():
                self._settled(event)
            case Sending():  # less of one that is sent again after a pause: that is no news
                self._sending[event.id] = max(event.size, self._sending.get(event.id, 0))
            case Notice(level="warning"):
                self.output.warn(event.text)
            case Notice():
                self.output.say(event.text)
            case Waiting():
                self.output.say(
                    f"Waiting until {point(event.until)}: {event.reason} "
                    "This is normal; you can stop and run the same command again later."
                )
        self._show()

    def _begin(self, event: Stage) -> None:
        self._stage = _STAGES.get(event.stage, event.stage)
        self._total = 1.0 if event.stage == "reading" else event.total
        self._done, self._bytes = 0.0, 0
        self._sending.clear()
        self._bytes_since = self.clock()
        if self._live is not None:
            self._live.remove_task(self._task)  # a task cannot lose its total
            self._task = self._live.add_task(self._stage, total=self._total, facts="", guess=True)
        else:
            self.output.say(f"{self._stage} ...")
            self._said = self.clock()

    def _read(self, event: ReadProgress) -> None:
        self._read_rows = event.rows
        self._read_items, self._due = event.items, event.due
        if self._stage == _STAGES["items"] and event.fraction >= 1:
            self._total = event.items
        if self._stage == _STAGES["reading"]:
            self._done = event.fraction
        self._pass_items()

    def _pass_items(self) -> None:
        """Count items that are done with: read, and not, or no longer, on their way."""
        if self._stage == _STAGES["items"]:
            self._done = self._read_items - self._due + self._items

    def _settled(self, event: ItemSettled) -> None:
        self._sending.pop(event.id, None)
        self._bytes += event.size
        if event.rows is None:
            self._items += 1
            self._lacking += event.state == "incomplete"
        else:
            self._rows += event.rows
        self._pass_items()
        if self._stage == _STAGES["rows"]:
            self._done += event.rows or 0
        if self.output.verbose:
            said = amount(event.kind, event.rows) + ", " if event.rows is not None else ""
            self.output.say(f"{event.state}  {said}{event.id}  {event.reason}".rstrip())
        elif event.state in _TROUBLE and event.reason:
            self._warn(event)

    def _warn(self, event: ItemSettled) -> None:
        """Say what went wrong, once for each cause; the end of the run tells of all."""
        why = cause(event.reason)
        self._causes[why] += 1
        if self._causes[why] == 1:
            self.output.warn(f"{event.id}: {event.reason}")
        elif self._causes[why] == _SAID_AGAIN:
            self.output.warn("The same goes for more; they are listed at the end.")

    def _show(self) -> None:
        if self._live is not None:
            self._live.update(
                self._task,
                description=self._stage,
                total=self._total,
                completed=self._done,
                facts=self._facts(),
                # Of a large file that is the last, what others took tells nothing.
                guess=(self._total or 0) - self._done > len(self._sending)
                and not self.stop.is_set(),
            )
        elif self._stage and self.clock() - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = self.clock()
            how_far = f"{self._share()} {self._facts()}".strip()
            if how_far:
                self.output.say(f"{self._stage}: {how_far}")

    def _share(self) -> str:
        if not self._total:
            return ""
        return f"{min(1.0, self._done / self._total):.0%}"

    def _facts(self) -> str:
        """Tell what this stage has moved: rows read, items or rows delivered, bytes."""
        facts = []
        moved = self._bytes + sum(self._sending.values())
        if self._stage == _STAGES["reading"] and self._read_rows:
            facts.append(f"{number(self._read_rows)} rows")
        elif self._stage == _STAGES["downloading"] and self._bytes:
            facts.append(size(self._bytes))
        elif self._stage == _STAGES["rows"]:
            facts.append(f"{number(self._rows)} rows")
        elif self._stage in _OF_ITEMS and (self._done or self._stage == _STAGES["items"]):
            done = f"{number(int(self._done))} of " if self._total else ""
            facts.append(done + plural(int(self._total or self._done), "item"))
            if self._lacking:
                facts.append(f"{number(self._lacking)} without all media")
            if moved:
                facts.append(size(moved))
        seconds = self.clock() - self._bytes_since
        if moved and seconds > 1:
            facts.append(f"{size(moved / seconds)}/s")
        return ", ".join(facts)
