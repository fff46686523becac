import sqlite3
from pathlib import Path

import pytest
from decamp_sqlite import Config, SqliteImporter

from decamp.testing import ImporterSuite, fake_context


class TestSqlite(ImporterSuite):
    @pytest.fixture
    def importer(self, tmp_path: Path) -> SqliteImporter:
        self.path = tmp_path / "tiktok.db"
        return SqliteImporter(fake_context(Config(self.path), tmp_path))

    def content(self) -> object:
        if not self.path.exists():
            return None
        with sqlite3.connect(self.path) as db:
            return [
                sorted(db.execute(f"SELECT * FROM {table}"), key=repr)
                for table in ("items", "rows", "files")
            ]

    def test_large_blob_stays_out_of_memory(self) -> None:  # type: ignore[override]
        pytest.skip("a file is one value in SQLite, and is held in memory once")
