"""Servers for the tests of the WebDAV plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bundle_dav import close_all
from dav_servers import apache, dav, dav_servers, nextcloud_simulator, stranger

__all__ = ["apache", "dav", "dav_servers", "nextcloud_simulator", "stranger"]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close all clients of a test at its end."""
    yield
    close_all()
