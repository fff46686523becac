"""What very many folders and long lists take of memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from decamp.http.direct import DirectClient
from decamp_webdav.address import Address
from decamp_webdav.client import DavClient
from decamp_webdav.listing import Listing
from decamp_webdav.marks import Marks
from decamp_webdav.multistatus import Resource, read_multistatus

NOBODY = "http://127.0.0.1:9/dav"
"""Nothing answers there, and nothing is to be asked."""


def peak(act: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def http() -> Iterator[DirectClient]:
    with DirectClient() as client:
        yield client


def folders(*names: str, of: str) -> list[Resource]:
    below = [Resource(f"/dav/{of}/{name}", folder=True) for name in names]
    return [Resource(f"/dav/{of}", folder=True), *below]


def tell(listing: Listing, years: int) -> None:
    """Tell it of a hundred posts a year, each a record and a film."""
    listing.remember("data", folders("posts", of="data"))
    listing.remember("data/posts", folders(*map(str, range(years)), of="data/posts"))
    for year in range(years):
        posts = [f"{number:032}" for number in range(100)]
        above = f"data/posts/{year}"
        listing.remember(above, folders(*posts, of=above))
        for post in posts:
            files = [
                Resource(f"/dav/{above}/{post}/{name}", False, 7, 1_700_000_000_000_000, "x" * 30)
                for name in ("1.mp4", "post.json")
            ]
            listing.remember(f"{above}/{post}", [Resource(f"/dav/{above}/{post}", True), *files])


def test_what_was_told_of_very_many_folders(http: DirectClient, tmp_path: Path) -> None:
    found: list[int] = []

    def bring(years: int) -> None:
        client = DavClient(http, Address.parse(NOBODY), lambda: datetime.now(UTC))
        listing = Listing(client, tmp_path)
        tell(listing, years)
        with listing.used(told=True):
            found.append(sum(1 for _, one in listing.walk("data") if not one.folder))
            post = listing.find(f"data/posts/0/{0:032}/post.json")
            assert post is not None and post.size == 7
        listing.close()

    bring(1)
    few, many = peak(lambda: bring(5)), peak(lambda: bring(20))
    assert found == [200, 1_000, 4_000]
    assert many - few < 1_500 * 100
    assert list(tmp_path.iterdir()) == []


def test_a_long_list_is_read_as_it_comes() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'<d:multistatus xmlns:d="DAV:">'
        for number in range(1_000):
            yield f"<d:response><d:href>/dav/{number}</d:href><d:propstat><d:prop>".encode()
            yield b"<d:getcontentlength>7</d:getcontentlength>"
            yield b"<d:comment>" + b"x" * 30_000 + b"</d:comment>"  # nobody has asked for that
            yield b"</d:prop></d:propstat></d:response>"
        yield b"</d:multistatus>"

    def read() -> None:
        assert len(read_multistatus(chunks())) == 1_000

    assert peak(read) < 8 << 20


def test_marked_paths_are_found_and_hardly_any_other() -> None:
    marks = Marks()
    assert not marks
    assert "data" not in marks
    for number in range(1_000):
        marks.add(f"data/{number}")
    assert marks
    assert all(f"data/{number}" in marks for number in range(1_000))
    assert sum(f"data/{number}" in marks for number in range(1_000, 2_000)) < 100
