"""A person who signs in to the simulated TikTok, and transfers; on a clock that waits at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from decamp import registry
from decamp.assembly import Request, transfer
from decamp.assembly.signedin import signed_in_by
from decamp.events import Event
from decamp.home import Home
from decamp.journal import Journal, RequestRecord
from decamp.oauth import ClientKeys, open_endpoint
from decamp.oauth.authorization import Attempt, authorization_url, read_callback
from decamp.service.transfer import Transfer
from decamp_tiktok.api.login import login_kit
from decamp_tiktok.config import Config
from decamp_tiktok.sandbox.options import Counts
from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer, User
from still_clock import StillClock
from token_stores import MemoryTokens

DAY = datetime(2026, 11, 20, 9, tzinfo=UTC)
ADA = User(username="tide.and.toast", seed=7, counts=Counts(posts=3, watched=40))
SAM = User(username="far.from.home", seed=13, region="US", counts=Counts(posts=3, watched=40))
PLUGINS = registry.load()


@contextmanager
def sandbox(*, hours: float = 0.0, **behaviour: str) -> Iterator[SandboxServer]:
    """Run a sandbox with two small accounts, inside and outside of the region."""
    options = SandboxOptions(users=(ADA, SAM), at=DAY, delay=timedelta(hours=hours))
    with SandboxServer(options) as server:
        server.simulator.behave(**behaviour)
        yield server


@define(slots=False)
class Journey:
    """One person, one computer."""

    server: SandboxServer
    folder: Path
    user: User = ADA
    clock: StillClock = field(factory=StillClock)
    tokens: MemoryTokens = field(factory=MemoryTokens)
    events: list[Event] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.clock.time = DAY
        self.clock.on_wait = self.keep_time

    def keep_time(self) -> None:
        """Let TikTok's clock show what ours does."""
        behind = self.clock.time - self.server.clock.now()
        if behind > timedelta():
            self.server.clock.advance(behind)

    def pass_by(self, **time: float) -> None:
        self.clock.pass_by(**time)
        self.keep_time()

    @property
    def keys(self) -> ClientKeys:
        return ClientKeys(self.server.app.key, self.server.app.secret)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def connect(self, *scopes: str) -> None:
        """Sign in, by the real consent page; an earlier sign-in is replaced."""
        self.pass_by(seconds=1)  # another consent has another time
        oauth = login_kit(Config(api=self.server.address))
        assert oauth is not None
        asked = [f"portability.{scope}" for scope in scopes]
        attempt = Attempt.begin("http://127.0.0.1:4567/callback/", asked, self.clock.now())
        address = self.server.sign_in(
            authorization_url(oauth, self.keys.key, attempt), user=self.user.username
        )
        endpoint = open_endpoint(oauth, self.keys, title="TikTok", now=self.clock.now)
        with closing(endpoint.client):
            consent = read_callback(oauth, attempt, address, "TikTok")
            tokens = endpoint.exchange(attempt, consent)
        with self.tokens.lock("me"):
            self.tokens.save("me", tokens)

    def transfer(self, out: str = "out", **asked: Any) -> dict[str, Any]:
        """Run ``decamp transfer tiktok: OUT``."""
        request = Request(
            source="tiktok:",
            destination=str(self.folder / out),
            options=(f"from.api={self.server.address}",),
            allowed=(self.media,),
        )
        return transfer(
            evolve(request, **asked),
            registry=PLUGINS,
            home=Home(self.home),
            emit=self.events.append,
            stop=self.clock,
            sign_in=partial(
                signed_in_by,
                store=self.tokens,
                key="me",
                keys=self.keys,
                home=Home(self.home),
                now=self.clock.now,
            ),
            now=self.clock.now,
        )

    def service(self, out: str = "out") -> Transfer:
        """Give the same as a service has it."""
        return Transfer(
            source="tiktok:",
            destination=str(self.folder / out),
            key="me",
            tokens=self.tokens,
            keys=self.keys,
            home=self.home,
            options=(f"from.api={self.server.address}",),
            registry=PLUGINS,
            allowed=(self.media,),
            now=self.clock.now,
        )

    @property
    def media(self) -> tuple[str, int]:
        return ("127.0.0.1", int(self.server.address.rpartition(":")[2]))

    @property
    def calls(self) -> dict[str, int]:
        """How often each endpoint was called."""
        return self.server.simulator.faults.calls

    def requests(self) -> list[RequestRecord]:
        with closing(Journal.open(Home(self.home).journal)) as journal:
            return journal.requests()

    def copies(self) -> list[Path]:
        folder = Home(self.home).copies
        return sorted(folder.iterdir()) if folder.exists() else []


@contextmanager
def patched_sign_in(me: Journey) -> Iterator[None]:
    """Let commands that use a connection use this sign-in; connections have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "decamp.assembly.requests.signed_in",
            lambda source, home: signed_in_by(
                source, store=me.tokens, key="me", keys=me.keys, home=home, now=me.clock.now
            ),
        )
        yield
