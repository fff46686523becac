"""All parts of the service, put together. Nothing is kept in memory: each process has its own."""

import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from decamp.errors import TransferError
from decamp.oauth import ClientKeys
from decamp.options import build_config
from decamp.registry import load
from decamp.service.notices import NoticeWorker
from decamp.service.signin import WebSignIn
from decamp.service.transfer import Transfer
from decamp.service.webhooks import Receiver
from decamp_service.attempts import SqliteAttempts
from decamp_service.copies import Copies
from decamp_service.database import Database
from decamp_service.inbox import SqliteInbox
from decamp_service.locks import Locks
from decamp_service.people import People
from decamp_service.settings import Settings
from decamp_service.tokens import SqliteTokens

log = logging.getLogger("decamp_service")

SOURCE = "tiktok"
PERMISSIONS = ("all",)
TERM = "ongoing"


def utc_now() -> datetime:
    return datetime.now(UTC)


class House:
    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = utc_now) -> None:
        self.settings, self.now = settings, now
        database = Database(settings.folder / "service.db")
        self.people = People(database, now)
        self.copies = Copies(database, now)
        self.locks = Locks(settings.folder / "locks")
        self.tokens = SqliteTokens(database, self.locks)
        self.inbox = SqliteInbox(database)
        self.keys = ClientKeys(settings.client_key, settings.client_secret)
        self.receiver = Receiver.of(
            SOURCE, settings.client_key, settings.secrets, self.inbox, now=now
        )
        self.notices = NoticeWorker(
            self.inbox,
            self.copies,
            self.tokens,
            removed=self.removed,
            adopt=lambda person, request: self.transfer(person).adopt(request),
        )
        spec = load().exporter(SOURCE)
        self.options = {"api": settings.api} if settings.api else {}
        self.sign_in = WebSignIn(
            spec.auth(build_config(spec.config, self.options, plugin=SOURCE)),
            self.keys,
            settings.redirect_uri,
            self.tokens,
            SqliteAttempts(database),
            title=spec.title,
            now=now,
        )

    # --- what a person does ----------------------------------------------------------------

    def begin(self, person: str, cookie: str) -> str:
        """Give the address at TikTok to send the browser to."""
        begun = self.sign_in.begin(person, PERMISSIONS, TERM)
        self.people.remember(cookie, begun.state)
        return begun.url

    def complete(self, person: str, cookie: str, address: str) -> None:
        """The browser is back from TikTok."""
        grant = self.sign_in.complete(address, state=self.people.state(cookie))
        self.people.remember(cookie, "")
        if not self.copies.connected(person, grant.account):
            self.sign_in.revoke(person)

    def disconnect(self, person: str) -> None:
        """Take the permission back at TikTok, delete the tokens, and stop."""
        self.sign_in.revoke(person)
        self.copies.stop(person, "disconnected")

    def close(self, person: str) -> None:
        """Let a person go, also if TikTok cannot be reached now."""
        try:
            self.sign_in.revoke(person)
        except TransferError as error:
            log.warning("a permission could not be taken back at TikTok: %s", error.message)
        self.copies.close(person)
        self.people.leave_everywhere(person)

    # --- what the worker does --------------------------------------------------------------

    def folder(self, person: str) -> Path:
        """Where a person's copy lies, and what decamp remembers of it; nobody else's."""
        return self.settings.folder / "people" / person

    def alone(self, person: str) -> AbstractContextManager[None]:
        """Keep all other workers from what is a person's; `Locked` if one is at it."""
        return self.locks.hold(f"copy of {person}", patience=0)

    def erase(self, person: str) -> None:
        """Delete everything of a person. Nobody else may be at it."""
        with self.tokens.lock(person):
            self.tokens.delete(person)
        if self.folder(person).exists():
            shutil.rmtree(self.folder(person))
        self.copies.forget(person)

    def transfer(self, person: str) -> Transfer:
        """Make the transfer of a person; all that is known of it lies in the person's folder."""
        return Transfer(
            source=f"{SOURCE}:",
            destination=f"disk:{self.folder(person) / 'copy'}",
            key=person,
            tokens=self.tokens,
            keys=self.keys,
            home=self.folder(person) / "decamp",
            now=self.now,
            options=tuple(f"from.{name}={value}" for name, value in self.options.items()),
        )

    def removed(self, person: str, reason: str) -> None:
        """TikTok told that the permission is gone: what else this service wants to do.

        This one does nothing more: the page says it, and the copy stays until the person closes
        the account here. Who deletes the account at TikTok may want it all the more.
        """
        log.info("a permission of %s was taken back: %s", person, reason)
