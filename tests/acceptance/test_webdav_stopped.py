"""Ctrl-C while a server takes its time: what is on its way is finished, and the rest is not begun."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import bagit
import pytest
from attrs import frozen

from cli_run import Cli
from dav_proxy import Action, DavProxy, Request, dav_proxy
from dav_servers import DavServer
from hand_files import account, pack

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")

POSTS = 40
RECORD = "posts/*/*/post.json"


@frozen
class Scene:
    """An export of many posts, and a server that waits before it takes the first."""

    proxy: DavProxy
    cli: Cli
    server: DavServer
    archive: Path
    place: str
    gate: threading.Event
    asked: threading.Event

    @property
    def bundle(self) -> Path:
        return self.server.path(self.place)

    def start(self) -> subprocess.Popen[str]:
        words = ["transfer", str(self.archive), f"webdav:{self.proxy.here(self.place)}", "--json"]
        return subprocess.Popen(
            [sys.executable, "-m", "decamp", *words],
            env=self.cli.environment(
                DECAMP_WEBDAV_USER=self.server.user, DECAMP_WEBDAV_PASSWORD=self.server.password
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def held(self) -> subprocess.Popen[str]:
        """Start a run, and come back when the server has been asked to take a post."""
        process = self.start()
        assert self.asked.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while "press again" not in process.stderr.readline():
            assert process.poll() is None
        return process

    def finished(self) -> None:
        """Run until the end, and check that everything is there."""
        self.gate.set()
        process = self.start()
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        bagit.Bag(str(self.bundle)).validate()
        assert len(list(self.bundle.glob(f"data/{RECORD}"))) == POSTS


@pytest.fixture
def scene(dav_servers: Callable[..., DavServer], home: Path, tmp_path: Path) -> Iterator[Scene]:
    server = dav_servers("rclone")
    gate, asked = threading.Event(), threading.Event()

    def act(request: Request) -> Action | None:
        if request.method == "PUT" and request.path.endswith("post.json"):
            asked.set()
            gate.wait(120)
        return None

    posts = [
        {"Date": f"2024-01-01 00:00:{n:02}", "Link": "", "Title": f"post {n}"} for n in range(POSTS)
    ]
    archive = pack(
        tmp_path / "a.zip", account("hand.made", "", Post={"Posts": {"VideoList": posts}})
    )
    with dav_proxy(server.url) as proxy:
        proxy.act = act
        yield Scene(proxy, Cli(home), server, archive, server.place(), gate, asked)
        gate.set()


def test_stopped_once_what_is_on_its_way_arrives(scene: Scene) -> None:
    process = scene.held()
    scene.gate.set()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "could not be delivered" not in err
    assert "Stopped, as you asked. What has arrived is safe." in err
    arrived = len(list(scene.bundle.glob(f"data/{RECORD}")))
    assert 0 < arrived < POSTS, "what had been begun, and no more"
    told = scene.cli("status")
    assert "was interrupted" in told.out + told.err
    scene.finished()


def test_stopped_twice_it_quits_at_once(scene: Scene) -> None:
    process = scene.held()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Quit at once, as you asked." in err
    told = scene.cli("status")
    assert "was cut off" in told.out + told.err
    scene.finished()
