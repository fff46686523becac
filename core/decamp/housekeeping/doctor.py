"""Looks at this machine and at what decamp keeps on it. Changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from attrs import frozen

from decamp import __version__
from decamp.connections import Connections
from decamp.connections.lasting import ending
from decamp.errors import JournalDamaged, TransferError
from decamp.filesystems import is_network
from decamp.home import Home, is_held
from decamp.housekeeping.diagnosis import examined
from decamp.housekeeping.inventory import Kept, inventory, strangers
from decamp.journal import VERSION, Journal, Route, RunRecord, State, format_of
from decamp.registry import Registry

__all__ = ["Check", "examine", "exit_code"]

Level = Literal["ok", "note", "problem"]

_LITTLE_ROOM = 100_000_000
_ENOUGH_ROOM = 3_000_000_000
"""Bytes. Media on their way take up to 2 GiB, rows about as much as the export's JSON."""
_FIRST_YEAR = 2024
_OPEN: dict[State, str] = {
    "intent": "on their way when a run ended; the next run asks the destination first",
    "unknown": "in doubt",
    "conflict": "in conflict",
    "failed": "failed, tried again in the next run",
    "held": "held back for want of media",
    "incomplete": "without all media",
}
_SPEED_UPS = {
    "isal": "unpacks zips faster",
    "jsonschema_rs": "checks records faster",
}


@frozen
class Check:
    """One thing that was looked at."""

    about: str
    """A stable word; see ``doctor.schema.json``."""
    level: Level
    text: str
    hint: str = ""
    """What to do, for a problem."""
    damaged: bool = False
    """The journal cannot be trusted."""


def exit_code(checks: list[Check]) -> int:
    """Tell what the command ends with: 0, 9 for a damaged journal, 3 for any other problem."""
    if any(check.damaged for check in checks):
        return JournalDamaged.exit_code
    return 3 if any(check.level == "problem" for check in checks) else 0


def examine(home: Home, load: Callable[[], Registry], now: datetime) -> list[Check]:
    """Look at everything.

    Args:
        home: Where decamp keeps its files.
        load: Loads the plugins.
        now: Aware, UTC.
    """
    checks = [
        Check(
            "version",
            "ok",
            f"decamp {__version__}, Python {platform.python_version()}, {platform.system()}",
        ),
        *_home(home),
    ]
    try:
        kept = inventory(home)
        foreign = strangers(home)
    except TransferError as error:
        return [
            *checks,
            Check("home", "problem", error.message, error.hint),
            *_machine(load(), now),
        ]
    return [
        *checks,
        *_modes(kept),
        *_room(home),
        *_journal(home, kept, now),
        *_leftovers(kept, foreign),
        *_sign_ins(home, now),
        *_machine(load(), now),
    ]


def _machine(found: Registry, now: datetime) -> list[Check]:
    return [*_plugins(found), *_speed(), *_clock(now), *_text()]


# --- the folder --------------------------------------------------------------------------


def _home(home: Home) -> Iterator[Check]:
    folder = home.folder
    chosen = " (DECAMP_HOME)" if os.environ.get("DECAMP_HOME") else ""
    if not os.path.lexists(folder):
        yield Check("home", "note", f"{folder}{chosen}, which the first transfer makes")
    elif not folder.is_dir():
        yield Check(
            "home", "problem", f"{folder} is not a folder.", "Set DECAMP_HOME to another one."
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Check(
            "home",
            "problem",
            f"{folder} cannot be written to.",
            "Check its permissions, or set DECAMP_HOME to another folder.",
        )
    elif _mode(folder) & 0o077:
        yield Check(
            "home",
            "problem",
            f"{folder} can be entered by others on this computer (mode {_mode(folder):04o}).",
            f"chmod 700 {folder}",
        )
    else:
        yield Check("home", "ok", f"{folder}{chosen}")
    if is_network(folder):
        yield Check(
            "home",
            "problem",
            f"{folder} lies on a network file system, where locks are not reliable.",
            "Set DECAMP_HOME to a folder on a local disk.",
        )


def _modes(kept: list[Kept]) -> Iterator[Check]:
    open_to_others = [
        one.path
        for one in kept
        if one.sort in ("journal", "secret", "connection", "copy", "backup", "log")
        and _mode(one.path) & 0o077
    ]
    if open_to_others:
        names = ", ".join(path.name for path in open_to_others)
        yield Check(
            "modes",
            "problem",
            f"Others on this computer may read {names}.",
            " ".join(["chmod 600", *map(str, open_to_others)]),
        )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) if os.name != "nt" else 0


