"""A server that keeps names in another normal form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bundle_dav import begun, client
from bundle_items import blob, conversation, messages
from dav_servers import DavServer
from decamp import Item

PHOTOS = Item(
    "post:drafts/7",
    "post",
    {"type": "photos", "audience": "private"},
    (blob("Fr\xfchling.jpg", b"\xff\xd81", "image/jpeg"),),
)


def test_names_in_another_form_are_ours(
    dav_servers: Callable[..., DavServer], tmp_path: Path
) -> None:
    server, items = dav_servers("wsgidav-nfd"), [PHOTOS, conversation("Zo\xeb"), messages("Zo\xeb")]
    url = f"{server.place()}B%C3%BCro/"
    with begun(server, url, tmp_path) as importer:
        receipts = [importer.import_item(item) for item in items]
        importer.finish(sorted(receipts, key=lambda receipt: receipt.item_id))
    with begun(server, url, tmp_path) as importer:
        assert all(importer.import_item(item).existed for item in items)
        assert {one.problem for one in importer.verify(receipts, "digest")} == {""}
        for receipt in receipts:
            assert importer.remove(receipt, None) is None
        importer.finish([])
    found = client(server).request("PROPFIND", url, headers={"Depth": "1"})
    assert found.text.count("<ns0:response>") == 1
