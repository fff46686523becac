"""What decamp keeps: examined, mended, thrown away, and nothing else with it."""

from __future__ import annotations

import os
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from decamp import hookimpl
from decamp.auth import Grant
from decamp.connections import Connection, Connections
from decamp.errors import ConfigError, JournalDamaged, Locked
from decamp.home import Home
from decamp.housekeeping import (
    Check,
    examine,
    exit_code,
    inventory,
    remove,
    require_quiet,
    set_aside,
    strangers,
)
from decamp.journal import VERSION, Intent, Journal, RunRecord, format_of
from decamp.journal.schema import _TABLES, APPLICATION_ID
from decamp.model import Item
from decamp.registry import Registry, load

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LEARNT = "server-0123456789abcdef.json"
RUN = "20261125-110000-7f3a"


@pytest.fixture
def home(home: Path) -> Home:
    return Home(home)


def test_a_sign_in_that_ends_soon_is_noted(home: Home) -> None:
    def kept(name: str, days: int) -> None:
        scopes = frozenset({"all"})
        grant = Grant(
            account="ada",
            asked=scopes,
            scopes=scopes,
            since=NOW - timedelta(days=300),
            until=NOW + timedelta(days=days),
        )
        Connections(home).put(Connection(name, "tiktok", {}, grant))

    for name, days in (("early", 200), ("late", -1), ("soon", 30)):
        kept(name, days)
    found = [check for check in examine(home, load, NOW) if check.about == "sign-in"]
    assert [check.level for check in found] == ["ok", "note", "note"]
    assert found[1].text.startswith("The sign-in late has ended, on 2026-11-24.")
    assert found[2].text == (
        "The sign-in soon ends on 2026-12-25. To renew it: decamp connect tiktok soon"
    )
    assert exit_code(found) == 0
    (home.folder / "connections.json").write_text("{")
    [broken] = [check for check in examine(home, load, NOW) if check.about == "sign-in"]
    assert broken.level == "problem"


@pytest.fixture
def used(home: Home) -> Home:
    """A home in which a run was cut off, with an item on its way."""
    journal = Journal.open(home.journal)
    route = journal.add_route("tiktok", "disk", "/bundle", [], "2026-11-25T11:00:00Z")
    start(journal, RUN, "2026-11-25T11:00:00Z")
    journal.intend(route.id, RUN, [Intent(Item("post:1", "post", {}), "d", 1)], full=False)
    journal.close()
    spool = home.tmp / RUN
    spool.mkdir(parents=True, mode=0o700)
    (spool / ".lock").touch()
    (spool / "rows.spool").write_bytes(b"x" * 1000)
    with home.lock("disk:/bundle"):
        pass
    learnt = home.plugins / "webdav"
    learnt.mkdir(parents=True, mode=0o700)
    (learnt / LEARNT).write_bytes(b"{}")
    home.log.touch(mode=0o600)
    home.log.with_name("decamp.log.1").touch(mode=0o600)
    return home


def start(journal: Journal, name: str, started: str) -> None:
    journal.start_run(
        RunRecord(name, None, "transfer", "running", started, None, "a", "b", "", None, None, 1)
    )


def checks(home: Home, now: datetime = NOW, registry: Registry | None = None) -> list[Check]:
    return examine(home, lambda: registry or Registry(), now)


def problems(home: Home, **settings: object) -> list[Check]:
    found = checks(home, **settings)  # type: ignore[arg-type]
    return [check for check in found if check.level == "problem"]


