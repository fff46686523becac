"""The disk importer in the suite that every importer has to pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from decamp.testing import ImporterSuite, fake_context
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter
from journey import tree


class TestDisk(ImporterSuite):
    @pytest.fixture
    def importer(self, tmp_path: Path) -> Any:
        self.path = tmp_path / "bundle"
        importer = DiskImporter(fake_context(Config(self.path), tmp_path))
        yield importer
        importer.close()

    def content(self) -> object:
        """Everything but the marks of a run that is under way."""
        if not self.path.exists():
            return None
        kept = tree(self.path)
        return {path: digest for path, digest in kept.items() if path.startswith("data/")}
