"""Looking at a bundle on a WebDAV server that breaks off, or has lost it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from cli_run import Cli, Ended
from dav_proxy import Action, Answer, DavProxy, Refuse, Request, dav_proxy
from dav_servers import DavServer
from hand_files import account, pack

POSTS = 30


@frozen
class Scene:
    """A bundle on a server, behind a proxy."""

    proxy: DavProxy
    cli: Cli
    server: DavServer
    archive: Path
    place: str

    def run(self, *words: str) -> Ended:
        """Run a command; the environment signs in."""
        return self.cli(
            *words,
            DECAMP_WEBDAV_USER=self.server.user,
            DECAMP_WEBDAV_PASSWORD=self.server.password,
        )

    @property
    def address(self) -> str:
        return f"webdav:{self.proxy.here(self.place)}"


@pytest.fixture
def scene(dav_servers: Callable[..., DavServer], home: Path, tmp_path: Path) -> Iterator[Scene]:
    server = dav_servers("wsgidav")
    posts = [
        {"Date": f"2024-01-01 00:00:{n:02}", "Link": "", "Title": f"post {n}"} for n in range(POSTS)
    ]
    document = account("hand.made", "", Post={"Posts": {"VideoList": posts}})
    with dav_proxy(server.url) as proxy:
        yield Scene(proxy, Cli(home), server, pack(tmp_path / "a.zip", document), server.place())


@pytest.fixture
def brought(scene: Scene) -> Scene:
    ended = scene.run("transfer", str(scene.archive), scene.address)
    assert ended.code == 0, ended.err
    return scene


def test_a_look_that_breaks_off_says_so_and_nothing_else(brought: Scene) -> None:
    down = False

    def act(request: Request) -> Action | None:
        nonlocal down
        down = down or request.path.endswith("post.json")
        return Refuse() if down else None

    brought.proxy.reset(act)
    ended = brought.run("verify", brought.address, "--deep")
    assert ended.code == 7
    assert "Exception ignored" not in ended.err
    assert "damaged" not in ended.err


def test_a_bundle_that_is_gone_is_missing(brought: Scene) -> None:
    shutil.rmtree(brought.server.path(brought.place))
    ended = brought.run("verify", brought.address, "--deep", "--json")
    assert ended.code == 3, ended.err
    items = ended.document["items"]
    assert items > POSTS
    assert f"All {items} items that decamp brought are missing" in ended.err


def test_after_a_run_that_was_cut_off_what_it_left_is_not_called_a_strangers(scene: Scene) -> None:
    def act(request: Request) -> Action | None:
        with_data = request.method == "MOVE" and "/data/" in request.headers["destination"]
        taken = [one for one in scene.proxy.seen if one.method == "MOVE"]
        return Answer(507) if with_data and len(taken) > POSTS - 3 else None

    scene.proxy.act = act
    ended = scene.run("transfer", str(scene.archive), scene.address)
    assert ended.code == 6, ended.err
    for number in range(21):
        strange = scene.server.path(scene.place) / "data" / f"{number}.txt"
        strange.write_text("mine")
    scene.proxy.reset()
    ended = scene.run("verify", scene.address, "--deep", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["unfinished"]
    assert len(ended.document["added"]) >= 21
    assert "are not from decamp, or not confirmed yet:" in ended.err
    assert f"... and {len(ended.document['added']) - 20} more; --json lists them." in ended.err
    assert "A transfer to it was cut off" in ended.err
    assert "run the same transfer again" in ended.err

    assert scene.run("transfer", str(scene.archive), scene.address).code == 0
    ended = scene.run("verify", scene.address, "--json")
    assert not ended.document["unfinished"]
    assert "was cut off" not in ended.err
