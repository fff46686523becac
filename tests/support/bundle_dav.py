"""Runs of the WebDAV importer, as the engine drives it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bundle_disk import ADA, TOKEN
from dav_servers import DavServer
from decamp import Context, Item, Origin, Receipt
from decamp.http.direct import DirectClient
from decamp.http.login import LoginAuth
from decamp_webdav.address import Address
from decamp_webdav.config import Config
from decamp_webdav.findings import Findings, save
from decamp_webdav.importer import DavImporter

OPENED: list[httpx.Client] = []
LEARNT: dict[str, Findings] = {}
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def context(server: DavServer, url: str, scratch: Path, state: Path | None, **options: Any) -> Any:
    """What the host would give, signed in."""
    http = DirectClient(LoginAuth(Address.parse(url).origin, *server.auth))
    OPENED.append(http)
    log = logging.getLogger("decamp.test")
    config = Config(url, **options)
    return Context(config, log, lambda: MOMENT, scratch, http=http, state=state)


def importer_at(server: DavServer, url: str, scratch: Path, **options: Any) -> DavImporter:
    """An importer that knows what was learnt about this server once in these tests."""
    state = scratch / "state"
    if server.url not in LEARNT:
        place = server.place()
        learner = DavImporter(context(server, place, scratch, None))
        LEARNT[server.url] = learner._learnt()
        client(server).delete(place).raise_for_status()
    save(state, msgspec.structs.replace(LEARNT[server.url], url=url.rstrip("/")))
    return DavImporter(context(server, url, scratch, state, **options))


def client(server: DavServer) -> httpx.Client:
    """Another client, for what a person does: some servers do not look at their disk again."""
    http = httpx.Client(auth=server.auth, trust_env=False, timeout=120)
    OPENED.append(http)
    return http


def overwrite(server: DavServer, url: str, data: bytes) -> None:
    """Put a file in the place of another, as a person does: copyparty would keep both."""
    http = client(server)
    if server.kind == "copyparty":
        http.delete(url)
    http.put(url, content=data).raise_for_status()


def close_all() -> None:
    """Close all clients of a test."""
    while OPENED:
        OPENED.pop().close()


@contextmanager
def begun(server: DavServer, url: str, scratch: Path, **options: Any) -> Iterator[DavImporter]:
    """An importer between `begin` and `close`."""
    importer = importer_at(server, url, scratch, **options)
    try:
        importer.begin(Origin(ADA), TOKEN)
        yield importer
    finally:
        importer.close()


def transfer(
    server: DavServer, url: str, scratch: Path, items: Iterable[Item], **options: Any
) -> list[Receipt]:
    """A whole run; returns its receipts, by item id."""
    with begun(server, url, scratch, **options) as importer:
        receipts = sorted(map(importer.import_item, items), key=lambda receipt: receipt.item_id)
        importer.sync()
        importer.finish(receipts)
    return receipts
