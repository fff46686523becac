"""Whether decamp and what it keeps on this machine are in order."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from attrs import frozen

from decamp import __version__, registry
from decamp.cli.words import plural, size
from decamp.errors import TransferError
from decamp.filesystems import is_network
from decamp.home import Home
from decamp.journal import Journal

__all__ = ["Finding", "diagnose", "repair"]

_LITTLE = 500_000_000
_BUILT = 2024
"""The clock is wrong if it shows an earlier year."""


@frozen
class Finding:
    """One thing that was looked at."""

    level: Literal["ok", "note", "problem"]
    about: str
    """A stable word: ``version``, ``home``, ``journal``, ``space``, ``plugins``, ``clock``,
    ``speed`` or ``text``."""
    text: str
    hint: str = ""


def diagnose(home: Home) -> list[Finding]:
    """Look at everything; changes nothing."""
    return [
        Finding("ok", "version", f"decamp {__version__}, Python {platform.python_version()}, "
                f"{platform.system()}"),
        *_home(home),
        *_journal(home),
        *_space(home),
        *_plugins(),
        *_clock(),
        *_speed(),
        *_text(),
    ]  # fmt: skip


def repair(home: Home) -> Iterator[str]:
    """Set a damaged journal aside, under a name that says when; nothing is deleted."""
    if not home.journal.exists() or not _damage(home.journal):
        yield "The journal is not damaged; there is nothing to repair."
        return
    mark = f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for suffix in ("", "-wal", "-shm"):
        path = home.journal.with_name(home.journal.name + suffix)
        if path.exists():
            path.rename(path.with_name(f"{path.name}.{mark}"))
    yield f"The journal was set aside, as {home.journal.name}.{mark} in {home.folder}."
    yield "The next transfer to each destination reads back what is there, and goes on."


def _home(home: Home) -> Iterator[Finding]:
    if not home.folder.exists():
        yield Finding("ok", "home", f"{home.folder} is not there yet; the first transfer makes it.")
        return
    yield Finding("ok", "home", f"decamp keeps its files in {home.folder}.")
    if os.name != "nt":
        for path in (home.folder, home.journal, home.log):
            if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
                yield Finding("problem", "home", f"Others can read {path}.", f"chmod go-rwx {path}")
    left = [path for path in (home.tmp.iterdir() if home.tmp.exists() else ()) if path.is_dir()]
    if left:
        yield Finding(
            "note",
            "home",
            f"{plural(len(left), 'run')} going on, or cut off: {home.tmp} holds what is on its way.",
            "If nothing runs, the next transfer clears it away; or: decamp purge",
        )


def _journal(home: Home) -> Iterator[Finding]:
    if not home.journal.exists():
        yield Finding("ok", "journal", "There is no journal yet: nothing was moved from here.")
        return
    if is_network(home.journal.parent):
        yield Finding(
            "problem",
            "journal",
            f"The journal lies on a network file system: {home.folder}.",
            "Set DECAMP_HOME to a folder on a local disk.",
        )
        return
    damage = _damage(home.journal)
    if damage:
        yield Finding(
            "problem",
            "journal",
            f"The journal is damaged: {damage}.",
            "decamp doctor --repair sets it aside; what is at your destinations is read back "
            "by the next transfer.",
        )
        return
    journal = Journal.open(home.journal)
    try:
        routes = journal.all_routes()
        text = f"The journal is whole ({size(home.journal.stat().st_size)})"
        yield Finding("ok", "journal", f"{text} and knows {plural(len(routes), 'destination')}.")
        for route in routes:
            doubts = len(journal.open_intents(route.id))
            if doubts or route.finish_due:
                yield Finding(
                    "note",
                    "journal",
                    f"{route.place}: the last run has not come to its end.",
                    "Run the same transfer again.",
                )
    finally:
        journal.close()


def _damage(path: Path) -> str:
    """Say what is wrong with a journal; empty if nothing is."""
    try:
        Journal.open(path).close()
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            [(answer,)] = db.execute("PRAGMA integrity_check(1)").fetchall()
        finally:
            db.close()
    except TransferError as error:
        return error.message.rstrip(".")
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if answer == "ok" else str(answer).splitlines()[-1].rstrip(".")


def _space(home: Home) -> Iterator[Finding]:
    place = home.folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < _LITTLE:
        yield Finding(
            "problem", "space", f"Only {size(free)} are free where decamp keeps its files.",
            "Make room, or set DECAMP_HOME to a folder on another disk.",
        )  # fmt: skip
    else:
        yield Finding("ok", "space", f"{size(free)} are free where decamp keeps its files.")


def _plugins() -> Iterator[Finding]:
    found = registry.load()
    names = sorted({*found.exporters, *found.importers})
    yield Finding("ok", "plugins", f"Plugins: {', '.join(names)}.")
    for broken in found.broken:
        yield Finding(
            "problem",
            "plugins",
            f"The plugin {broken.name} ({broken.distribution}) cannot be used: {broken.reason}.",
            f"Update it, or remove it: pip uninstall {broken.distribution.partition(' ')[0]}",
        )


def _clock() -> Iterator[Finding]:
    year = datetime.now(UTC).year
    if year < _BUILT:
        yield Finding(
            "problem", "clock", f"The clock of this computer shows the year {year}.",
            "Set it: links to media would seem to work for years.",
        )  # fmt: skip
    else:
        yield Finding("ok", "clock", f"The clock shows {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.")


def _speed() -> Iterator[Finding]:
    slow = [name for name in ("isal", "jsonschema_rs") if find_spec(name) is None]
    if slow:
        yield Finding(
            "note", "speed", f"Not installed here, so decamp is slower: {', '.join(slow)}."
        )


def _text() -> Iterator[Finding]:
    names = {
        sys.getfilesystemencoding().lower(),
        locale.getpreferredencoding(do_setlocale=False).lower(),
    }
    if not names <= {"utf-8", "utf8"} and os.name != "nt":
        yield Finding(
            "note", "text", f"This system writes text as {', '.join(sorted(names))}.",
            "Set LANG to a UTF-8 locale, or names of files may look odd.",
        )  # fmt: skip