def _room(home: Home) -> Iterator[Check]:
    places = {"home": home.folder, "temporary files": Path(tempfile.gettempdir())}
    for name, place in places.items():
        existing = next((one for one in (place, *place.parents) if one.is_dir()), None)
        free = shutil.disk_usage(existing).free if existing else 0
        text = f"{free / 1e9:,.1f} GB free for {name}"
        if free < _LITTLE_ROOM:
            yield Check("space", "problem", f"{text}.", f"Free some space on the disk of {place}.")
        elif free < _ENOUGH_ROOM:
            yield Check("space", "note", f"{text}; a large transfer may need up to 3 GB")
        else:
            yield Check("space", "ok", text)


def _leftovers(kept: list[Kept], foreign: list[Path]) -> Iterator[Check]:
    for sort, text in (
        ("spool", "left by runs that were cut off; the next transfer removes it"),
        ("leftover", "half files of programs that were cut off; decamp purge removes them"),
        ("backup", "former journals; decamp purge removes them"),
    ):
        some = [one for one in kept if one.sort == sort and not one.held]
        if some:
            size = sum(one.size for one in some) / 1e6
            yield Check("leftovers", "note", f"{len(some)} x {size:,.1f} MB in all, {text}")
    held = [one for one in kept if one.held and one.sort == "lock"]
    if held:
        yield Check("locks", "note", f"{len(held)} held by decamp at work")
    if foreign:
        names = ", ".join(path.name for path in foreign[:5])
        yield Check("home", "note", f"{len(foreign)} x not decamp's own, left alone: {names}")


def _sign_ins(home: Home, now: datetime) -> Iterator[Check]:
    try:
        known = Connections(home).all()
    except TransferError as error:
        yield Check("sign-in", "problem", error.message, error.hint)
        return
    for one in known:
        warning = ending(one, now)
        if warning:
            yield Check("sign-in", "note", warning)
        else:
            until = f"until {one.grant.until:%Y-%m-%d}" if one.grant.until else "no end is told"
            yield Check("sign-in", "ok", f"{one.name}, to {one.plugin}: {until}")


# --- the journal -------------------------------------------------------------------------


def _journal(home: Home, kept: list[Kept], now: datetime) -> Iterator[Check]:
    path = home.journal
    parts = [one for one in kept if one.sort == "journal"]
    if not Journal.exists(path):
        yield Check("journal", "note", "none yet; the first transfer makes it")
        return
    running = any(one.held for one in kept)
    try:
        version = format_of(path) if path.is_file() else None
        with examined(home, running=running) as journal:
            size = sum(one.size for one in parts) / 1e6
            text = f"sound, read from end to end; format {version}, {size:,.1f} MB"
            yield Check("journal", "ok", text)
            if version is not None and version < VERSION:
                text = f"the next transfer brings it to format {VERSION}, and keeps a backup"
                yield Check("journal", "note", text)
            yield from _routes(journal)
            yield from _runs(journal.runs(), home, now)
    except JournalDamaged as error:
        yield Check("journal", "problem", error.message, error.hint, damaged=True)
    except TransferError as error:
        yield Check("journal", "problem", error.message, error.hint)
    except OSError as error:
        yield Check(
            "journal",
            "problem",
            f"{path} cannot be read: {error.strerror}.",
            "Check its permissions.",
            damaged=True,
        )
    else:
        if path.is_file() and not os.access(path, os.W_OK):
            yield Check("journal", "problem", f"{path} cannot be written to.", f"chmod 600 {path}")


