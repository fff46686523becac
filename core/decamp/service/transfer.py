"""A transfer that never waits: it does what can be done now, and says when to come back.

All that is known of it lies in the journal and the token store, so each step may be made by
another process, or by one that was started anew in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from attrs import field, frozen

from decamp import registry as plugins
from decamp.assembly.runs import Request, transfer
from decamp.assembly.signedin import signed_in_by
from decamp.engine.clock import now, stamp
from decamp.events import Emit, ignore
from decamp.home import Home
from decamp.journal import Journal, RequestRecord
from decamp.oauth import ClientKeys, TokenStore
from decamp.registry import Registry

__all__ = ["Done", "Transfer", "Waiting"]

_LATER = {
    "unavailable": timedelta(minutes=15),
    "rate-limited": timedelta(minutes=15),
    "locked": timedelta(minutes=1),
}
"""What passes by itself, by the code of the error, and how long that may take."""


@frozen
class Done:
    """The run has come to an end: all arrived, or a person has to do something."""

    receipt: Mapping[str, Any]
    """Valid by ``receipt.schema.json``; its ``exit_code`` is 0 if nothing is left to do."""


@frozen
class Waiting:
    """The source needs time, or something passing is in the way."""

    until: datetime
    """When to call again; aware, UTC. Calling earlier, after a webhook, does no harm."""

    reason: str
    """For people."""

    request: str = ""
    """The id of the open request at the service: by it a webhook says that it is ready."""


@frozen(kw_only=True)
class Transfer:
    """The way of one person's data from a service to a destination.

    Args:
        source: As on the command line: ``tiktok:``.
        destination: The same: ``disk:/srv/data/ada``.
        key: Under which the person's tokens lie.
        tokens: Where.
        keys: Of your app at the service.
        home: Where decamp keeps its journal and what it downloads. One folder may serve many
            people, and many processes.
        options: ``from.KEY=VALUE`` for the source, ``to.KEY=VALUE`` for the destination.
        registry: All plugins; those that are installed if None.
        allowed: Loopback addresses that media may come from; only a sandbox needs any.
        now: The time, aware and in UTC.
    """

    source: str
    destination: str
    key: str
    tokens: TokenStore = field(repr=False)
    keys: ClientKeys = field(repr=False)
    home: Path
    options: tuple[str, ...] = ()
    people: str | None = None
    registry: Registry | None = field(default=None, repr=False)
    allowed: tuple[tuple[str, int], ...] = ()
    now: Callable[[], datetime] = field(default=now, repr=False)

    def advance(
        self, *, emit: Emit = ignore, stop: threading.Event | None = None
    ) -> Done | Waiting:
        """Do all that can be done now: ask, look, download, deliver. Never waits for the source.

        Once it is done, the next call begins anew: it asks for a new copy, and brings what is
        new in it.

        Args:
            emit: Takes what happens.
            stop: Asks it to stop; it then ends with a receipt that says so.

        Raises:
            TransferError: A setting is wrong, nobody is signed in, or the journal is not usable.
        """
        stop = stop or threading.Event()
        receipt = transfer(
            Request(
                source=self.source,
                destination=self.destination,
                options=self.options,
                people=self.people,
                wait=False,
                allowed=self.allowed,
            ),
            registry=self.registry or plugins.load(),
            home=Home(self.home),
            emit=emit,
            stop=stop,
            sign_in=partial(
                signed_in_by,
                store=self.tokens,
                key=self.key,
                keys=self.keys,
                home=Home(self.home),
                stop=stop,
                now=self.now,
            ),
            now=self.now,
        )
        error = receipt.get("error", {})
        if "until" in error:
            until = datetime.fromisoformat(error["until"])
        elif error.get("code") in _LATER:
            until = self.now() + _LATER[error["code"]]
        else:
            return Done(receipt)
        return Waiting(until, error["message"], self._open_request())

    def adopt(self, request: str) -> bool:
        """Learn the id of a request whose answer was lost, from a webhook for this person.

        Returns:
            There was such a request; it goes on from here.
        """
        with self._journal() as journal:
            lost = [one for one in self._requests(journal) if one.step == "asking"]
            if not lost:
                return False
            journal.answer_request(lost[-1].number, request, stamp(self.now()))
            return True

    def _open_request(self) -> str:
        with self._journal() as journal:
            waiting = [one.id for one in self._requests(journal) if one.step in ("open", "ready")]
            return waiting[-1] if waiting else ""

    def _requests(self, journal: Journal) -> list[RequestRecord]:
        tokens = self.tokens.load(self.key)
        account = tokens.grant.account if tokens else ""
        return journal.requests(self.source.partition(":")[0], account)

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        with closing(Journal.open(Home(self.home).journal)) as journal:
            yield journal
