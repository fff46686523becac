"""The service, started anew for each step; and a browser that keeps its cookies."""

import hashlib
import hmac
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from attrs import define, field
from decamp_service.house import House
from decamp_service.settings import Settings
from decamp_service.web import make_app
from decamp_service.worker import work

from decamp_tiktok.sandbox.options import Counts
from decamp_tiktok.sandbox.service import SandboxServer

HOUR = timedelta(hours=1)
PATIENCE = 120.0
"""Seconds that a browser waits for an answer: this computer may have much else to do."""

USERS = {"alice": "tide.and.toast", "bob": "harbour.lights"}
"""Who they are at TikTok."""
FEW = Counts(watched=40, liked=20, messages=30, posts=2, deleted_posts=1, lives_hosted=0)


@define
class Runner:
    """A folder, an address, and the settings: all that outlives a process of the service."""

    settings: Settings
    now: Callable[[], datetime]
    port: int

    def house(self) -> House:
        return House(self.settings, now=self.now)

    def work(self) -> None:
        """One round of a worker that was started for it."""
        work(self.house(), threading.Event())

    @contextmanager
    def web(self) -> Iterator[None]:
        """The pages, in a server of their own."""
        server = uvicorn.Server(
            uvicorn.Config(make_app(self.house()), lifespan="off", log_config=None)
        )
        listening = socket.create_server(("127.0.0.1", self.port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()
            listening.close()

    def state(self, person: str) -> tuple[str, str]:
        copy = self.house().copies.of(person)
        assert copy is not None
        return copy.state, copy.said

    def copy(self, person: str) -> Path:
        return self.house().folder(person) / "copy"

    def deliver(self, event: str, content: Any, **more: Any) -> int:
        """Send a webhook as TikTok does, by another way of signing than decamp's."""
        body = json.dumps(
            {
                "client_key": self.settings.client_key,
                "event": event,
                "create_time": int(self.now().timestamp()),
                "content": json.dumps(content),
                **more,
            }
        ).encode()
        at = str(int(self.now().timestamp()))
        mac = hmac.new(self.settings.client_secret.encode(), digestmod=hashlib.sha256)
        for part in (at, ".", body):
            mac.update(part if isinstance(part, bytes) else part.encode())
        headers = {"Tiktok-Signature": f"t={at},s={mac.hexdigest()}"}
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            url = f"{self.settings.url}/webhook"
            return client.post(url, content=body, headers=headers).status_code


@define
class Browser:
    """One person's browser."""

    runner: Runner
    client: httpx.Client = field(factory=lambda: httpx.Client(trust_env=False, timeout=PATIENCE))

    def press(self, button: str, **form: str) -> httpx.Response:
        """Press a button of the service; the service is started for it, and ends after it."""
        url = self.runner.settings.url
        with self.runner.web():
            return self.client.post(f"{url}/{button}", data=form, headers={"Origin": url})

    def open(self, address: str) -> httpx.Response:
        with self.runner.web():
            return self.client.get(address, follow_redirects=False)

    def page(self) -> str:
        return self.open(self.runner.settings.url).text


@contextmanager
def kept_port() -> Iterator[int]:
    """Find a port for a service that comes and goes; on Linux nobody else is given it meanwhile.

    Tests run side by side. There, a socket that is bound and does not listen lets a server of ours
    listen on its port, and keeps the system from choosing it for another.
    """
    with socket.socket() as probe:
        if sys.platform == "linux":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        if sys.platform != "linux":
            probe.close()
        yield port


def connect(service: Runner, tiktok: SandboxServer, person: str) -> Browser:
    browser = Browser(service)
    browser.press("enter", person=person)
    consent(browser, tiktok, person)
    return browser


def consent(browser: Browser, tiktok: SandboxServer, person: str) -> None:
    asked = browser.press("connect")
    assert asked.status_code == 303
    back = browser.open(tiktok.sign_in(asked.headers["location"], user=USERS[person]))
    assert (back.status_code, back.headers["location"]) == (303, "/"), back.text


def later(service: Runner, tiktok: SandboxServer, **step: float) -> None:
    """Let time pass while the pages are served, so that webhooks arrive."""
    with service.web():
        tiktok.advance(**step)


def requests(tiktok: SandboxServer) -> int:
    return len(tiktok.simulator.desk.requests)
