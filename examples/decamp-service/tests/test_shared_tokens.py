"""Twenty workers use one person's tokens: whoever finds them expired first renews them, alone."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define
from decamp_service.database import Database
from decamp_service.locks import Locks
from decamp_service.settings import Settings
from decamp_service.tokens import SqliteTokens
from service_runner import Browser, Runner

from decamp.oauth import Tokens, open_endpoint
from decamp.oauth.session import Session
from decamp.options import build_config
from decamp.registry import load
from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer, example_app

WORKERS = 20
EXPIRIES = 3


@define
class Counting(SqliteTokens):
    """Tells of each new pair that is kept; the former one may be written once more before."""

    _db: Database
    _locks: Locks
    saved: list[str]

    def save(self, key: str, tokens: Tokens) -> None:
        kept = self.load(key)
        if kept is None or kept.access != tokens.access:
            self.saved.append(tokens.access)
        super().save(key, tokens)


def all_at_once(work: Callable[[int], None]) -> None:
    start = threading.Barrier(WORKERS)
    failed: list[BaseException] = []

    def one(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:  # noqa: BLE001  # a thread would lose it
            failed.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize("rotation", ["once", "rotates", "kept"])
def test_one_refresh_for_each_expiry(rotation: str, url: str, tmp_path: Path) -> None:
    app = example_app(7, "web", redirect_uris=(f"{url}/callback",))
    options = SandboxOptions(apps=(app,), access_lifetime=timedelta(minutes=2))
    with SandboxServer(options) as tiktok:
        tiktok.simulator.behave(refresh_rotation=rotation)
        settings = Settings(
            folder=tmp_path,
            url=url,
            client_key=app.key,
            client_secret=app.secret,
            api=tiktok.address,
        )
        service = Runner(settings, tiktok.clock.now, int(url.rpartition(":")[2]))
        browser = Browser(service)
        browser.press("enter", person="alice")
        browser.open(tiktok.sign_in(browser.press("connect").headers["location"]))

        spec = load().exporter("tiktok")
        oauth = spec.auth(build_config(spec.config, {"api": tiktok.address}, plugin="tiktok"))
        saved: list[str] = []
        sessions, endpoints = [], []
        for _ in range(WORKERS):  # each as in a process of its own
            store = Counting(Database(tmp_path / "service.db"), Locks(tmp_path / "locks"), saved)
            endpoint = open_endpoint(
                oauth, service.house().keys, title="TikTok", now=tiktok.clock.now
            )
            endpoints.append(endpoint)
            sessions.append(Session(endpoint, store, "alice", "Sign in again."))
        for number in range(1, EXPIRIES + 1):
            tiktok.advance(minutes=3)
            got: list[str] = []
            all_at_once(lambda one, got=got: got.append(sessions[one].current().access))
            assert len(saved) == number, "one refresh for each expiry"
            assert set(got) == {saved[-1]}, "and all have its token"
        assert len(set(saved)) == EXPIRIES
        for endpoint in endpoints:
            endpoint.client.close()
