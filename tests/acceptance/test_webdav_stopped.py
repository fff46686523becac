"""Ctrl-C while a server takes its time: what is on its way is finished, and the rest is not begun.

What decamp itself waits for is over at once.
"""

from __future__ import annotations

import json
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
from dav_proxy import Action, Answer, DavProxy, Request, dav_proxy, when
from dav_servers import DavServer
from decamp_webdav.chunks import CHUNK
from hand_files import account, pack
from media_bytes import mp4

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

    def start(self, *more: str, command: str = "transfer") -> subprocess.Popen[str]:
        source = [str(self.archive)] if command == "transfer" else []
        words = [command, *source, f"webdav:{self.proxy.here(self.place)}", "--json", *more]
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
        said = heard(process, "Ctrl-C again")
        assert "at once" in said and "nothing is lost" in said
        assert "items" in heard(process, "Being finished: ")
        return process

    def finished(self) -> None:
        """Run until the end, and check that everything is there."""
        self.gate.set()
        process = self.start()
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        bagit.Bag(str(self.bundle)).validate()
        assert len(list(self.bundle.glob(f"data/{RECORD}"))) == POSTS


def heard(process: subprocess.Popen[str], words: str) -> str:
    """Give the next line with these words."""
    assert process.stderr is not None
    while words not in (line := process.stderr.readline()):
        assert line or process.poll() is None, f"it ended and never said {words!r}"
    return line


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


def test_a_wait_that_the_server_asked_for_ends_at_once(scene: Scene) -> None:
    asks = Answer(429, headers={"Retry-After": "3600"})
    scene.proxy.act = when("PUT", asks, path="post.json")
    process = scene.start()
    heard(process, "Waiting until")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    scene.proxy.reset()
    scene.finished()


def when_asked(scene: Scene, below: str = "") -> Callable[[Request], Action | None]:
    """Answer no question about this place, or what is below it, until the gate is opened."""

    def act(request: Request) -> Action | None:
        if request.path.endswith(f"{scene.place.removeprefix(scene.server.url)}{below}"):
            scene.asked.set()
            scene.gate.wait(120)
        return None

    return act


def test_a_server_that_is_only_looked_at_is_left_though_it_never_answers(scene: Scene) -> None:
    scene.proxy.act = when_asked(scene)
    process = scene.start()
    assert scene.asked.wait(60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    log = (scene.cli.home / "decamp.log").read_text()
    assert "Stopped while a server was asked." in log, "and not: it did not answer in time"
    assert {one.method for one in scene.proxy.seen} == {"PROPFIND"}
    scene.proxy.reset()
    scene.finished()


def test_a_look_at_a_copy_ends_though_the_server_never_answers(scene: Scene) -> None:
    scene.finished()
    scene.asked.clear()
    scene.gate.clear()
    scene.proxy.reset(when_asked(scene, "data/"))
    process = scene.start(command="verify")
    assert scene.asked.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Stopped, as you asked, before everything was looked at." in err
    assert not json.loads(out)["finished"]


def test_pieces_that_the_server_puts_together_are_not_waited_for(
    nextcloud_simulator: DavServer, home: Path, tmp_path: Path
) -> None:
    """It would take a quarter of an hour; the next run looks what has become of them."""
    media, film = tmp_path / "media", mp4(2 * CHUNK + 1)
    media.mkdir()
    (media / "20240101_000000.mp4").write_bytes(film)
    posts = [{"Date": "2024-01-01 00:00:00", "Link": "https://v16.tiktokcdn.com/video/one"}]
    archive = pack(
        tmp_path / "a.zip", account("hand.made", "", Post={"Posts": {"VideoList": posts}})
    )
    began, asked = threading.Event(), threading.Event()

    def act(request: Request) -> Action | None:
        if request.method == "MOVE" and request.headers.get("oc-total-length") == str(len(film)):
            began.set()
            return Answer(504)
        if began.is_set() and request.method == "PROPFIND":
            asked.set()
        return None

    origin = nextcloud_simulator.url.partition("/remote.php")[0]
    with dav_proxy(f"{origin}/") as proxy:
        place = nextcloud_simulator.place()
        scene = Scene(proxy, Cli(home), nextcloud_simulator, archive, place, began, asked)
        words = ("-o", f"from.media={media}")
        proxy.act = act
        process = scene.start(*words)
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 130, err
        proxy.reset()
        process = scene.start(*words)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert not any("/uploads/" in one.path for one in proxy.seen if one.method == "PUT")
    [there] = scene.bundle.glob("data/posts/*/*/1.mp4")
    assert there.read_bytes() == film
