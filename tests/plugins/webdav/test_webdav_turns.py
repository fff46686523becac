"""A server that dies of requests side by side: rclone, if names are looked for and change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from bundle_dav import begun, client
from bundle_items import post, profile
from dav_proxy import Action, Request, Rewrite, dav_proxy
from dav_servers import DavServer, dav_server, require
from decamp import Item
from decamp_webdav.importer import DavImporter

THREADS = 8
POSTS = 600
"""With requests side by side, rclone 1.75.2 dies before their end in most tries."""


@pytest.fixture
def alone() -> Iterator[DavServer]:
    """An rclone of this test alone: no other one may suffer from it."""
    require("rclone")
    with dav_server("rclone") as server:
        yield server


def some_posts(number: int) -> list[Item]:
    return [post(f"2023-05-01T12:{n // 60:02}:{n % 60:02}Z") for n in range(number)]


def brought(importer: DavImporter, items: Sequence[Item]) -> set[str]:
    """Import them side by side; returns where they are."""
    with ThreadPoolExecutor(THREADS) as pool:
        return {receipt.location for receipt in pool.map(importer.import_item, items)}


def test_rclone_outlives_many_posts(alone: DavServer, tmp_path: Path) -> None:
    url = alone.place()
    with begun(alone, url, tmp_path) as importer:
        assert len(brought(importer, some_posts(POSTS))) == POSTS
    assert client(alone).request("PROPFIND", url, headers={"Depth": "0"}).status_code == 207
    assert len(list(alone.path(url).glob("data/posts/*/*/1.mp4"))) == POSTS


class Gauge:
    """Sees what is on its way at the same moment; holds the first films until two are."""

    def __init__(self) -> None:
        self.most = 0
        self.folders: list[str] = []
        self._lock = threading.Lock()
        self._open = 0
        self._films = count(1)
        self._two = threading.Barrier(2)

    def act(self, request: Request) -> Action | None:
        folder, _, name = request.path.rpartition("/")
        if request.method == "PUT":
            self.folders.append(folder)
            if name == "1.mp4" and next(self._films) <= self._two.parties:
                self._two.wait(60)
            return None
        with self._lock:
            self._open += 1
            self.most = max(self.most, self._open)
        return Rewrite(self._answered)

    def _answered(self, status: int, body: bytes) -> tuple[int, bytes]:
        with self._lock:
            self._open -= 1
        return status, body


def test_names_take_turns_and_contents_do_not(alone: DavServer, tmp_path: Path) -> None:
    items = [*some_posts(40), profile()]
    gauge = Gauge()
    with (
        dav_proxy(alone.url) as proxy,
        begun(alone, proxy.here(alone.place()), tmp_path) as importer,
    ):
        proxy.reset(gauge.act)
        assert len(brought(importer, items)) == len(items)
        proxy.reset()
    assert gauge.most == 1
    # Nothing that runs side by side goes into one folder.
    assert all(gauge.folders.count(folder) <= 2 for folder in gauge.folders), gauge.folders
