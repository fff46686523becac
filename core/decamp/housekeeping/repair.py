"""Sets a damaged journal aside, so that the next transfer begins without it."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from decamp.errors import ConfigError, JournalDamaged
from decamp.filesystems import is_network
from decamp.home import Home
from decamp.housekeeping.diagnosis import examined
from decamp.journal import VERSION, Journal, format_of
from decamp.journal.checksum import SUFFIX

__all__ = ["set_aside"]

_PARTS = ("", "-wal", "-shm", "-journal", SUFFIX)
"""The file first: cut off after that, what is left is noticed, and can be set aside too."""


def set_aside(home: Home, now: datetime) -> list[Path]:
    """Rename a damaged journal; nothing of it is deleted. A sound one stays as it is.

    Args:
        now: Its day goes into the new name.

    Returns:
        The new names; empty if the journal is sound, or if there is none.

    Raises:
        ConfigError: It cannot be used, and setting it aside would not be right.
    """
    path = home.journal
    there = [part for part in _PARTS if os.path.lexists(f"{path}{part}")]
    if not Journal.exists(path):
        return []
    try:
        with examined(home, running=False):
            return []
    except JournalDamaged as error:
        _require_damage(path, error)
        return _rename(path, there, now)


def _require_damage(path: Path, error: JournalDamaged) -> None:
    """Tell damage from what only looks like it, where the file is of use to somebody."""
    usable = path.is_file()
    closed = usable and not os.access(path, os.R_OK | os.W_OK)
    newer = usable and not closed and (format_of(path) or 0) > VERSION
    if newer or closed or is_network(path.parent):
        raise ConfigError(
            f"The journal stays where it is, because it is not damaged. {error.message}",
            hint=error.hint,
        ) from error


def _rename(path: Path, parts: list[str], now: datetime) -> list[Path]:
    number, base = 1, f"{path}.damaged-{now:%Y-%m-%d}"
    label = base
    while any(os.path.lexists(f"{label}{part}") for part in parts):
        number += 1
        label = f"{base}-{number}"
    moved = []
    for part in parts:
        with suppress(FileNotFoundError):
            moved.append(Path(f"{path}{part}").rename(f"{label}{part}"))
    return moved
