"""Folders are listed once, where thousands of files are looked at, brought or taken back.

What was changed since is listed anew.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bundle_dav import begun, client, transfer
from bundle_items import post
from dav_proxy import Action, Answer, DavProxy, Request
from dav_servers import DavServer
from decamp import AccessDenied
from decamp.bundle.reading import BundleExporter
from decamp_webdav.importer import DavImporter
from journey import tree

DAYS = ("2023-05-01", "2023-05-02", "2024-01-01")


@pytest.fixture
def importer(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> Iterator[DavImporter]:
    with begun(apache, proxy.here(apache.place()), tmp_path) as running:
        proxy.reset()
        yield running


def folder(day: str) -> str:
    return f"data/posts/{day[:4]}/{day}T120000Z"


def lists(proxy: DavProxy) -> Counter[str]:
    """Count for each post how often what lies in its folder was asked for."""
    asked = [
        one.path.rstrip("/")
        for one in proxy.seen
        if one.method == "PROPFIND" and one.headers.get("depth") == "1"
    ]
    return Counter({day: sum(path.endswith(folder(day)) for path in asked) for day in DAYS})


def test_each_new_folder_is_listed_once(importer: DavImporter, proxy: DavProxy) -> None:
    receipts = [importer.import_item(post(f"{day}T12:00:00Z")) for day in DAYS]
    assert lists(proxy) == dict.fromkeys(DAYS, 1)
    importer.finish(receipts)
    assert lists(proxy) == dict.fromkeys(DAYS, 1)


def test_a_folder_that_was_changed_is_listed_again(importer: DavImporter, proxy: DavProxy) -> None:
    items = [post(f"{day}T12:00:00Z") for day in DAYS]
    receipts = [importer.import_item(item) for item in items]
    changed = items[1].evolve(record={**items[1].record, "caption": "Another"})
    receipts[1] = importer.update_item(changed, receipts[1])
    before = lists(proxy)
    importer.finish(receipts)
    assert lists(proxy) - before == {DAYS[1]: 1}


def test_verify_asks_for_what_is_there_now(
    importer: DavImporter, proxy: DavProxy, apache: DavServer
) -> None:
    receipts = [importer.import_item(post(f"{day}T12:00:00Z")) for day in DAYS]
    gone = f"{proxy.upstream}{importer.check().id[len(proxy.url) :]}/{folder(DAYS[0])}/1.mp4"
    assert client(apache).delete(gone).status_code == 204
    found = {one.item_id: one.problem for one in importer.verify(receipts, "size")}
    assert [found[one.item_id] for one in receipts] == ["missing", "", ""]


def test_what_is_read_back_is_listed_once(importer: DavImporter, proxy: DavProxy) -> None:
    importer.finish([importer.import_item(post(f"{day}T12:00:00Z")) for day in DAYS])
    proxy.reset()
    assert len(list(importer.known())) == len(DAYS)
    assert lists(proxy) == dict.fromkeys(DAYS, 1)
    assert asked_alone(proxy) == []


def test_a_source_is_listed_once(importer: DavImporter, proxy: DavProxy, tmp_path: Path) -> None:
    importer.finish([importer.import_item(post(f"{day}T12:00:00Z")) for day in DAYS])
    exporter = BundleExporter(importer._place, logging.getLogger("decamp.test"), tmp_path)
    proxy.reset()
    for page in exporter.export_pages(None):
        for item in page.items:
            with item.blobs[0].open() as film:
                assert film.read() == b"film"
    assert lists(proxy) == dict.fromkeys(DAYS, 1)
    assert asked_alone(proxy) == []


def test_a_year_is_not_listed_for_each_post_that_is_taken_back(
    importer: DavImporter, proxy: DavProxy, apache: DavServer
) -> None:
    days = [f"2023-05-{day:02}" for day in range(1, 9)]
    receipts = [importer.import_item(post(f"{day}T12:00:00Z")) for day in days]
    place = importer.check().id
    proxy.reset()
    for receipt in receipts:
        assert importer.remove(receipt, None) is None
    years = [one for one in proxy.seen if one.path.rstrip("/").endswith("data/posts/2023")]
    # The first post finds seven others, and the last one nothing; then the year is moved away.
    assert [one.method for one in years] == ["PROPFIND", "PROPFIND", "MOVE"]
    left = client(apache).request("PROPFIND", f"{proxy.upstream}{place[len(proxy.url) :]}/data")
    assert left.status_code == 404


def asked_alone(proxy: DavProxy) -> list[str]:
    """Give what was asked about on its own, and by no list."""
    return [
        one.path
        for one in proxy.seen
        if one.method == "PROPFIND" and one.headers.get("depth") == "0" and "/data/" in one.path
    ]


def test_nothing_is_remembered_of_what_is_taken_back(apache: DavServer, tmp_path: Path) -> None:
    """Else the memory of an undo would grow with what it takes back."""
    place = apache.place()
    receipts = transfer(apache, place, tmp_path, [post(f"{day}T12:00:00Z") for day in DAYS])
    with begun(apache, place, tmp_path) as running:
        for receipt in receipts:
            running.remove(receipt, None)
        assert not running._folder._taken
        assert not any(running._folder._others.values())
        again = running.import_item(post(f"{DAYS[0]}T12:00:00Z"))
        assert not again.existed
        assert running.find_item(post(f"{DAYS[0]}T12:00:00Z")) is not None
        running.finish([again])


def test_at_the_end_of_an_undo_other_peoples_files_are_listed_once_and_not_read(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    place = apache.place()
    with begun(apache, proxy.here(place), tmp_path) as running:
        receipt = running.import_item(post())
        http = client(apache)
        http.request("MKCOL", f"{place}data/own/").raise_for_status()
        http.put(f"{place}data/own/film.mp4", content=b"mine").raise_for_status()
        running.remove(receipt, None)
        proxy.reset()
        running.finish([])
    own = [one.method for one in proxy.seen if "/data/own" in one.path]
    assert own == ["PROPFIND"]
    assert tree(apache.path(place)).keys() == {"decamp.json", "data/own/film.mp4"}


def test_more_folders_than_are_asked_for_at_a_time(apache: DavServer, tmp_path: Path) -> None:
    url = apache.place()
    folders = {f"data/{n}" for n in range(150)} | {f"data/{n}/deep" for n in range(0, 150, 3)}
    expected = sorted([*folders, *(f"{path}/file" for path in {"data", *folders})])
    with begun(apache, url, tmp_path) as importer:
        for path in ["data", *sorted(folders)]:
            client(apache).request("MKCOL", f"{url}{path}/").raise_for_status()
            client(apache).put(f"{url}{path}/file", content=b"1").raise_for_status()
        listing = importer._dav._listing
        assert sorted(path for path, _ in listing.walk("data")) == expected
        with listing.used():
            for _ in range(2):  # asked for, then remembered
                assert sorted(path for path, _ in listing.walk("data")) == expected


def test_after_an_error_no_other_list_is_waited_for(
    importer: DavImporter, proxy: DavProxy, apache: DavServer
) -> None:
    url = f"{proxy.upstream}{importer.check().id[len(proxy.url) :]}/"
    for path in ("data", "data/1", "data/2", "data/3"):
        client(apache).request("MKCOL", f"{url}{path}/").raise_for_status()
    numbers, asked, gate, waited = count(1), threading.Event(), threading.Event(), []

    def act(request: Request) -> Action | None:
        """Answer the first, which is asked for alone; of the others, refuse the one that is later."""
        number = next(numbers) if "/data/" in request.path.rstrip("/") else 1
        if number == 2:
            asked.set()
            waited.append(gate.wait(120))
        if number > 2:
            assert asked.wait(60)
            return Answer(403)
        return None

    proxy.reset(act)
    with pytest.raises(AccessDenied):
        list(importer._dav._listing.walk("data"))
    assert asked.is_set()
    assert waited == []
    gate.set()
