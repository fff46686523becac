"""The two commands of the README, as processes that are killed."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field
from bagit import Bag
from service_runner import FEW, HOUR, PATIENCE, USERS

from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer, User, example_app
from decamp_tiktok.sandbox.service.faults import ServiceFault
from decamp_tiktok.sandbox.store import Answer


def plain_environment() -> dict[str, str]:
    """Give that of a shell in which nothing of ours is set yet."""
    ours = ("DECAMP", "SERVICE_", "TIKTOK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}


@define
class Service:
    """The environment that the README sets, and the processes that are started in it."""

    environment: dict[str, str]
    lines: list[str] = field(factory=list)

    @contextmanager
    def __call__(self, command: str, *, until: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command, wait until it has said something, and kill it in the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", "decamp_service", command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            for line in process.stderr:
                self.lines.append(line)
                if until in line:
                    break
            else:
                pytest.fail("".join(self.lines))
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def tiktok(url: str) -> Iterator[SandboxServer]:
    app = example_app(
        7, "web", redirect_uris=(f"{url}/callback",), webhook=f"{url}/webhook", name="Copies"
    )
    user = User(username=USERS["alice"], seed=7, counts=FEW)
    with SandboxServer(SandboxOptions(apps=(app,), users=(user,), delay=HOUR / 15)) as server:
        yield server


@pytest.fixture
def service(url: str, tiktok: SandboxServer, tmp_path: Path) -> Service:
    return Service(
        {
            **plain_environment(),
            "SERVICE_FOLDER": str(tmp_path / "service"),
            "SERVICE_URL": url,
            "TIKTOK_CLIENT_KEY": tiktok.app.key,
            "TIKTOK_CLIENT_SECRET": tiktok.app.secret,
            "TIKTOK_API": tiktok.address,
        }
    )


@contextmanager
def no_copy(tiktok: SandboxServer) -> Iterator[None]:
    """Let nobody get a copy: a worker that is to be killed before it has one cannot be quicker."""
    tiktok.simulator.faults.set(ServiceFault("download", "slow", seconds=3_600))
    yield
    tiktok.simulator.faults.clear()


@contextmanager
def no_media(tiktok: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nobody get a video or a photo."""
    over, answer = threading.Event(), tiktok.media.answer

    def late(*asked: Any) -> Answer:
        over.wait()
        return answer(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(tiktok.media, "answer", late)
        try:
            yield
        finally:
            over.set()


def test_killed_web_and_worker(
    url: str,
    tiktok: SandboxServer,
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = httpx.Client(trust_env=False, timeout=PATIENCE, headers={"Origin": url})
    started = "Uvicorn running"
    with service("web", until=started):
        browser.post(f"{url}/enter", data={"person": "alice"})
        asked = browser.post(f"{url}/connect")
    address = tiktok.sign_in(asked.headers["location"])
    with service("web", until=started):
        assert browser.get(address).headers["location"] == "/"
    with service("worker", until="the copy of alice waits"):
        pass
    with service("web", until=started):
        tiktok.advance(minutes=4)  # less than the window of a webhook: its clock is the computer's
        assert [one.status for one in tiktok.simulator.webhooks.deliveries] == [200]
        with no_copy(tiktok), service("worker", until="the copy of alice: downloading"):
            pass
        with no_media(tiktok, monkeypatch), service("worker", until="the copy of alice: items"):
            pass
        with service("worker", until="the copy of alice is done"):
            pass
        assert "new entries are in your copy" in browser.get(url).text
    Bag(str(tmp_path / "service" / "people" / "alice" / "copy")).validate()
    assert len(tiktok.simulator.desk.requests) == 1
    said = "".join(service.lines)
    assert tiktok.app.secret not in said and "act." not in said and "code=" not in said


def test_it_says_what_is_not_set() -> None:
    environment = {**plain_environment(), "SERVICE_URL": "http://127.0.0.1:8000"}
    ended = subprocess.run(
        [sys.executable, "-m", "decamp_service", "web"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Set SERVICE_FOLDER and TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_says_how_it_is_used() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "decamp_service"],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Usage: decamp-service web | worker" in ended.stderr
