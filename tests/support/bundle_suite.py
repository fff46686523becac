"""The suite that every importer has to pass, for the disk importer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from decamp import Receipt
from decamp.testing import ImporterSuite, fake_context
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter
from journey import tree


class DiskSuite(ImporterSuite):
    path: Path

    @pytest.fixture
    def importer(self, tmp_path: Path) -> Any:
        self.path = tmp_path / "bundle"
        importer = DiskImporter(fake_context(Config(self.path), tmp_path))
        yield importer
        importer.close()

    def take_away(self, receipt: Receipt) -> bool:
        shutil.rmtree(receipt.location)
        return True

    def edit(self, receipt: Receipt) -> bool:
        (self.path / receipt.data["files"][0][0]).write_text('{"caption": "mine"}')
        return True

    def leave_something(self) -> bool:
        (self.path / "data" / "mine.txt").write_text("mine")
        return True

    def content(self) -> object:
        """Everything but the marks of a run that is under way."""
        if not self.path.exists():
            return None
        kept = tree(self.path)
        return {path: digest for path, digest in kept.items() if path.startswith("data/")}
