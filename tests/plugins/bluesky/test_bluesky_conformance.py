"""The suite that every importer has to pass, on a real server."""

from __future__ import annotations

import pytest

from decamp.model import Receipt
from decamp.testing.importer_suite import ImporterSuite
from decamp_bluesky.config import Config, capabilities
from decamp_bluesky.importer import BlueskyImporter
from pds_run import Account, Pds


class TestBluesky(ImporterSuite):
    """What is there is read from the repository's own export."""

    capabilities = capabilities(Config("ada.test"))

    @pytest.fixture
    def importer(self, make, pds: Pds, account: Account) -> BlueskyImporter:
        self.pds, self.account = pds, account
        return make(max_video=70 << 20)

    def content(self) -> object:
        repository = self.pds.repository(self.account.did)
        blobs = {cid: self.pds.blob(self.account.did, cid) for cid in self._blobs()}
        return repository, blobs

    def password(self) -> str:
        return self.account.app_password

    def take_away(self, receipt: Receipt) -> bool:
        for key, _, _ in receipt.data["records"]:
            where = {"repo": self.account.did, "collection": "app.bsky.feed.post", "rkey": key}
            self.pds.call("com.atproto.repo.deleteRecord", where, self.account.token)
        return True

    def edit(self, receipt: Receipt) -> bool:
        key, _, record = receipt.data["records"][0]
        where = {"repo": self.account.did, "collection": "app.bsky.feed.post", "rkey": key}
        edited = {**record, "text": "Edited by hand"}
        self.pds.call("com.atproto.repo.putRecord", where | {"record": edited}, self.account.token)
        return True

    def _blobs(self) -> list[str]:
        return self.pds.blobs(self.account.did)
