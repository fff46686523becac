"""Events that are sent to apps, signed, and again and again until they are taken.

Source: TikTok's pages "Webhooks overview", "Webhooks events" and "Webhooks verification".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from attrs import define, field, frozen

from decamp_tiktok.sandbox.service.apps import App, webhook_fault
from decamp_tiktok.sandbox.service.clock import Clock

__all__ = ["Delivery", "Event", "Webhooks", "sign"]

_FIRST_WAIT = timedelta(minutes=1)
"""TikTok says "exponential backoff" and no figure. It doubles each time."""

_TIMEOUT = 30.0
"""A figure of ours: TikTok gives none. Short, a busy computer would lose events."""


def sign(secret: str, time: int, body: bytes) -> str:
    """Make the value of the header ``TikTok-Signature``."""
    message = str(time).encode("ascii") + b"." + body
    return f"t={time},s={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"


@define(eq=False)
class Event:
    """Something that an app is to be told."""

    app: App
    name: str
    content: Mapping[str, Any]
    open_id: str | None
    created: datetime
    due: datetime
    holds: Callable[[], bool] = field(repr=False)
    """Whether it is still so at the time when it is due."""

    attempts: int = 0

    def body(self) -> bytes:
        """Write it; ``content`` is JSON within JSON."""
        said: dict[str, Any] = {
            "client_key": self.app.key,
            "event": self.name,
            "create_time": int(self.created.timestamp()),
        }
        if self.open_id is not None:
            said["user_openid"] = self.open_id
        said["content"] = json.dumps(self.content)
        return json.dumps(said).encode()


@frozen
class Delivery:
    """One attempt to tell an app something."""

    event: Event
    attempt: int
    at: datetime
    status: int | None
    """What the app answered; None if nothing."""


class Webhooks:
    """Sends the events that are due by the sandbox's clock, one after the other.

    Args:
        header: Gives the name of the signature's header.
        limit: For how long an event is sent again.
    """

    def __init__(
        self,
        clock: Clock,
        addresses: Mapping[str, str],
        header: Callable[[], str],
        limit: timedelta,
    ) -> None:
        self.deliveries: list[Delivery] = []
        """All attempts, in order."""

        self._clock = clock
        self._addresses = dict(addresses)
        self._header = header
        self._limit = limit
        self._waiting: list[Event] = []
        self._sending = False
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)
        clock.listen(self._wake)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not taken is lost."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()

    def register(self, app: App, address: str) -> None:
        """Set where the events of an app go; empty for nowhere.

        Raises:
            ValueError: The address is not on this computer.
        """
        if address and (fault := webhook_fault(address)):
            raise ValueError(fault)
        with self._changed:
            self._addresses[app.key] = address

    def tell(
        self,
        app: App,
        name: str,
        content: Mapping[str, Any],
        *,
        open_id: str | None,
        at: datetime,
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        """Tell an app something, once its time has come."""
        event = Event(app, name, content, open_id, at, at, holds)
        with self._changed:
            self._waiting.append(event)
            self._changed.notify_all()

    def repeat(self) -> None:
        """Send all that was taken once more: delivery is at least once."""
        with self._changed:
            taken = {id(one.event): one.event for one in self.deliveries if one.status == 200}
            for event in taken.values():
                event.due = self._clock.now()
            self._waiting += [event for event in taken.values() if event not in self._waiting]
            self._changed.notify_all()

    def settle(self) -> None:
        """Return when nothing that is due by now is left to send."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    not self._thread.is_alive()
                    or self._stopped
                    or not (self._sending or self._next_due())
                )
            )

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _next_due(self) -> Event | None:
        first = min(self._waiting, key=lambda event: event.due, default=None)
        return first if first and first.due <= self._clock.now() else None

    def _work(self) -> None:
        while event := self._take():
            address = self._addresses.get(event.app.key, "")
            if address and event.holds():
                self._attempt(event, address)
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def _take(self) -> Event | None:
        """Wait for an event to be due; None if this is the end."""
        with self._changed:
            while not self._stopped:
                if event := self._next_due():
                    self._waiting.remove(event)
                    self._sending = True
                    return event
                self._changed.wait(self._seconds())
        return None

    def _seconds(self) -> float | None:
        if not self._waiting or not self._clock.runs:
            return None
        first = min(event.due for event in self._waiting)
        return max(0.0, (first - self._clock.now()).total_seconds())

    def _attempt(self, event: Event, address: str) -> None:
        now = self._clock.now()
        event.attempts += 1
        body = event.body()
        headers = {
            "Content-Type": "application/json",
            self._header(): sign(event.app.secret, int(now.timestamp()), body),
        }
        status: int | None = None
        try:
            with httpx.Client(trust_env=False, timeout=_TIMEOUT) as client:
                status = client.post(address, content=body, headers=headers).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            pass
        with self._changed:
            self.deliveries.append(Delivery(event, event.attempts, now, status))
            if status != 200:
                event.due = now + _FIRST_WAIT * 2 ** (event.attempts - 1)
                if event.due <= event.created + self._limit:
                    self._waiting.append(event)
