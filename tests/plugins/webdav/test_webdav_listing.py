"""A folder that a run has filled is listed once; whatever was changed since is listed anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle_dav import begun, client
from bundle_items import post
from dav_proxy import DavProxy
from dav_servers import DavServer
from decamp_webdav.importer import DavImporter

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
