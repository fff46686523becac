"""Everything in decamp's own folder, known by its name; what has another name is not ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import frozen

from decamp.errors import DestinationRefused, Locked
from decamp.home import Home, is_held

__all__ = ["Kept", "Sort", "inventory", "require_quiet", "strangers"]

Sort = Literal[
    "journal",
    "secret",
    "connection",
    "copy",
    "backup",
    "log",
    "spool",
    "lock",
    "leftover",
    "learnt",
]

_TOP: tuple[tuple[Sort, str, str], ...] = (
    ("journal", r"journal\.db", "what decamp remembers"),
    ("journal", r"journal\.db(?:-wal|-shm|-journal|\.sum)", "belongs to the journal"),
    ("backup", r"journal\.db\.damaged-.+", "a damaged journal that was set aside"),
    ("backup", r"journal\.db\.v[0-9]+\.bak", "a journal as it was before a newer decamp"),
    ("leftover", r"journal\.db\.[^.]+", "half a file, of a program that was cut off"),
    ("secret", r"secrets\.json", "secrets: of sign-ins, and behind aliases of other people"),
    ("secret", r"secrets\.lock", "belongs to the secrets"),
    ("secret", r"notes\.json", "what plugins remember"),
    ("secret", r"notes\.lock", "belongs to it"),
    ("connection", r"connections\.json", "where you are signed in, and what is granted"),
    (
        "leftover",
        r"(?:secrets|notes|connections)\.json\.[0-9a-f]{8}",
        "half a file, of a program that was cut off",
    ),
    ("log", r"decamp\.log(?:\.[0-9])?", "what decamp did"),
)
_COPY = re.compile(r"[a-z0-9-]+-[0-9a-f]{16}\.copy(\.part)?")
_LEARNT = re.compile(r"server-[0-9a-f]{16}\.json(\.[0-9a-f]{8})?")
_LOCK = re.compile(r"[0-9a-f]{16}\.lock")


@frozen
class Kept:
    """One thing that decamp keeps."""

    path: Path
    sort: Sort
    what: str
    """For people."""
    size: int
    """Bytes, of all files in it."""
    held: bool = False
    """A running decamp uses it."""


def inventory(home: Home) -> list[Kept]:
    """List what decamp keeps. Changes nothing.

    Raises:
        DestinationRefused: The folder cannot be read.
    """
    return [*_top(home), *_copies(home), *_spools(home), *_locks(home), *_learnt(home)]


def strangers(home: Home) -> list[Path]:
    """List what lies in the folder and is not decamp's, or not known to be."""
    ours = {kept.path for kept in inventory(home)}
    of_plugins = [path for path in _entries(home.plugins) if path.is_dir()]
    tops = (home.copies, home.tmp, home.locks, home.plugins)
    known = {*tops, *of_plugins}
    rest = [path for folder in (home.folder, *tops, *of_plugins) for path in _entries(folder)]
    return [path for path in rest if path not in ours and path not in known]


def require_quiet(kept: list[Kept]) -> None:
    """Make sure that no decamp is at work.

    Raises:
        Locked: One is.
    """
    if any(one.held for one in kept):
        raise Locked(
            "A run is going on, and uses what decamp keeps.",
            hint="Wait until it has ended, or stop it with Ctrl-C. See: decamp status",
        )


def _top(home: Home) -> Iterator[Kept]:
    for path in _entries(home.folder):
        for sort, pattern, what in _TOP:
            if re.fullmatch(pattern, path.name) and (path.is_symlink() or not path.is_dir()):
                yield Kept(path, sort, what, path.lstat().st_size)
                break


def _copies(home: Home) -> Iterator[Kept]:
    for path in _entries(home.copies):
        named = _COPY.fullmatch(path.name)
        if named and not path.is_dir():
            what = "part of a copy, of a download that was cut off"
            what = what if named[1] else "a copy from a service, of which not all has arrived"
            yield Kept(path, "leftover" if named[1] else "copy", what, path.lstat().st_size)


def _spools(home: Home) -> Iterator[Kept]:
    for path in _entries(home.tmp):
        lock = path / ".lock"
        if lock.is_file() and not path.is_symlink():
            held = is_held(lock)
            what = "what a run has on its way" if held else "what a run that was cut off has left"
            size = sum(one.lstat().st_size for one in path.rglob("*") if not one.is_dir())
            yield Kept(path, "spool", what, size, held)


def _locks(home: Home) -> Iterator[Kept]:
    for path in _entries(home.locks):
        if _LOCK.fullmatch(path.name):
            held = is_held(path)
            what = "the lock of a destination or a sign-in" + ("" if held else ", held by nobody")
            yield Kept(path, "lock", what, path.lstat().st_size, held)


def _learnt(home: Home) -> Iterator[Kept]:
    for folder in _entries(home.plugins):
        for path in _entries(folder):
            if _LEARNT.fullmatch(path.name) and not path.is_dir():
                what = f"what {folder.name} has learnt about a server"
                yield Kept(path, "learnt", what, path.lstat().st_size)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DestinationRefused(
            f"{folder} cannot be read: {error.strerror}.",
            hint="Check its permissions, or set DECAMP_HOME to another folder.",
        ) from error
