"""A copy that a service makes when it is asked: asked for once, waited for, fetched, kept.

Asking may use up what a person granted, and no service lists what was asked of it. So the
intent is durable before the call and the id right after it; a call whose answer was lost is
never repeated on a guess. What was downloaded lies in a private folder until every
destination that waited for it has it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from attrs import define, field

from decamp.auth import Grant
from decamp.engine.blame import blamed
from decamp.engine.clock import stamp
from decamp.engine.copies import words
from decamp.engine.copies.fetch import fetch
from decamp.engine.copies.place import copy_path, delete_copy, lock_name, part_path
from decamp.engine.reading import Interrupted
from decamp.engine.workers import attempt
from decamp.errors import (
    AuthError,
    ConfigError,
    DestinationRefused,
    Locked,
    NotReady,
    PluginError,
    RateLimited,
    SourceUnreadable,
    TransferError,
    Unavailable,
)
from decamp.events import Emit, Notice, Stage, Waiting
from decamp.filesystems import make_private
from decamp.journal import Journal, RequestRecord, RequestStep
from decamp.spec import Requests, RequestStatus

__all__ = ["RequestedCopy", "pace"]

SHORTEST, LONGEST = timedelta(seconds=5), timedelta(hours=1)
DEADLINE = timedelta(days=7)
"""A request that takes longer is not waited for any more; each run still asks how it is."""

_FAILURES = 5
"""So many checks may fail in a row before waiting ends."""
_BUSY = timedelta(seconds=2)
_WORTH_A_WORD = timedelta(minutes=15)


def pace(asked: datetime, now: datetime) -> timedelta:
    """Tell how long to wait before asking again: seconds at first, then minutes, then an hour.

    A tenth of the request's age, so what takes long is not asked about often.
    """
    return min(max((now - asked) / 10, SHORTEST), LONGEST)


@define(kw_only=True)
class RequestedCopy:
    """The copy that one run reads."""

    journal: Journal
    exporter: Requests
    source: str
    """Name of the source's plugin."""
    service: str
    """What people call it: ``TikTok``."""
    title: str
    """As the source was named on the command line."""
    account: str
    grant: Grant | None
    connect: str
    """The command for a new consent."""
    destination: str
    """Name of the destination's plugin."""
    place: str
    """Its id."""
    folder: Path
    """Where downloaded copies lie."""
    lock: Callable[[str], AbstractContextManager[None]]
    emit: Emit
    stop: threading.Event
    now: Callable[[], datetime]
    wait: bool
    _request: RequestRecord | None = field(default=None, init=False)
    _asked: bool = field(default=False, init=False)
    _announced: timedelta = field(default=timedelta(), init=False)
    _reason: str = field(default="", init=False)

    def obtain(self) -> None:
        """Get the copy, and let the exporter read it: one that is here, open, or asked for.

        Raises:
            NotReady: It takes time, and waiting is not wanted.
            AuthError: Another copy needs another consent.
            Unavailable: The service cannot answer, or has not made it for very long.
            Interrupted: The run was asked to stop.
        """
        failures = 0
        while True:
            try:
                with self._alone():
                    self._sweep()
                    self._step()
                    return
            except (NotReady, Unavailable) as error:
                if self.stop.is_set():
                    raise Interrupted from error
                later = self._later(error)
                failures = 0 if later is error else failures + 1
                if later is None or failures == _FAILURES:
                    raise
                if not self.wait:
                    raise (later if isinstance(error, RateLimited) else error) from None
                self._rest(later)

    def _later(self, error: NotReady | Unavailable) -> NotReady | None:
        """Tell when to try again after an error; None if that makes no sense."""
        if isinstance(error, NotReady):
            return error
        if isinstance(error, RateLimited) and error.retry_after is not None:
            seconds = min(error.retry_after, DEADLINE.total_seconds())
            return NotReady(self.now() + timedelta(seconds=seconds), error.message)
        if self._request is None or error.reaction != "retry":
            return None
        return NotReady(self._next(self._request), error.message)

    def peek(self) -> bool:
        """Let the exporter read a copy that is here already; ask for nothing, change nothing."""
        for one in self._known():
            if one.step == "here" and self._has(one) is not True and self._file(one).is_file():
                self._use(one)
                return True
        return False

    def brought(self, *, whole: bool) -> None:
        """Take note that the destination has what it asked for; delete what nobody needs.

        A copy that cannot be had again stays until all of it has arrived.

        Args:
            whole: Nothing of it is left to bring.
        """
        request = self._request
        assert request is not None
        if request.single and not whole:
            self.emit(Notice("info", words.kept(self.service)))
            return
        self.journal.bring_request(request.number, self.destination, self.place)
        with suppress(NotReady), self._alone():  # the next run sweeps what stays
            self._sweep()

    def refused(self) -> None:
        """Take note that it cannot go to this destination; it waits for another one."""
        if self._request is not None:
            self.journal.leave_request(self._request.number, self.destination, self.place)

    # --- one step after the other --------------------------------------------------------

    def _step(self) -> None:
        if self._request is not None and self._find(self._request.number).step == "cancelled":
            raise _GivenUp(words.cancelled(self._request), hint=words.ANEW)
        while True:
            request = self._current() or self._ask()
            self._request = request
            self.journal.wait_for_request(request.number, self.destination, self.place)
            if request.step in ("open", "ready") and not self._is_ready(request):
                continue
            if request.step != "here" and not self._download(request):
                continue
            self._use(request)
            return

    def _current(self) -> RequestRecord | None:
        """Find what was asked for before and this destination does not have, oldest first."""
        for one in self._known():
            if one.step == "asking" or self._has(one):
                continue
            if one.step != "here":
                return one
            if not self._file(one).is_file():
                self.journal.set_request(one.number, "ready", self._stamp())
                return self._find(one.number)
            if self._has(one) is False or not self._is_old(one):
                return one
        return None

    def _is_old(self, request: RequestRecord) -> bool:
        """Tell whether a copy that others wait for is too old to be shared."""
        until = request.until or stamp(datetime.fromisoformat(request.changed) + DEADLINE)
        return until < self._stamp() and self.exporter.repeatable()

    def _ask(self) -> RequestRecord:
        with blamed(self.source):
            single = not self.exporter.repeatable()
        consent = stamp(self.grant.since) if self.grant else ""
        doubts = self._require_allowed(single=single, consent=consent)
        if self._asked:  # what this run asked for has ended already: no service does that twice
            raise _GivenUp(words.ended_at_once(self.service), hint=words.ANEW)
        if self.stop.is_set():
            raise Interrupted  # rather than be cut off in the middle of it
        self.emit(Stage("requesting"))
        try:
            request = attempt(lambda: self._add(single=single, consent=consent), self.stop)
        except TransferError as error:
            if doubts:  # perhaps that one stands in the way
                error.message = f"{error.message} {words.before(doubts[-1], self.service)}"
            raise
        self._asked = True
        return request

    def _require_allowed(self, *, single: bool, consent: str) -> list[RequestRecord]:
        """Make sure that one more copy may be asked for.

        Returns:
            Requests whose answer was lost; they are settled once a new one is answered.

        Raises:
            AuthError: It would use up something that was used already, or may have been.
        """
        before = self.journal.requests(self.source, self.account)
        if single:
            for one in reversed(before):
                if one.single and one.consent == consent and one.step != "lost":
                    raise words.refused(one, self.service, self.connect)
        doubts = [one for one in before if one.step == "asking"]
        for one in doubts:
            self.emit(Notice("warning", words.asks_again(one, self.service)))
        return doubts

    def _add(self, *, single: bool, consent: str) -> RequestRecord:
        """Ask: the intent is durable before the call, the id right after it."""
        number = self.journal.intend_request(
            self.source, self.account, consent, single=single, title=self.title, now=self._stamp()
        )
        try:
            with blamed(self.source):
                answer = self.exporter.request()
                if not isinstance(answer, str) or not answer:
                    raise PluginError(f"{self.source} gave a request no id.", plugin=self.source)
        except TransferError as error:
            if _surely_not_taken(error):
                self.journal.drop_request(number)
                raise
            if single:
                raise words.lost(self._find(number), self.service, self.connect) from error
            raise _GivenUp(
                f"{error.message} {self.service} may have taken the request or not.",
                hint="Run the same command again: your permission covers a new request.",
            ) from error
        self.journal.answer_request(number, answer, self._stamp())
        return self._find(number)

    def _is_ready(self, request: RequestRecord) -> bool:
        """Ask how far it is; no if it has ended.

        Raises:
            NotReady: It is still being prepared.
            Unavailable: For too long.
        """

        def ask() -> RequestStatus:
            with blamed(self.source):
                status: object = self.exporter.status(request.id)
                if not isinstance(status, RequestStatus):
                    raise PluginError(f"{self.source} gave no status.", plugin=self.source)
                return status

        status = attempt(ask, self.stop)
        until = stamp(status.until) if status.until else ""
        if status.state == "pending":
            if self.now() - datetime.fromisoformat(request.asked) > DEADLINE:
                message, hint = words.overdue(request, self.service, DEADLINE.days)
                raise _GivenUp(message, hint=hint)
            reason = words.pending(request, self.service, status.detail)
            raise NotReady(self._next(request), reason)
        if status.state == "ready":
            self.journal.set_request(request.number, "ready", self._stamp(), until)
            return True
        self._end(request, status.state)
        self.emit(Notice("warning", words.ended(request, self.service, status.state)))
        return False

    def _download(self, request: RequestRecord) -> bool:
        """Fetch the copy; no if it has ended meanwhile. The file gets its name once it is whole."""
        path, part = self._file(request), part_path(self.folder, request)

        if not path.exists():  # or a run was cut off right after its last step
            self._require_place()
            self.emit(Stage("downloading"))
            try:
                attempt(lambda: fetch(self.exporter, request, part, self.emit), self.stop)
            except TransferError as error:
                part.unlink(missing_ok=True)
                if error.reaction == "stop" and not self._is_ready(request):
                    return False
                raise
            part.replace(path)
        self.journal.set_request(request.number, "here", self._stamp())
        return True

    # --- small parts ---------------------------------------------------------------------

    def _use(self, request: RequestRecord) -> None:
        self._request = request
        with blamed(self.source):
            self.exporter.use(self._file(request))

    def _known(self) -> list[RequestRecord]:
        known = self.journal.requests(self.source, self.account)
        return [one for one in known if not one.ended]

    def _has(self, request: RequestRecord) -> bool | None:
        return self.journal.has_request(request.number, self.destination, self.place)

    def _find(self, number: int) -> RequestRecord:
        return next(one for one in self.journal.requests(self.source) if one.number == number)

    def _file(self, request: RequestRecord) -> Path:
        return copy_path(self.folder, request)

    def _require_place(self) -> None:
        make_private(self.folder)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise DestinationRefused(
                f"decamp cannot write to {self.folder}, where it keeps copies that it downloads.",
                hint="Check its permissions, or set DECAMP_HOME to another folder.",
            )

    def _sweep(self) -> None:
        """Delete the copies that everybody has, also those that a run that was cut off left."""
        for one in self._known():
            waiting, done = self.journal.waiters(one.number)
            if one.step == "here" and done and not waiting:
                with suppress(OSError):  # somebody reads it: the next run tries again
                    self._end(one, "used")

    def _end(self, request: RequestRecord, step: RequestStep) -> None:
        delete_copy(self.folder, request)
        self.journal.set_request(request.number, step, self._stamp())

    def _next(self, request: RequestRecord) -> datetime:
        now = self.now()
        return now + pace(datetime.fromisoformat(request.asked), now)

    def _stamp(self) -> str:
        return stamp(self.now())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other runs from asking for the data of the same account.

        Raises:
            NotReady: Another run does so right now.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.lock(lock_name(self.source, self.account)))
            except Locked as error:
                raise NotReady(self.now() + _BUSY, words.busy(self.service)) from error
            yield

    def _rest(self, error: NotReady) -> None:
        """Wait; a person is told at first, and then when the pauses or the reason have changed."""
        gap = error.until - self.now()
        grown = gap >= 2 * self._announced or gap >= _WORTH_A_WORD
        if grown or error.message != self._reason:
            self._announced, self._reason = gap, error.message
            self.emit(Waiting(stamp(error.until), error.message))
        if self.stop.wait(max(0.0, gap.total_seconds())):
            raise Interrupted


class _GivenUp(Unavailable):
    """This run does not try it again; another may."""

    reaction = "stop"


def _surely_not_taken(error: TransferError) -> bool:
    """Tell whether a service has surely not taken a request."""
    if isinstance(error, Unavailable):
        return error.unsent or isinstance(error, RateLimited)
    return isinstance(error, AuthError | ConfigError | Locked | NotReady | SourceUnreadable)
