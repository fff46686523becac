"""TikTok as the sandbox plays it: all desks together, behind one lock, without HTTP."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from decamp_tiktok.sandbox.service.apps import App
from decamp_tiktok.sandbox.service.behaviour import Behaviour
from decamp_tiktok.sandbox.service.clock import Clock
from decamp_tiktok.sandbox.service.consent import Consent, ConsentDesk, Question, failed
from decamp_tiktok.sandbox.service.copies import Copies
from decamp_tiktok.sandbox.service.faults import Faults
from decamp_tiktok.sandbox.service.grants import Grant
from decamp_tiktok.sandbox.service.mint import Mint
from decamp_tiktok.sandbox.service.options import SandboxOptions
from decamp_tiktok.sandbox.service.refusals import ApiRefusal
from decamp_tiktok.sandbox.service.requests import DataRequest, RequestDesk
from decamp_tiktok.sandbox.service.tokens import TokenDesk
from decamp_tiktok.sandbox.service.users import User
from decamp_tiktok.sandbox.service.webhooks import Webhooks

__all__ = ["Call", "Simulator"]

_KEPT_CALLS = 1_000


@frozen
class Call:
    """A call of an endpoint, and what came of it."""

    at: datetime
    endpoint: str
    status: int | None
    """The status of HTTP; None if the connection was ended."""

    fault: str = ""


class Simulator:
    """All that the sandbox knows and decides. Safe from several threads.

    Args:
        folder: Where copies are written; private.
        base: The sandbox's own address, which serves the media, too.
    """

    def __init__(self, options: SandboxOptions, folder: Path, base: str) -> None:
        self.options = options
        self.clock = Clock(options.at)
        self.mint = Mint(options.seed)
        self.faults = Faults()
        for fault in options.faults:
            self.faults.set(fault)
        self.copies = Copies(folder, base)
        self.lock = threading.RLock()
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        """The latest calls, in order."""

        behaviour, mint, clock = options.behaviour, self.mint, self.clock
        self.consents = ConsentDesk(options.apps, behaviour, clock, mint, options.refresh_lifetime)
        self.tokens = TokenDesk(
            options.apps, behaviour, clock, mint, self.consents.codes,
            options.access_lifetime, lambda grant: self._end(grant, 5),
        )  # fmt: skip
        self.webhooks = Webhooks(
            clock,
            {app.key: app.webhook for app in options.apps},
            lambda: self.behaviour.signature_header,
            options.callback_limit,
        )
        self.desk = RequestDesk(behaviour, clock, mint, options.delay, self._asked)
        self._calls: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    # --- for people and tests ------------------------------------------------------------

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves now."""
        return self.desk.behaviour

    def behave(self, **switches: str) -> None:
        """Change switches while it runs; see `Behaviour`.

        Raises:
            ValueError: There is no such switch, or no such answer.
        """
        with self.lock:
            changed = self.behaviour.changed(switches)
            self.consents.behaviour = self.tokens.behaviour = self.desk.behaviour = changed

    def user(self, username: str) -> User:
        """Find a person.

        Raises:
            ValueError: There is none of this name.
        """
        for user in self.options.users:
            if user.username == username:
                return user
        raise ValueError(f"there is no account {username!r}")

    def app(self, key: str) -> App:
        """Find an app.

        Raises:
            ValueError: There is none with this key.
        """
        for app in self.options.apps:
            if app.key == key:
                return app
        raise ValueError(f"there is no app with the key {key!r}")

    def disconnect(self, user: User, reason: int = 1) -> None:
        """Take back all that a person granted, as TikTok's settings let them.

        Args:
            reason: What the apps are told: 1 disconnected, 2 account deleted, 3 age changed,
                4 banned.

        Raises:
            ValueError: There is no such reason.
        """
        if not 0 <= reason <= 5:
            raise ValueError("a reason is a number from 0 to 5")
        with self.lock:
            for app in self.options.apps:
                self.consents.forget(app, user)
            for grant in self.tokens.grants:
                if grant.user is user and not grant.ended:
                    self._end(grant, reason)

    # --- Login Kit -----------------------------------------------------------------------

    def ask(self, query: Mapping[str, str], signed_in: str | None) -> Consent | str:
        """Judge a sign-in: a question for the person, or where to send them at once."""
        with self.lock:
            question = self.consents.ask(query)
            if question.error:
                return failed(question, question.error, "The app is not approved for this scope.")
            for user in self.options.users if question.may_skip else ():
                if user.username == signed_in and self.consents.agreed(question, user):
                    return self.consents.allow(question, user, question.scopes)
            return self.consents.open(question)

    def answer(self, ticket: str, username: str, ticked: list[str], *, allow: bool) -> str | None:
        """Take what the person said, and tell where to send them; None if it was said before."""
        with self.lock:
            question: Question | None = self.consents.take(ticket)
            if question is None:
                return None
            if not allow:
                return self.consents.deny(question)
            return self.consents.allow(question, self.user(username), ticked)

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer the token endpoint."""
        with self.lock:
            return self.tokens.token(form)

    def revoke(self, form: Mapping[str, str]) -> None:
        """Answer the revoke endpoint."""
        with self.lock:
            self.tokens.revoke(form)

    # --- Data Portability ----------------------------------------------------------------

    def add(
        self, header: str | None, fields: str | None, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Answer Add."""
        with self.lock:
            return self.desk.add(self._grant("add", header), fields, body)

    def check(
        self, header: str | None, fields: str | None, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Answer Check."""
        with self.lock:
            return self.desk.check(self._grant("check", header), fields, body)

    def cancel(self, header: str | None, body: Mapping[str, Any]) -> None:
        """Answer Cancel."""
        with self.lock:
            self.desk.cancel(self._grant("cancel", header), body)

    def download(self, header: str | None, body: Mapping[str, Any]) -> Path:
        """Give the zip that Download answers with. May take a while the first time."""
        with self.lock:
            request = self.desk.download(self._grant("download", header), body)
            request.downloads += 1
        return self.copies.file(request, empty=not request.grant.user.in_region)

    def _grant(self, endpoint: str, header: str | None) -> Grant:
        grant = self.tokens.grant(header)
        now = self.clock.now().timestamp()
        calls = self._calls[endpoint, grant.app.key]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= self.options.rate_limit:
            raise self.too_many(int(calls[0] + 60 - now) + 1)
        calls.append(now)
        return grant

    def too_many(self, seconds: int) -> ApiRefusal:
        """Make the refusal of a call too many."""
        return ApiRefusal(
            "rate_limit_exceeded",
            "The API rate limit was exceeded. Please try again later.",
            status=429,
            retry_after=seconds,
        )

    def _end(self, grant: Grant, reason: int) -> None:
        """End all that this person granted to this app. Its tokens are dead at once."""
        for other in self.tokens.grants:
            if other.app is grant.app and other.user is grant.user:
                other.ended = True
        self.consents.forget(grant.app, grant.user)
        self.webhooks.tell(
            grant.app,
            "authorization.removed",
            {"reason": reason},
            open_id=grant.open_id,
            at=self.clock.now(),
        )

    def _asked(self, request: DataRequest) -> None:
        """Have it announced once it is ready."""
        if request.ready_at is None:
            return
        present = self.behaviour.ready_event_user == "present"
        self.webhooks.tell(
            request.grant.app,
            "portability.download.ready",
            {"request_id": request.id},
            open_id=request.grant.open_id if present else None,
            at=request.ready_at,
            holds=lambda: (
                not request.grant.ended and request.status(self.clock.now()) == "downloading"
            ),
        )
