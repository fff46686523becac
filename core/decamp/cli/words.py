"""Numbers, sizes, times and kinds, as people say them."""

from __future__ import annotations

import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

__all__ = [
    "amount",
    "by_kind",
    "command_line",
    "day",
    "moment",
    "no_data",
    "number",
    "people_words",
    "plural",
    "point",
    "printable",
    "several",
    "size",
]

T = TypeVar("T")

_KINDS = {
    "profile": ("profile", "profiles"),
    "post": ("post", "posts"),
    "conversation": ("conversation", "conversations"),
    "message": ("message", "messages"),
    "event": ("activity entry", "activity entries"),
    "section": ("other section", "other sections"),
}
_NO_DATA = (
    "this export holds no data: no profile, no posts, no messages, no activity. The source may "
    "have failed to prepare it: ask for a new export."
)

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_JOINER = "\u200d"  # holds the parts of an emoji together, and does no harm


def number(value: int) -> str:
    """Write a number: ``1,204``."""
    return f"{value:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """Write how many of something: ``1 file``, ``2 files``."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def amount(kind: str, count: int) -> str:
    """Write how many of a kind: ``25 posts``. Kinds of plugins go by their own name."""
    if kind in _KINDS:
        return plural(count, *_KINDS[kind])
    return f"{number(count)} of the kind {kind}"


def several(kind: str) -> str:
    """Name a kind without a number: ``posts``."""
    return _KINDS[kind][1] if kind in _KINDS else f"items of the kind {kind}"


def no_data(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Say that a source held nothing but sections; empty if it held more.

    Args:
        counts: As in a receipt or plan; none at all if there are no sections either.
    """
    if any(columns["found"] for kind, columns in counts.items() if kind != "section"):
        return ""
    sections = counts.get("section", {}).get("found", 0)
    said = f"apart from {amount('section', sections)}, {_NO_DATA}" if sections else _NO_DATA
    return said[0].upper() + said[1:]


def people_words(way: str) -> str:
    """Say what becomes of other people's names: ``keep``, ``alias`` or ``drop``."""
    from decamp.engine.people.choice import WORDS

    return WORDS[way]


def by_kind(table: Mapping[str, T]) -> list[tuple[str, T]]:
    """List what stands by kind as people think of it: the profile first, the rest last."""
    known = [(kind, table[kind]) for kind in _KINDS if kind in table]
    return known + [(kind, value) for kind, value in table.items() if kind not in _KINDS]


def size(count: float) -> str:
    """Write a length in bytes, in decimal units: ``3.1 MB``."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"


def day(time: str | None) -> str:
    """Write the day of an RFC 3339 time: ``2026-11-20``."""
    return time[:10] if time else ""


def moment(time: str) -> str:
    """Write an RFC 3339 time to the minute: ``2026-11-20 09:00 UTC``."""
    return f"{time[:10]} {time[11:16]} UTC"


def point(time: str) -> str:
    """Write an RFC 3339 time to come to the second, unless it is a full minute."""
    return moment(time) if time[16:19] == ":00" else f"{time[:10]} {time[11:19]} UTC"


def command_line(*words: str, home: Path | None = None) -> str:
    """Write a command as it has to be typed in this system's shell.

    Args:
        words: The command.
        home: The folder that ``DECAMP_HOME`` has to name. Windows has no way to set a
            variable for one command alone, so there it has to be said in words.
    """
    if sys.platform == "win32":
        return subprocess.list2cmdline(words)
    setting = f"DECAMP_HOME={shlex.quote(str(home))} " if home else ""
    return setting + shlex.join(words)


def printable(text: str) -> str:
    """Make text harmless for a terminal: no control characters, no changes of direction.

    Names and captions come from an export, where anyone may have put an escape sequence.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_harmless(character) for character in text)


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if character in ("\n", _JOINER):
        return character
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Cs") else character
