"""Receives webhooks in a service: verify, write down, answer.

What a notice means is done later, by a worker (`decamp.service.notices`), so the answer is
fast, and a notice that was answered is never lost: it lies in the inbox until its
consequences are complete.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from attrs import frozen

from decamp.engine.clock import now
from decamp.errors import ConfigError
from decamp.webhooks import CopyReady, GrantRemoved, Headers, Notice, Refusal, Removal, Webhooks

__all__ = ["KEEP", "Answer", "Inbox", "Receiver", "pack", "unpack"]

KEEP = timedelta(days=7)
"""How long an inbox remembers a notice. TikTok repeats one for 72 hours."""

_log = logging.getLogger("decamp.service")


class Inbox(Protocol):
    """Where a service keeps notices: its memory against repetitions, and its list of work.

    Used by several threads and processes at once.
    """

    def add(self, notice: Notice, forget_at: datetime) -> bool:
        """Write a notice down, durably on return.

        Args:
            notice: What came.
            forget_at: From then on it may be removed, done or not.

        Returns:
            Whether it is new; False if one of its id is there, done or not.
        """
        ...

    def waiting(self) -> Sequence[Notice]:
        """List what is not done yet, in the order in which it came."""
        ...

    def done(self, notice_id: str) -> None:
        """Note, durably on return, that a notice needs nothing more; it is still remembered."""
        ...


@frozen
class Answer:
    """What to answer to a request, and what it brought."""

    status: int
    """The HTTP status. The body of the answer is empty."""

    notice: Notice | None = None
    """What was accepted by this very request; None for a refusal and for a repetition."""


class Receiver:
    """Takes requests at the callback address of one app.

    It needs no framework: it is given headers and bytes. Whatever the inbox raises passes
    through, so that the framework answers 500 and the service sends the notice again.

    Args:
        webhooks: Verifies and reads them, from `ExporterSpec.webhooks`.
        inbox: Keeps what was accepted.
        now: The time, aware.
    """

    def __init__(
        self, webhooks: Webhooks, inbox: Inbox, *, now: Callable[[], datetime] = now
    ) -> None:
        self._webhooks, self._inbox, self._now = webhooks, inbox, now

    @classmethod
    def of(
        cls,
        source: str,
        key: str,
        secrets: Sequence[str],
        inbox: Inbox,
        *,
        now: Callable[[], datetime] = now,
    ) -> Receiver:
        """Make the receiver of an app at the service of a source plugin.

        Args:
            source: The plugin's name: ``tiktok``.
            key: The app's key.
            secrets: The app's secret; while it is changed, the new one and the old one.
            inbox: Keeps what was accepted.
            now: The time, aware.

        Raises:
            ConfigError: There is no such plugin, or its service sends nothing.
        """
        from decamp.registry import load

        spec = load().exporter(source)
        if spec.webhooks is None:
            raise ConfigError(f"{spec.title} sends no webhooks.", hint="Ask it from time to time.")
        return cls(spec.webhooks(key, secrets), inbox, now=now)

    def receive(self, headers: Headers, body: bytes) -> Answer:
        """Take one request: 200 for a genuine one, also when it comes again, and 4xx for others.

        Args:
            headers: All of its headers.
            body: The bytes of its body, exactly as they arrived. Stop reading what has more
                than 64 KiB; it will be refused.
        """
        moment = self._now()
        found = self._webhooks.read(headers, body, moment)
        if isinstance(found, Refusal):
            _log.warning("a webhook was refused: %s", found.reason)
            return Answer(found.status)
        if not self._inbox.add(found, moment + KEEP):
            _log.info("the webhook %s came again", found.id[:8])
            return Answer(200)
        _log.info("the webhook %s was accepted: %.80r", found.id[:8], found.name)
        return Answer(200, found)


class _Packed(msgspec.Struct, omit_defaults=True):
    id: str
    name: str
    body: bytes
    at: datetime | None = None
    ready: tuple[str, str] | None = None
    removed: tuple[str, Removal] | None = None


def pack(notice: Notice) -> bytes:
    """Write a notice as JSON, for an inbox to keep; read it again with `unpack` only."""
    event = notice.event
    packed = _Packed(
        id=notice.id,
        name=notice.name,
        body=notice.body,
        at=notice.at,
        ready=(event.request, event.account) if isinstance(event, CopyReady) else None,
        removed=(event.account, event.reason) if isinstance(event, GrantRemoved) else None,
    )
    return msgspec.json.encode(packed)


def unpack(packed: bytes) -> Notice:
    """Read what `pack` wrote."""
    found = msgspec.json.decode(packed, type=_Packed)
    event: CopyReady | GrantRemoved | None = None
    if found.ready is not None:
        event = CopyReady(*found.ready)
    elif found.removed is not None:
        event = GrantRemoved(*found.removed)
    return Notice(id=found.id, name=found.name, at=found.at, event=event, body=found.body)
