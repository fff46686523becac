"""What can go wrong, and what happens next.

Every error that a person or a service can cause is one of these. Class attributes
carry the decision, so that nobody tests for a concrete class:

* ``code``: a stable word for JSON output and for the documentation;
* ``reaction``: what the engine does (``stop`` the run, ``skip`` the item,
  ``retry`` the call, ``wait`` for the source);
* ``exhausted``: what it does when retrying has not helped;
* ``outcome``: the state of an item that ends this way;
* ``exit_code``: what the command line ends with.

The tree::

    TransferError
    ├── ConfigError             stop   2   a setting is missing or wrong
    ├── SourceUnreadable        stop   4   the source is damaged, hostile or not ours
    ├── AuthError               stop   5   the service does not accept the sign-in
    │   └── AccessDenied        stop   5   signed in, but not allowed
    ├── DestinationRefused      stop   6   the destination does not let us write
    │   └── DestinationFull     stop   6   no room left
    ├── Unavailable             retry  7   the service cannot answer now
    │   └── RateLimited         retry  7   the service asks us to slow down
    ├── Locked                  stop   8   another run holds the journal or the destination
    ├── JournalDamaged          stop   9   what decamp remembers cannot be trusted
    ├── NotReady                wait   10  the source needs more time
    ├── ItemError               skip   3   this item cannot be had or sent
    │   ├── ItemGone            skip   3   the source no longer has it
    │   ├── ItemRejected        skip   3   the destination will not take it
    │   ├── ItemHeld            skip   3   it lacks something that it is worth nothing without
    │   ├── ItemSkipped         skip   3   what was asked for says to leave it out
    │   ├── Conflict            skip   3   someone changed it at the destination
    │   └── Corrupted           retry  3   digest or length differ
    └── PluginError             skip   3   a plugin broke its contract
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

__all__ = [
    "AccessDenied",
    "AuthError",
    "ConfigError",
    "Conflict",
    "Corrupted",
    "DestinationFull",
    "DestinationRefused",
    "ItemError",
    "ItemGone",
    "ItemHeld",
    "ItemRejected",
    "ItemSkipped",
    "JournalDamaged",
    "Locked",
    "NotReady",
    "PluginError",
    "RateLimited",
    "Reaction",
    "SourceUnreadable",
    "TransferError",
    "Unavailable",
]

Reaction = Literal["stop", "skip", "retry", "wait"]


class TransferError(Exception):
    """Root of all errors that decamp expects.

    Args:
        message: What happened, to which thing, and why. Never a token, a signed
            link or a whole response body.
        hint: What the person can do next, as a sentence or a command.
    """

    code: ClassVar[str] = "error"
    reaction: ClassVar[Reaction] = "stop"
    exhausted: ClassVar[Reaction] = "stop"
    outcome: ClassVar[Literal["failed", "conflict", "held", "skipped"]] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(TransferError):
    """A setting is missing or wrong, or a question needs an answer."""

    code = "config"
    exit_code = 2


class SourceUnreadable(TransferError):
    """The source is damaged, hostile, or not what its plugin reads."""

    code = "source-unreadable"
    exit_code = 4


class AuthError(TransferError):
    """The service does not accept the sign-in."""

    code = "auth"
    exit_code = 5


class AccessDenied(AuthError):
    """Signed in, but not allowed to do this."""

    code = "access-denied"


class DestinationRefused(TransferError):
    """The destination cannot be written to: read-only, not a folder, someone else's."""

    code = "destination-refused"
    exit_code = 6


class DestinationFull(DestinationRefused):
    """No room left at the destination, or a quota is used up."""

    code = "destination-full"


class Unavailable(TransferError):
    """The service cannot answer now; the same call may succeed later.

    Args:
        retry_after: Seconds that the service asks to wait, if it says so.
        unsent: What was asked surely never reached the service.
    """

    code = "unavailable"
    reaction: ClassVar[Reaction] = "retry"
    exit_code = 7

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.unsent = unsent


class RateLimited(Unavailable):
    """The service asks us to slow down (HTTP 429, RFC 6585 section 4)."""

    code = "rate-limited"


class Locked(TransferError):
    """Another run holds the journal or the destination."""

    code = "locked"
    exit_code = 8


class JournalDamaged(TransferError):
    """What decamp remembers of earlier runs cannot be read or trusted."""

    code = "journal-damaged"
    exit_code = 9


class NotReady(TransferError):
    """The source needs more time. Not an error for the person, who can come back.

    Args:
        until: When asking again makes sense; aware, UTC.
    """

    code = "not-ready"
    reaction = "wait"
    exit_code = 10

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until


class ItemError(TransferError):
    """One item cannot be had or sent; the others go on."""

    code = "item"
    reaction: ClassVar[Reaction] = "skip"
    exhausted = "skip"
    exit_code = 3


class ItemGone(ItemError):
    """The source no longer has it."""

    code = "item-gone"


class ItemRejected(ItemError):
    """The destination will not take it."""

    code = "item-rejected"


class ItemHeld(ItemError):
    """It is worth nothing here without something that could not be had; due again."""

    code = "held"
    outcome = "held"


class ItemSkipped(ItemError):
    """The person's own settings say that this one is left out."""

    code = "skipped"
    outcome = "skipped"


class Conflict(ItemError):
    """Something else is where this item would go; it is never overwritten."""

    code = "conflict"
    outcome = "conflict"


class Corrupted(ItemError):
    """Bytes arrived with another digest or length than promised."""

    code = "corrupted"
    reaction = "retry"


class PluginError(TransferError):
    """A plugin broke its contract: raised something of its own, or answered nonsense.

    Args:
        plugin: The plugin's name, for the blame.
    """

    code = "plugin"
    reaction = "skip"
    exit_code = 3

    def __init__(self, message: str, *, plugin: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.plugin = plugin
