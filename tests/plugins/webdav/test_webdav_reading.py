"""Files that cannot be read as a server lists them: told one by one, and nothing stops for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import bagit
import pytest

from bundle_dav import begun
from bundle_items import post, profile
from dav_proxy import Act, Answer, DavProxy, Drop, Request, Rewrite, when
from dav_servers import DavServer
from decamp import Corrupted, Receipt, Unavailable
from decamp.bundle import Entry
from decamp_webdav.importer import DavImporter

FILM = b"film" * 200_000
"""More than is asked for at once."""


@pytest.fixture
def importer(apache: DavServer, through: str, tmp_path: Path) -> Iterator[DavImporter]:
    with begun(apache, through, tmp_path) as running:
        yield running


@pytest.fixture
def receipts(importer: DavImporter) -> list[Receipt]:
    return [importer.import_item(post(data=FILM)), importer.import_item(profile())]


def shorter(_status: int, _body: bytes) -> tuple[int, bytes]:
    """Give less than the server lists, and what is asked for behind that is not there."""
    return 200, FILM[: len(FILM) // 2]


def _half_and_no_more() -> Act:
    seen = 0

    def act(request: Request) -> Answer | Rewrite | None:
        nonlocal seen
        if request.method != "GET" or not request.path.endswith("/1.mp4"):
            return None
        seen += 1
        return Rewrite(shorter) if seen == 1 else Answer(416)

    return act


BROKEN: dict[str, Callable[[], Act]] = {
    "breaks off": lambda: when("GET", Drop(), path="/1.mp4"),
    "is gone": lambda: when("GET", Answer(404), path="/1.mp4"),
    "ends there": _half_and_no_more,
}


@pytest.mark.parametrize("what", BROKEN)
def test_verify_names_the_file_and_goes_on(
    what: str, importer: DavImporter, receipts: list[Receipt], proxy: DavProxy
) -> None:
    proxy.act = BROKEN[what]()
    found = {one.item_id: one.problem for one in importer.verify(receipts, "digest") if one.item_id}
    assert found == {receipts[0].item_id: "changed", receipts[1].item_id: ""}


@pytest.mark.parametrize("what", BROKEN)
def test_it_is_said_what_cannot_be_read(
    what: str, importer: DavImporter, receipts: list[Receipt], proxy: DavProxy
) -> None:
    path = Entry.from_data(receipts[0].data).files[1].path
    proxy.act = BROKEN[what]()
    with pytest.raises(Corrupted, match=what) as error, importer._dav.open(path) as file:
        file.read()
    assert f"with {len(FILM)} bytes" in error.value.message
    assert error.value.hint


def test_a_network_that_is_down_is_not_called_damage(
    importer: DavImporter, receipts: list[Receipt], proxy: DavProxy
) -> None:
    proxy.act = when("GET", Drop())
    path = Entry.from_data(receipts[0].data).files[1].path
    with importer._dav.open(path) as file:
        proxy.act = lambda request: Drop()
        with pytest.raises(Unavailable, match="broke off"):
            file.read()
    proxy.act = lambda request: None


def test_an_edit_that_cannot_be_read_does_not_keep_the_bag_open(
    importer: DavImporter,
    receipts: list[Receipt],
    proxy: DavProxy,
    apache: DavServer,
    through: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its digest stays that of what was delivered: whoever validates the bag is told."""
    place = apache.path(proxy.upstream + through[len(proxy.url) :])
    [film] = place.rglob("1.mp4")
    film.write_bytes(FILM[:-1])
    importer._dav._listing.forget(film.relative_to(place).as_posix())
    proxy.act = when("GET", Drop(), path="/1.mp4")
    with caplog.at_level(logging.WARNING):
        importer.finish(receipts)
    proxy.act = lambda request: None
    assert "cannot be read" in caplog.text
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(place)).validate()