def stamps(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            *(path.stat().st_ino, path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
    }


def damage(home: Home) -> None:
    data = bytearray(home.journal.read_bytes())
    data[5000] ^= 0xFF
    home.journal.write_bytes(data)


def hold(home: Home) -> FileLock:
    lock = FileLock(home.tmp / RUN / ".lock", timeout=0)
    lock.acquire()
    return lock


# --- doctor ---------------------------------------------------------------------------------


def test_before_the_first_run_all_is_well_and_nothing_is_made(home: Home) -> None:
    found = checks(home)
    assert exit_code(found) == 0
    assert {check.about for check in found if check.level == "note"} >= {"home", "journal"}
    assert not home.folder.exists()


def test_a_used_home_is_well_and_stays_as_it_is(used: Home) -> None:
    before = stamps(used.folder)
    found = checks(used)
    assert exit_code(found) == 0
    said = " ".join(f"{check.about}: {check.text}" for check in found)
    assert f"sound, read from end to end; format {VERSION}" in said
    assert "tiktok to /bundle: 1 item on their way when a run ended" in said
    assert "the copy there is not finished" in said
    assert f"1 cut off, the latest {RUN}" in said
    assert "left by runs that were cut off" in said
    assert stamps(used.folder) == before


def test_a_run_that_is_going_on_is_seen_and_not_called_cut_off(used: Home) -> None:
    with hold(used):
        said = " ".join(check.text for check in checks(used))
    assert "cut off" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_what_others_may_read_is_a_problem_with_its_remedy(used: Home) -> None:
    used.folder.chmod(0o755)
    used.journal.chmod(0o644)
    found = problems(used)
    assert [check.hint for check in found] == [
        f"chmod 700 {used.folder}", f"chmod 600 {used.journal}",
    ]  # fmt: skip
    assert exit_code(found) == 3


def test_a_home_that_is_a_file_is_a_problem(home: Home) -> None:
    home.folder.touch()
    [found] = problems(home)
    assert "is not a folder" in found.text


def test_a_home_on_a_network_is_a_problem(used: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp.housekeeping.doctor.is_network", lambda folder: True)
    [found] = problems(used)
    assert "network file system" in found.text


def test_a_full_disk_is_a_problem(used: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=5_000_000)
    monkeypatch.setattr("decamp.housekeeping.doctor.shutil.disk_usage", lambda place: usage)
    assert {check.about for check in problems(used)} == {"space"}


def test_a_clock_that_is_wrong_is_a_problem(used: Home) -> None:
    [found] = problems(used, now=datetime(2026, 11, 23, tzinfo=UTC))
    assert "lies in the future" in found.text
    assert {check.about for check in problems(used, now=datetime(1970, 1, 1, tzinfo=UTC))} == {
        "clock"
    }
    assert problems(used, now=NOW + timedelta(days=900)) == []


def test_a_broken_plugin_is_a_problem_and_says_why(home: Home) -> None:
    class Mystery:
        @hookimpl
        def decamp_exporters(self) -> None:
            raise ImportError("no such module")

    registry = load()
    assert problems(home, registry=registry) == []
    registry.add("mystery", Mystery(), "mystery 1.0")
    [found] = problems(home, registry=registry)
    assert found.text == "mystery (mystery 1.0) cannot be used: ImportError: no such module"


def test_a_damaged_journal_is_a_problem_of_its_own_code(used: Home) -> None:
    damage(used)
    before = stamps(used.folder)
    [found] = problems(used)
    assert found.damaged
    assert found.hint
    assert exit_code([found]) == JournalDamaged.exit_code == 9
    assert stamps(used.folder) == before


def test_an_index_that_does_not_fit_is_found(used: Home) -> None:
    """What a quick look cannot see."""
    db = sqlite3.connect(used.journal)
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_master SET sql = replace(sql, 'rows (route, coll', 'rows (item, coll')"
               " WHERE name = 'rows_by_collection'")  # fmt: skip
    db.execute("INSERT INTO rows VALUES (1, 'i', 'c', 'b', 0, 0, x'', 1)")
    db.commit()
    db.close()
    used.journal.with_name("journal.db.sum").unlink(missing_ok=True)
    Journal.open(used.journal).close()
    assert [check.damaged for check in problems(used)] == [True]


def test_keys_that_were_cut_are_found(used: Home) -> None:
    db = sqlite3.connect(used.journal)
    db.execute("INSERT INTO rows VALUES (1, 'i', 'c', 'b', 2, 0, x'00', 1)")
    db.commit()
    db.close()
    used.journal.with_name("journal.db.sum").unlink(missing_ok=True)
    assert [check.damaged for check in problems(used)] == [True]


def older(path: Path) -> None:
    """Write a journal of the first format."""
    path.parent.mkdir(parents=True, mode=0o700)
    path.touch(mode=0o600)
    db = sqlite3.connect(path)
    db.executescript(
        f"{_TABLES} INSERT INTO meta VALUES ('salt', randomblob(16));"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
        "PRAGMA journal_mode = WAL;"
    )
    db.close()


def test_an_older_format_is_told_and_not_changed(home: Home) -> None:
    older(home.journal)
    before = stamps(home.folder)
    found = checks(home)
    assert exit_code(found) == 0
    assert any("brings it to format" in check.text for check in found)
    assert set_aside(home, NOW) == []
    assert stamps(home.folder) == before

    Journal.open(home.journal).close()
    assert format_of(home.journal) == VERSION
    assert format_of(home.journal.with_name("journal.db.v1.bak")) == 1


def test_a_newer_format_is_a_problem_and_never_set_aside(used: Home) -> None:
    db = sqlite3.connect(used.journal)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = stamps(used.folder)
    [found] = problems(used)
    assert "newer decamp" in found.text
    with pytest.raises(ConfigError, match="it is not damaged"):
        set_aside(used, NOW)
    assert stamps(used.folder) == before


# --- repair ---------------------------------------------------------------------------------


def test_a_sound_journal_is_not_set_aside(used: Home) -> None:
    before = stamps(used.folder)
    assert set_aside(used, NOW) == []
    assert stamps(used.folder) == before


def test_nothing_is_set_aside_where_nothing_is(home: Home) -> None:
    assert set_aside(home, NOW) == []
    assert not home.folder.exists()


def test_a_damaged_journal_is_set_aside_whole_and_a_new_one_can_begin(used: Home) -> None:
    data = b"overwritten" + used.journal.read_bytes()[11:]
    used.journal.write_bytes(data)
    Path(f"{used.journal}-wal").write_bytes(b"what waited")
    moved = set_aside(used, NOW)
    name = "journal.db.damaged-2026-11-25"
    assert [path.name for path in moved] == [name, f"{name}-wal", f"{name}.sum"]
    assert moved[0].read_bytes() == data
    assert moved[1].read_bytes() == b"what waited"
    if sys.platform != "win32":
        assert moved[0].stat().st_mode & 0o777 == 0o600
    journal = Journal.open(used.journal)
    assert journal.all_routes() == []
    journal.close()

    damage(used)
    assert set_aside(used, NOW)[0].name == f"{name}-2", "a second one that day has its own name"


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000])
def test_what_is_no_journal_is_set_aside_too(home: Home, content: bytes) -> None:
    home.folder.mkdir(mode=0o700)
    home.journal.write_bytes(content)
    [moved] = set_aside(home, NOW)
    assert moved.read_bytes() == content


