"""How much a source may ask of this machine, and what to say when it asks for more."""

from __future__ import annotations

from attrs import frozen

from decamp import SourceUnreadable

__all__ = ["DAMAGED", "Limits", "NotAnExport", "over_limit", "shown"]

DAMAGED = (
    "The file may not have been copied or downloaded completely: download it again, "
    "or ask TikTok for a new one."
)
_MAX_NAME = 120


@frozen
class Limits:
    """Bounds for a source that may be damaged or hostile. Each has an option of its name."""

    max_bytes: int = 64 << 30
    """The most bytes of JSON to read. 64 GiB is some 350 million rows."""

    max_ratio: int = 200
    """The most bytes that one compressed byte may become. Exports come to about 6, rows that
    differ in nothing but the second to 45, zip bombs to the 1032 that deflate allows."""

    max_entries: int = 100_000
    """The most entries in a zip, and the most files looked at in a folder."""

    max_depth: int = 64
    """The deepest nesting of objects and lists. Exports come to about 8."""

    max_element_bytes: int = 64 << 20
    """The most bytes of JSON that one row or text may have; this much has to fit in memory."""


def shown(name: str) -> str:
    """Make a name from the source fit for a message: no control characters, not too long."""
    safe = "".join(char if char.isprintable() else "?" for char in name)
    return safe if len(safe) <= _MAX_NAME else f"{safe[:_MAX_NAME]}…"


class NotAnExport(SourceUnreadable):
    """Nothing in the source says that TikTok made it, so another plugin may know it."""


def over_limit(what: str, option: str, limit: int) -> SourceUnreadable:
    """Make the error for a source that asks for more than a limit allows.

    Args:
        what: The thing and its size, as the beginning of a sentence.
        option: The field of `Limits`, which is also the name of the option.
        limit: Its value.
    """
    return SourceUnreadable(
        f"{what}, and {option} is {limit:,}.",
        hint=f"If you trust this file, allow more with -o from.{option}=NUMBER.",
    )
