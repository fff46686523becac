"""Names of made-up people."""

from __future__ import annotations

__all__ = ["DELETED_PARTNER", "partner", "username"]

_PARTNERS = (
    "river.otter7",
    "_tide_pool_",
    "moss.and.stone",
    "user4815162342000",
    "aux",  # a name that Windows keeps for itself
    "clay_kiln.studio",
)

DELETED_PARTNER = 3
"""Number of the chat partner whose account is gone: messages show no sender."""

_FIRST = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "juniper",
    "kelp", "lagoon", "meadow", "nimbus", "opal", "pebble",
)  # fmt: skip
_SECOND = (
    "walker", "baker", "sings", "paints", "runs", "reads", "cooks", "weaves", "sails", "codes",
    "bikes", "films", "knits", "plays", "climbs", "draws",
)  # fmt: skip
_JOINTS = (".", "_", "")


def username(number: int) -> str:
    """Name a person; another number is another name."""
    rest, first = divmod(number, len(_FIRST))
    rest, second = divmod(rest, len(_SECOND))
    rest, joint = divmod(rest, len(_JOINTS))
    return f"{_FIRST[first]}{_JOINTS[joint]}{_SECOND[second]}{rest or ''}"


def partner(number: int) -> str:
    """Name the other side of a chat."""
    if number < len(_PARTNERS):
        return _PARTNERS[number]
    return username(number)
