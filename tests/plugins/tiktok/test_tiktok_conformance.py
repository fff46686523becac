"""The TikTok exporter in the suite that every exporter has to pass, for each generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from decamp.registry import load
from decamp.testing import ExporterSuite, fake_context
from decamp_tiktok.archive.exporter import ArchiveExporter
from decamp_tiktok.config import Config
from decamp_tiktok.sandbox import ArchiveOptions, write_archive


class TestArchive(ExporterSuite):
    kinds = load().exporter("tiktok").kinds

    @pytest.fixture(params=["A", "B", "C", "D"])
    def exporter(self, request: Any, tmp_path: Path) -> Any:
        path = tmp_path / "TikTok_Data.zip"
        write_archive(path, ArchiveOptions(generation=request.param, seed=4))
        exporter = ArchiveExporter(fake_context(Config(path), tmp_path))
        yield exporter
        exporter.close()