def _routes(journal: Journal) -> Iterator[Check]:
    for route in journal.all_routes():
        name = f"{route.source} to {_place(journal, route)}"
        said = [*_open(journal, route)]
        if route.finish_due:
            said.append("the copy there is not finished: run the same transfer again")
        state: Level = "note" if said else "ok"
        yield Check("route", state, f"{name}: {'; '.join(said) or 'nothing is open'}")


def _place(journal: Journal, route: Route) -> str:
    """Name a destination as its latest run did; its id too, where that is something else."""
    last = next(iter(journal.runs(route=route.id)), None)
    if last is None or not last.destination or last.destination == route.place:
        return route.place
    return f"{last.destination} ({route.place})"


def _open(journal: Journal, route: Route) -> Iterator[str]:
    for state, text in _OPEN.items():
        count = sum(1 for _ in journal.items(route.id, state))
        if count:
            yield f"{count:,} {'item' if count == 1 else 'items'} {text}"


def _runs(runs: list[RunRecord], home: Home, now: datetime) -> Iterator[Check]:
    dead = [
        run for run in runs if run.state == "running" and not is_held(home.tmp / run.id / ".lock")
    ]
    if dead:
        text = f"{len(dead)} cut off, the latest {dead[0].id}; what had arrived is safe"
        yield Check("runs", "note", text)
    latest = max((run.started for run in runs), default="")
    if latest and datetime.fromisoformat(latest) > now + timedelta(days=1):
        yield Check(
            "clock",
            "problem",
            f"A run began at {latest}, which lies in the future.",
            "Set this computer's clock: by it decamp knows which links have expired.",
        )


# --- the machine -------------------------------------------------------------------------


def _plugins(found: Registry) -> Iterator[Check]:
    sources, destinations = sorted(found.exporters), sorted(found.importers)
    text = f"sources: {', '.join(sources) or 'none'}; destinations: {', '.join(destinations) or 'none'}"
    yield Check("plugins", "ok", text)
    allowed = os.environ.get("DECAMP_PLUGINS")
    if allowed is not None:
        yield Check("plugins", "note", f"DECAMP_PLUGINS allows only: {allowed or 'none'}")
    for broken in found.broken:
        yield Check(
            "plugins",
            "problem",
            f"{broken.name} ({broken.distribution}) cannot be used: {broken.reason}",
            "Update it, remove it, or report it to its authors.",
        )


def _speed() -> Iterator[Check]:
    for name, text in _SPEED_UPS.items():
        if find_spec(name):
            yield Check("speed", "ok", f"{name}: {text}")
        else:
            yield Check("speed", "note", f"{name} is not installed: it {text}; all works without")


def _clock(now: datetime) -> Iterator[Check]:
    if now.year < _FIRST_YEAR:
        yield Check(
            "clock",
            "problem",
            f"This computer says that it is {now:%Y-%m-%d}.",
            "Set its clock: by it decamp knows which links have expired.",
        )
    else:
        yield Check("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _text() -> Iterator[Check]:
    files = sys.getfilesystemencoding()
    if files.replace("-", "").lower() == "utf8":
        yield Check("text", "ok", "file names are UTF-8")
    else:
        yield Check(
            "text",
            "problem",
            f"File names are written as {files}, which lacks many characters.",
            "Set LANG to a UTF-8 locale, or PYTHONUTF8=1.",
        )
    console = getattr(sys.__stderr__, "encoding", None) or "unknown"
    if console.replace("-", "").lower() != "utf8":
        text = f"the terminal takes {console}; what it lacks is shown as a question mark"
        yield Check("text", "note", text)
