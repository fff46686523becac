"""Servers for the tests of the WebDAV plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bundle_dav import close_all
from dav_proxy import DavProxy, dav_proxy
from dav_servers import DavServer, any_dav, apache, dav, dav_servers, nextcloud_simulator

__all__ = ["any_dav", "apache", "dav", "dav_servers", "nextcloud_simulator"]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close all clients of a test at its end."""
    yield
    close_all()


@pytest.fixture
def proxy(apache: DavServer) -> Iterator[DavProxy]:
    """A proxy before Apache; some modules have one before another server."""
    with dav_proxy(apache.url) as running:
        yield running


@pytest.fixture
def through(apache: DavServer, proxy: DavProxy) -> str:
    """The address of a new place at Apache, through the proxy."""
    return proxy.here(apache.place())