def test_a_log_that_was_left_alone_is_set_aside(home: Home) -> None:
    home.folder.mkdir(mode=0o700)
    Path(f"{home.journal}-wal").write_bytes(b"what waited")
    [moved] = set_aside(home, NOW)
    assert moved.name == "journal.db.damaged-2026-11-25-wal"
    assert Journal.open(home.journal).all_routes() == []


# --- inventory and purge --------------------------------------------------------------------


def test_the_inventory_knows_everything_that_is_made(used: Home) -> None:
    assert [(kept.sort, kept.path.name) for kept in inventory(used)] == [
        ("log", "decamp.log"),
        ("log", "decamp.log.1"),
        ("journal", "journal.db"),
        ("journal", "journal.db.sum"),
        ("spool", RUN),
        ("lock", next(used.locks.iterdir()).name),
        ("learnt", LEARNT),
    ]
    assert strangers(used) == []
    assert {kept.sort: kept.size for kept in inventory(used)}["spool"] == 1000


def test_all_that_is_ours_goes_and_the_folder_with_it(used: Home) -> None:
    damage(used)
    set_aside(used, NOW)
    Journal.open(used.journal).close()
    remove(used, inventory(used))
    assert not used.folder.exists()


def test_what_is_not_ours_stays(used: Home) -> None:
    mine = [
        *(used.folder / name for name in ("notes.txt", "journal.txt", "journal.db.d/x", "tmp/f")),
        *(used.folder / name for name in ("tmp/pictures/1.jpg", "locks/mine.lock", "decamp.log.d/x")),
        *(used.folder / name for name in ("plugins/webdav/mine.json", "plugins/mine.txt")),
        used.folder / "bundle" / "bagit.txt",
    ]  # fmt: skip
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    remove(used, inventory(used))
    assert sorted(path for path in used.folder.rglob("*") if path.is_file()) == sorted(mine)
    assert len(strangers(used)) == len(mine)
    assert any("left alone" in check.text for check in checks(used))


def test_a_next_run_leaves_folders_that_are_not_ours_alone(used: Home) -> None:
    """As when DECAMP_HOME names a folder that was in use already."""
    mine = used.tmp / "pictures" / "1.jpg"
    mine.parent.mkdir()
    mine.touch()
    (used.tmp / "empty").mkdir()
    (used.tmp / "20261125-115900-0000").mkdir()
    with used.scratch("20261125-120000-0000"):
        assert not (used.tmp / RUN).exists()
        assert not (used.tmp / "20261125-115900-0000").exists()
        assert mine.exists()
        assert (used.tmp / "empty").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_goes_and_what_it_leads_to_stays(used: Home, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in (".lock", "precious"):
        (tmp_path / "elsewhere" / name).touch()
    (used.tmp / "20261125-120000-0000").symlink_to(tmp_path / "elsewhere")
    used.log.unlink()
    used.log.symlink_to(tmp_path / "elsewhere" / "precious")
    remove(used, inventory(used))
    assert (tmp_path / "elsewhere" / "precious").exists()
    assert not os.path.lexists(used.log)


def test_while_a_run_is_going_on_nothing_is_quiet(used: Home) -> None:
    require_quiet(inventory(used))
    with hold(used), pytest.raises(Locked):
        require_quiet(inventory(used))
    with used.lock("disk:/bundle"), pytest.raises(Locked):
        require_quiet(inventory(used))
    require_quiet(inventory(used))


def test_what_is_gone_already_is_no_error(used: Home) -> None:
    kept = inventory(used)
    used.log.unlink()
    remove(used, kept)
    assert not used.folder.exists()
