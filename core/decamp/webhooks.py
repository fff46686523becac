"""Webhooks: what a service tells by itself, verified and read by its plugin.

A plugin verifies and translates; it keeps nothing and asks nothing. What follows from a notice
is the host's part: see `decamp.service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, Protocol

from attrs import field, frozen

__all__ = ["CopyReady", "GrantRemoved", "Headers", "Notice", "Refusal", "Removal", "Webhooks"]

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
"""The headers of a request, in whatever form a framework has them."""

Removal = Literal[
    "unknown", "disconnected", "account-deleted", "age-changed", "banned", "revoked-by-app"
]
"""Why a grant is gone, as a stable word."""


@frozen
class CopyReady:
    """A copy that was asked for can be fetched now."""

    request: str
    """Its id, as `Requests.request` gave it."""

    account: str = ""
    """Whose: `Grant.account`; empty if the service does not say, as TikTok's pages have it."""


@frozen
class GrantRemoved:
    """What a person had granted is gone, and all of its tokens are dead already."""

    account: str
    """Whose: `Grant.account`."""

    reason: Removal


@frozen(kw_only=True)
class Notice:
    """One genuine message of a service. It may come several times."""

    id: str
    """The same for each repetition of it, and for nothing else."""

    name: str
    """What the service calls it: ``portability.download.ready``; empty if that cannot be told."""

    at: datetime | None
    """When the event occurred, by the service's clock; aware, UTC; None if it does not say."""

    event: CopyReady | GrantRemoved | None
    """What it means; None for what this version does not know."""

    body: bytes = field(repr=False)  # names an account, and may hold anything
    """All of it, as it came."""


@frozen
class Refusal:
    """A request that is not a genuine message, or not for this app."""

    status: int
    """The HTTP status to answer with: 4xx."""

    reason: str
    """Why, for the log of the operator; the sender is told nothing."""


class Webhooks(Protocol):
    """Verifies and reads the webhooks of one app at one service."""

    def read(self, headers: Headers, body: bytes, now: datetime) -> Notice | Refusal:
        """Verify a request, and only then read it.

        Args:
            headers: All headers of the request.
            body: The bytes of the body, exactly as they arrived.
            now: The time, aware.
        """
        ...
