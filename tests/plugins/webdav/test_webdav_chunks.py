"""Large files in pieces, against the simulator of Nextcloud's chunked upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle_dav import begun, importer_at
from bundle_items import post, profile
from dav_proxy import Answer, DavProxy, Drop, Refuse, dav_proxy, nth, when
from dav_servers import DavServer
from decamp import DestinationFull, Unavailable
from decamp_webdav.address import Address
from decamp_webdav.chunks import CHUNK, upload_id, uploads_of
from nextcloud_simulator import SLOW
from sent_bytes import Told

FILM = bytes(range(256)) * (5 * CHUNK // 512)
"""Two pieces and a half."""


@pytest.fixture
def proxy(nextcloud_simulator: DavServer) -> Iterator[DavProxy]:
    origin = nextcloud_simulator.url.partition("/remote.php")[0]
    with dav_proxy(f"{origin}/") as running:
        yield running


@pytest.fixture
def place(nextcloud_simulator: DavServer, proxy: DavProxy) -> str:
    return proxy.here(nextcloud_simulator.place())


@pytest.fixture
def film(nextcloud_simulator: DavServer, proxy: DavProxy, place: str) -> Path:
    upstream = proxy.upstream + place[len(proxy.url) :]
    return nextcloud_simulator.path(upstream) / "data/posts/2023/2023-05-01T120000Z/1.mp4"


def pieces(proxy: DavProxy) -> list[str]:
    return [
        one.path.rpartition("/")[2]
        for one in proxy.seen
        if one.method == "PUT" and "/uploads/" in one.path
    ]


def test_a_large_file_goes_in_pieces(
    nextcloud_simulator: DavServer, proxy: DavProxy, place: str, film: Path, tmp_path: Path
) -> None:
    with begun(nextcloud_simulator, place, tmp_path) as importer:
        proxy.reset()
        receipts = [importer.import_item(profile()), importer.import_item(post(data=FILM))]
        assert pieces(proxy) == ["00001", "00002", "00003"]
        importer.finish(sorted(receipts, key=lambda receipt: receipt.item_id))
    assert film.read_bytes() == FILM
    assert not list(film.parents[4].rglob(".decamp*"))
    uploads = nextcloud_simulator.files.parent / "uploads"
    assert list(uploads.iterdir()) == []


def test_only_missing_pieces_are_sent_again(
    nextcloud_simulator: DavServer, proxy: DavProxy, place: str, film: Path, tmp_path: Path
) -> None:
    item = post(data=FILM)
    with begun(nextcloud_simulator, place, tmp_path) as importer:
        proxy.reset(when("PUT", Answer(507), path="/00003"))
        with pytest.raises(DestinationFull):
            importer.import_item(item)
    proxy.reset()
    with begun(nextcloud_simulator, place, tmp_path) as importer:
        importer.import_item(item)
    assert pieces(proxy) == ["00003"]
    assert film.read_bytes() == FILM


def test_assembly_is_waited_for_and_not_asked_for_again(
    nextcloud_simulator: DavServer,
    proxy: DavProxy,
    place: str,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name under which it is put together says to the simulator that it takes long."""
    pauses: list[float] = []
    importer = importer_at(nextcloud_simulator, place, tmp_path)
    importer._dav._publishing._pause = pauses.append
    monkeypatch.setattr("decamp_webdav.publishing._WHOLE", SLOW)
    try:
        importer.begin(*_origin())
        proxy.reset()
        importer.import_item(post(data=FILM))
    finally:
        importer.close()
    assert film.read_bytes() == FILM
    assert len(pauses) >= 1 and len(pieces(proxy)) == 3
    assert sum(one.method == "MOVE" and one.path.endswith("/.file") for one in proxy.seen) == 1


def test_what_is_sent_counts_and_not_the_copy_nor_a_piece_twice(
    nextcloud_simulator: DavServer, proxy: DavProxy, place: str, tmp_path: Path
) -> None:
    item = post(data=FILM)
    meter = Told(len(FILM))
    with begun(nextcloud_simulator, place, tmp_path) as importer:
        proxy.reset(when("PUT", Answer(507), path="/00003"))
        with pytest.raises(DestinationFull):
            meter.of(importer.import_item, item)
        proxy.reset(when("PUT", Drop(), path="/00003", times=1))
        again = Told(len(FILM))
        again.of(importer.import_item, item)
    assert {name for name, _ in meter.reached}.isdisjoint({"1.mp4"})
    assert again.reached[:2] == [(again.reached[0][0], CHUNK), (again.reached[0][0], 2 * CHUNK)]
    assert max(position for _, position in again.reached) == again.sent == len(FILM)


@pytest.mark.parametrize("action", [Drop(), Refuse()], ids=["answer lost", "never arrived"])
@pytest.mark.parametrize("method", ["MKCOL", "PUT", "MOVE"])
def test_a_lost_answer_at_each_step(
    action: Drop | Refuse,
    method: str,
    nextcloud_simulator: DavServer,
    proxy: DavProxy,
    place: str,
    film: Path,
    tmp_path: Path,
) -> None:
    item = post(data=FILM)
    importer = importer_at(nextcloud_simulator, place, tmp_path)
    importer._dav._publishing._pause = lambda seconds: None
    try:
        importer.begin(*_origin())
        proxy.reset(when(method, action, path="/uploads/", times=1))
        try:
            importer.import_item(item)
        except Unavailable:
            importer.import_item(item)
    finally:
        importer.close()
    assert film.read_bytes() == FILM


def test_each_request_lost_in_turn(
    nextcloud_simulator: DavServer, proxy: DavProxy, place: str, tmp_path: Path
) -> None:
    item = post(data=FILM)
    number = 0
    while True:
        number += 1
        url = proxy.here(nextcloud_simulator.place())
        importer = importer_at(nextcloud_simulator, url, tmp_path)
        importer._dav._publishing._pause = lambda seconds: None
        try:
            importer.begin(*_origin())
            proxy.reset(nth(number, Drop()))
            for _ in range(3):
                try:
                    receipt = importer.import_item(item)
                    break
                except Unavailable:
                    continue
            calls = proxy.count()
            found = importer.find_item(item)
            assert found is not None and found.data["files"] == receipt.data["files"]
        finally:
            proxy.reset()
            importer.close()
        if number >= calls:
            break
    assert number > 10


def test_uploads_lie_beside_the_files() -> None:
    place = Address.parse("https://c.example/cloud/remote.php/dav/files/ada%20b/TikTok")
    assert uploads_of(place) == "https://c.example/cloud/remote.php/dav/uploads/ada%20b/"
    assert uploads_of(Address.parse("https://c.example/dav/files/ada")) is None
    assert upload_id("a", 1, "x") == upload_id("a", 1, "x") != upload_id("b", 1, "x")


def _origin():
    from bundle_disk import ADA, TOKEN
    from decamp import Origin

    return Origin(ADA), TOKEN
