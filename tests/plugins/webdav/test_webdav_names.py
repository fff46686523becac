"""Names that a server keeps in another normal form, or takes and does not keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import attrs
import pytest

from bundle_dav import begun, client, context
from bundle_disk import ADA, TOKEN
from bundle_items import blob, conversation, messages, post, validate_bag
from dav_proxy import Action, Answer, DavProxy, Request, Rewrite
from dav_servers import DavServer
from decamp import DestinationRefused, Item, ItemRejected, Origin, Preview
from decamp_webdav.importer import DavImporter

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


def ampersands_untold() -> Callable[[Request], Action | None]:
    """Play phodav 3.0: what has an ampersand in its name has no address in a list."""
    address = re.compile(rb"<D:href>[^<]*(?:%26|&amp;)[^<]*</D:href>")
    told = Rewrite(lambda status, body: (status, address.sub(b"<D:href/>", body)))
    return lambda request: told if request.method == "PROPFIND" else None


def test_only_items_with_a_sign_that_is_not_kept_are_refused(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    place = apache.place()
    proxy.act = ampersands_untold()
    importer = DavImporter(context(apache, proxy.here(place), tmp_path, tmp_path / "state"))
    importer.begin(Origin(ADA), TOKEN)
    told = dict(importer._learnt().told())
    assert told["accents, blanks and signs in names"] == "not kept: '&'"
    film = attrs.evolve(post(), blobs=(blob("Tom & Jerry.mp4", b"film"),))
    for item in (conversation("Tom & Jerry"), messages("Tom & Jerry"), film):
        with pytest.raises(ItemRejected, match="does not keep the sign & in the name"):
            importer.import_item(item)
    receipts = [importer.import_item(item) for item in (conversation("Tom + Jerry #1"), post())]
    importer.finish(receipts)
    assert {one.problem for one in importer.verify(receipts, "digest")} == {""}
    importer.close()
    validate_bag(apache.path(place))
    _, number = proxy.reset(), len(proxy.seen)
    planning = DavImporter(context(apache, proxy.here(place), tmp_path, tmp_path / "state"))
    for item in (conversation("Tom & Jerry"), messages("Tom & Jerry"), film):
        assert [loss.code for loss in planning.preview(item).losses] == ["name"]
    assert planning.preview(conversation("Tom + Jerry #1")) == planning.preview(post()) == Preview()
    assert len(proxy.seen) == number, "nobody is asked"
    planning.close()


@pytest.mark.parametrize("longest", [50, 119])
def test_names_that_are_too_long_are_refused_one_by_one(
    longest: int, apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    def act(request: Request) -> Action | None:
        names = map(unquote, request.path.split("/"))
        return Answer(500) if any(len(name.encode()) > longest for name in names) else None

    place = apache.place()
    proxy.act = act
    importer = DavImporter(context(apache, proxy.here(place), tmp_path, tmp_path / "state"))
    assert importer.preview(conversation("a" * 120)) == Preview(), "nothing is known yet"
    importer.begin(Origin(ADA), TOKEN)
    told = dict(importer._learnt().told())
    assert told["names of the greatest length"] == f"up to {longest} bytes"
    fits, over = conversation("a" * longest), messages("A" * 200)
    for item in (over, conversation("a" * (longest + 1))):
        assert [loss.code for loss in importer.preview(item).losses] == ["name"]
        with pytest.raises(ItemRejected, match=f"takes names of up to {longest} bytes"):
            importer.import_item(item)
    assert importer.preview(fits) == Preview()
    receipts = [importer.import_item(item) for item in (fits, post())]
    importer.finish(receipts)
    importer.close()
    validate_bag(apache.path(place))


def test_an_address_that_the_server_cannot_tell(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    place = f"{proxy.here(apache.place())}Tom%20%26%20Jerry"
    proxy.act = ampersands_untold()
    importer = DavImporter(context(apache, place, tmp_path, tmp_path / "state"))
    with pytest.raises(DestinationRefused) as caught:
        importer.begin(Origin(ADA), TOKEN)
    importer.close()
    assert "any more" not in caught.value.message, "only the folders above it were told of"
    assert "signs such as & or %: then choose another" in caught.value.hint
