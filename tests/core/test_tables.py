from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from decamp import DestinationFull, DestinationRefused
from decamp.tables import Tables, in_groups

SCHEMA = "CREATE TABLE found (path TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID"


def test_rows_come_in_order_and_nothing_is_left(tmp_path: Path) -> None:
    with closing(Tables(tmp_path, "found", SCHEMA)) as tables:
        assert list(tmp_path.iterdir()) == []  # nothing is made before it is needed
        tables.run_many("INSERT INTO found VALUES (?, ?)", [(f"{n}", n) for n in range(9, -1, -1)])
        assert [size for _, size in tables.rows("SELECT * FROM found ORDER BY path")] == [
            *range(10)
        ]
        [file] = tmp_path.iterdir()
        assert file.suffix == ".spool"
        if os.name == "posix":
            assert file.stat().st_mode & 0o777 == 0o600
        tables.close()
        assert list(tmp_path.iterdir()) == []
        assert tables.run("SELECT * FROM found") == []  # empty, and of use again


def test_what_is_for_later_comes_in_its_order(tmp_path: Path) -> None:
    with closing(Tables(tmp_path, "found", SCHEMA)) as tables:
        for size in range(1_000):
            tables.insert_later("found", ("a", size), (str(size), size))
        tables.run("DELETE FROM found WHERE path != ?", "a")
        assert tables.run("SELECT * FROM found") == [("a", 999)]


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    with closing(Tables(tmp_path, "found", SCHEMA)) as tables:
        tables.run("PRAGMA max_page_count = 3")  # as full as SQLite can be made without a disk
        with pytest.raises(DestinationFull, match="No room left") as caught:
            tables.run_many("INSERT INTO found VALUES (?, ?)", ((f"{n:99}", n) for n in range(999)))
    assert str(tmp_path) in caught.value.message


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    tables = Tables(tmp_path / "gone", "found", SCHEMA)
    with pytest.raises(DestinationRefused, match="cannot keep its own files"):
        tables.run("SELECT * FROM found")
    tables.close()


def test_groups() -> None:
    assert list(in_groups(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(in_groups((), 2)) == []
