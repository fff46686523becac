"""Destinations and homes that cannot be used: refused, said why, and left as they were."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

from cli_run import Cli, Ended
from hand_files import account, pack
from journey import stamps, tree

NAMES = ["emoji 🎉 and ü", "-a\u0301 and á", "x" * 255, "trailing. "]


@pytest.fixture
def cli(home: Path) -> Cli:
    return Cli(home)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return pack(tmp_path / "a.zip", account())


def refused(ended: Ended, code: int, *said: str) -> None:
    """Check one clear refusal."""
    assert ended.code == code, ended.err
    assert ended.err.count("Error: ") == 1
    assert "Next: " in ended.err
    for words in said:
        assert words in ended.err


def valid(bundle: Path) -> bool:
    """Ask the Library of Congress's own tool."""
    try:
        return bool(bagit.Bag(str(bundle)).validate())
    except bagit.BagError:
        return False


def test_a_file_a_strangers_folder_and_the_source_itself(cli: Cli, archive: Path) -> None:
    place = archive.parent
    (place / "file").write_text("mine")
    stranger = place / "stranger"
    stranger.mkdir()
    (stranger / "letter.txt").write_text("mine")
    before = stamps(place)
    for path, said in (
        (place / "file", "is a file, not a folder"),
        (place / "file" / "below", "is a file, not a folder"),
        (stranger, "is not empty"),
        (place, "is not empty"),
    ):
        refused(cli("transfer", str(archive), str(path)), 6, said)
    assert stamps(place) == before


def test_a_bundle_of_another_account_and_bundles_that_cannot_be_read(
    cli: Cli, archive: Path
) -> None:
    bundle = archive.parent / "bundle"
    assert cli("transfer", str(archive), str(bundle)).code == 0
    before = tree(bundle)
    other = pack(archive.parent / "b.zip", account("someone.else", "four"))
    refused(cli("transfer", str(other), str(bundle)), 2, "hand.made", "someone.else", "--account")
    assert tree(bundle) == before

    marker = bundle / "decamp.json"
    good = marker.read_text(encoding="utf-8")
    newer = json.dumps(json.loads(good) | {"format": 2})
    for content, said in ((newer, "is a bundle of format 2"), ("{", "cannot be read")):
        marker.write_text(content, encoding="utf-8")
        touched = stamps(bundle)
        refused(cli("transfer", str(archive), str(bundle)), 6, said)
        assert stamps(bundle) == touched
    marker.write_text(good, encoding="utf-8")
    assert cli("transfer", str(archive), str(bundle)).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_folders_and_homes_with_unusual_names(name: str, archive: Path) -> None:
    bundle = archive.parent / "bundles" / name
    cli = Cli(archive.parent / "homes" / name)
    ended = cli("transfer", str(archive), str(bundle), LANG="C", LC_ALL="C")
    assert ended.code == 0, ended.err
    assert valid(bundle)
    again = cli("transfer", str(archive), str(bundle), "--json", PYTHONIOENCODING="cp1252")
    assert (again.code, again.document["state"]) == (0, "done")


def test_a_bundle_inside_the_folder_of_the_export(cli: Cli, archive: Path) -> None:
    for _ in range(2):
        ended = cli("transfer", str(archive.parent), str(archive.parent / "bundle"))
        assert ended.code == 0, ended.err
    assert valid(archive.parent / "bundle")


def test_without_a_journal_a_bundle_is_read_back(cli: Cli, archive: Path) -> None:
    bundle = archive.parent / "bundle"
    cli("transfer", str(archive), str(bundle))
    shutil.rmtree(cli.home)
    before = stamps(bundle)
    same = cli("transfer", str(archive), str(bundle), "--json")
    assert same.code == 0
    assert "Reading what is there" in same.err
    assert stamps(bundle) == before
    newer = pack(archive.parent / "b.zip", account(words="one two three four"))
    ended = cli("transfer", str(newer), str(bundle), "--json")
    assert ended.code == 0
    assert ended.document["counts"]["event"]["new"] == 1
    assert valid(bundle)


def newer_journal(path: Path) -> None:
    """Raise the version of the journal's format."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


JOURNALS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda path: os.truncate(path, path.stat().st_size // 2), "is damaged"),
    "text": (lambda path: path.write_bytes(b"hello" * 999), "is not a database"),
    "newer": (newer_journal, "written by a newer decamp"),
}


@pytest.mark.parametrize("name", JOURNALS)
def test_a_journal_that_cannot_be_trusted(name: str, cli: Cli, archive: Path) -> None:
    bundle, journal = archive.parent / "bundle", cli.home / "journal.db"
    cli("transfer", str(archive), str(bundle))
    saved = journal.read_bytes()
    damage, said = JOURNALS[name]
    damage(journal)
    before, spoilt = stamps(bundle), journal.read_bytes()
    refused(cli("transfer", str(archive), str(bundle)), 9, said, str(journal))
    refused(cli("runs"), 9, said)
    assert stamps(bundle) == before
    assert journal.read_bytes() == spoilt, "the evidence is kept"
    journal.write_bytes(saved)
    assert cli("transfer", str(archive), str(bundle)).code == 0


def test_a_plan_names_the_journal_that_is_damaged(cli: Cli, archive: Path) -> None:
    cli.home.mkdir()
    (cli.home / "journal.db").write_bytes(b"hello" * 999)
    ended = cli("plan", str(archive), str(archive.parent / "bundle"))
    assert ended.code == 9
    assert str(cli.home / "journal.db") in ended.err


def test_a_home_that_is_a_file(archive: Path) -> None:
    file = archive.parent / "home"
    file.write_text("mine")
    ended = Cli(file)("transfer", str(archive), str(archive.parent / "bundle"))
    refused(ended, 6, str(file))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_a_home_that_cannot_be_written(archive: Path) -> None:
    ended = Cli(Path("/proc/decamp"))("transfer", str(archive), str(archive.parent / "bundle"))
    refused(ended, 6, "/proc/decamp")


def test_a_path_that_is_too_long_is_refused_by_the_destination(cli: Cli, archive: Path) -> None:
    refused(cli("transfer", str(archive), str(archive.parent / ("y" * 300))), 6, "too long")


@pytest.mark.skipif(sys.platform != "linux", reason="only there are names any bytes")
@pytest.mark.parametrize("side", ["source", "destination"])
def test_names_that_are_no_utf_8(side: str, cli: Cli, archive: Path) -> None:
    odd = os.fsdecode(os.fsencode(archive.parent) + b"/caf\xe9")
    if side == "source":
        shutil.copy(archive, odd)
        ended = cli("transfer", odd, str(archive.parent / "bundle"))
    else:
        ended = cli("transfer", str(archive), odd)
    assert "fault in decamp" not in ended.err
    assert ended.code in (0, 2)
