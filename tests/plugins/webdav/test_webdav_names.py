"""Names that a server takes and does not keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from bundle_dav import context
from bundle_disk import ADA, TOKEN
from bundle_items import blob, conversation, messages, post, validate_bag
from dav_proxy import Action, DavProxy, Request, Rewrite
from dav_servers import DavServer
from decamp import DestinationRefused, ItemRejected, Origin
from decamp_webdav.importer import DavImporter


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


def test_an_address_that_the_server_cannot_tell(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    place = f"{proxy.here(apache.place())}Tom%20%26%20Jerry"
    proxy.act = ampersands_untold()
    importer = DavImporter(context(apache, place, tmp_path, tmp_path / "state"))
    with pytest.raises(DestinationRefused) as caught:
        importer.begin(Origin(ADA), TOKEN)
    importer.close()
    assert "choose one without signs such as &" in caught.value.hint
