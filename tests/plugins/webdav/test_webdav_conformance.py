"""The suite that every importer has to pass, against each real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bundle_dav import client, importer_at, overwrite
from dav_servers import DavServer
from decamp import Receipt
from decamp.testing import ImporterSuite
from journey import tree


class TestWebDav(ImporterSuite):
    """All of it; nothing is skipped. What a person does is done by another client."""

    @pytest.fixture
    def importer(self, any_dav: DavServer, tmp_path: Path) -> Iterator[Any]:
        self.server = any_dav
        self.url = any_dav.place()
        self.path = any_dav.path(self.url)
        self.http = client(any_dav)
        importer = importer_at(any_dav, self.url, tmp_path)
        yield importer
        importer.close()

    def take_away(self, receipt: Receipt) -> bool:
        for name, *_ in receipt.data["files"]:
            self.http.delete(self.url + name).raise_for_status()
        return True

    def edit(self, receipt: Receipt) -> bool:
        return self.write(receipt.data["files"][0][0], b'{"caption": "mine"}')

    def leave_something(self) -> bool:
        return self.write("data/mine.txt", b"mine")

    def write(self, name: str, data: bytes) -> bool:
        overwrite(self.server, self.url + name, data)
        return True

    def content(self) -> object:
        """Everything but the marks of a run that is under way."""
        if not self.path.exists():
            return None
        kept = tree(self.path)
        return {path: digest for path, digest in kept.items() if path.startswith("data/")}
