"""``decamp.json``: what tells a bundle from any other folder, and whose data it holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from attrs import field, frozen

from decamp.errors import DestinationRefused
from decamp.model import Account, Origin

__all__ = ["FORMAT", "MARKER", "Marker", "read_marker", "require_same_account"]

MARKER = "decamp.json"

FORMAT = 1
"""Version of the bundle format; raised when a reader would misunderstand the new one."""


@frozen
class Marker:
    """The content of ``decamp.json``; there is a schema, ``bundle``."""

    origin: Origin
    counts: Mapping[str, int] = field(factory=dict)
    """How many of each kind; rows count, not their segments."""

    complete: bool = False
    """A run has finished since the last item was written."""

    token: str = ""
    """Of the unfinished run; a complete bundle depends on no run."""

    def to_bytes(self) -> bytes:
        """Write it as a JSON file; the same marker always gives the same bytes."""
        account, as_of = self.origin.account, self.origin.as_of
        document: dict[str, Any] = {"format": FORMAT}
        if account.service:
            document["source"] = account.service
        whose: dict[str, Any] = {} if account.id is None else {"id": account.id}
        document["account"] = whose | {"names": list(account.names)}
        if as_of is not None:
            document["exported"] = f"{as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        if self.origin.people != "keep":
            document["people"] = self.origin.people
            document["people_check"] = self.origin.people_check
        document["counts"] = dict(sorted(self.counts.items()))
        document["complete"] = self.complete
        if self.token and not self.complete:
            document["token"] = self.token
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


class _Account(msgspec.Struct):
    id: str | None = None
    names: tuple[str, ...] = ()


class _Document(msgspec.Struct):
    format: int
    account: _Account
    source: str = ""
    exported: datetime | None = None
    people: str = "keep"
    people_check: str = ""
    counts: dict[str, int] = {}
    complete: bool = False
    token: str = ""


class _Version(msgspec.Struct):
    format: int


def read_marker(data: bytes, where: str) -> Marker:
    """Read ``decamp.json``.

    Args:
        data: The bytes of the file.
        where: What to call the bundle in errors.

    Raises:
        DestinationRefused: It is damaged, or of a newer format.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).format
        if version > FORMAT:
            raise DestinationRefused(
                f"{where} is a bundle of format {version}; this decamp knows format {FORMAT}.",
                hint="Install a newer decamp, or choose an empty folder.",
            )
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DestinationRefused(
            f"{where} looks like a bundle, but its {MARKER} cannot be read.",
            hint=f"Put the former {MARKER} back, or choose an empty folder.",
        ) from error
    account = Account(document.account.id, document.account.names, document.source)
    origin = Origin(account, document.exported, document.people, document.people_check)
    return Marker(origin, document.counts, document.complete, document.token)


def require_same_account(held: Account | None, new: Account, where: str) -> None:
    """Refuse the data of another account than the one whose data is there.

    Raises:
        DestinationRefused: They are two accounts.
    """
    if held is None:
        return
    other_service = held.service and new.service and held.service != new.service
    if (held.id and new.id and held.id != new.id) or other_service:
        raise DestinationRefused(
            f"{where} holds the data of another account.",
            hint="One bundle holds one account: choose an empty folder.",
        )
