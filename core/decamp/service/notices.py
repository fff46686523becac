"""What follows from webhooks: a transfer is woken, or stopped and its tokens deleted.

Done by a worker, from the inbox. Everything here may be done twice without harm, because it
is done again when a worker was cut off in the middle.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from decamp.oauth.store import TokenStore
from decamp.service.webhooks import Inbox
from decamp.webhooks import CopyReady, GrantRemoved, Notice, Removal

__all__ = ["Connections", "NoticeWorker"]

_log = logging.getLogger("decamp.service")


class Connections(Protocol):
    """The service's own table: whose tokens lie under which key, and what waits for them.

    A key is that of the token store. Each method is durable on return, and may be repeated.
    """

    def of_request(self, request: str) -> str | None:
        """Tell for which key a copy was asked for; None if that is not known (yet)."""
        ...

    def of_account(self, account: str) -> Sequence[str]:
        """List the keys under which tokens of this account at the service may lie."""
        ...

    def wake(self, key: str) -> None:
        """Make the transfer of this key due now: its copy is ready."""
        ...

    def stop(self, key: str, reason: Removal) -> None:
        """Let no transfer of this key go on: its grant is gone."""
        ...


class NoticeWorker:
    """Settles what lies in an inbox.

    Args:
        inbox: Where the receiver puts notices.
        connections: Finds out whom a notice is about.
        tokens: Where the tokens lie.
        removed: The service's hook for a grant that is gone, given key and reason, after the
            tokens were deleted: to tell the person, or to delete data. Called at least once.
        adopt: Given key and id of a copy that nobody has asked for as far as is known, tells
            whether it is one whose answer was lost: `Transfer.adopt`. Only a service that says
            whose copy is ready makes use of it.
    """

    def __init__(
        self,
        inbox: Inbox,
        connections: Connections,
        tokens: TokenStore,
        *,
        removed: Callable[[str, Removal], None] = lambda key, reason: None,
        adopt: Callable[[str, str], bool] = lambda key, request: False,
    ) -> None:
        self._inbox, self._connections, self._tokens = inbox, connections, tokens
        self._removed, self._adopt = removed, adopt

    def work(self) -> int:
        """Settle what can be settled now.

        A copy that nobody has asked for, as far as is known, stays in the inbox: its id may
        be written down in this very moment. One notice that fails holds up no other, and is
        tried again.

        Returns:
            How many were settled.
        """
        settled = 0
        for notice in self._inbox.waiting():
            try:
                if self._settle(notice):
                    self._inbox.done(notice.id)
                    settled += 1
            except Exception as error:  # noqa: BLE001  # a service's own code may raise anything
                # Its message may hold anything that the service's own code put there.
                _log.error("the webhook %s failed: %s", notice.id[:8], type(error).__name__)
        return settled

    def _settle(self, notice: Notice) -> bool:
        match notice.event:
            case CopyReady(request, account):
                key = self._connections.of_request(request) or self._adopted(request, account)
                if key is None:
                    return False
                self._connections.wake(key)
            case GrantRemoved(account, reason):
                for key in self._connections.of_account(account):
                    self._end(key, notice, reason)
            case None:
                _log.info("a webhook means nothing here: %.80r", notice.name)
        return True

    def _adopted(self, request: str, account: str) -> str | None:
        keys = self._connections.of_account(account) if account else ()
        return next((key for key in keys if self._adopt(key, request)), None)

    def _end(self, key: str, notice: Notice, reason: Removal) -> None:
        with self._tokens.lock(key):  # no refresh may bring them back
            tokens = self._tokens.load(key)
            if tokens is not None and notice.at is not None and tokens.grant.since > notice.at:
                return  # about a former consent; this one was given later
            self._connections.stop(key, reason)
            self._tokens.delete(key)
        self._removed(key, reason)
