"""Looking at a bundle on a WebDAV server that breaks off, or has lost it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from cli_run import Cli, Ended
from dav_proxy import DavProxy, Refuse, dav_proxy, when
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
    server = dav_servers("rclone")
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
    brought.proxy.reset(when("GET", Refuse(), path="post.json"))
    ended = brought.run("verify", brought.address, "--deep")
    assert ended.code == 7
    assert "Exception ignored" not in ended.err
    assert "damaged" not in ended.err
