"""doctor, purge, and receipts as pages: through the command line."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cli_run import Cli
from decamp.validation import require_valid
from hand_files import account, pack
from journey import tree


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture
def bundle(cli: Cli, tmp_path: Path) -> Path:
    target = tmp_path / "bundle"
    source = pack(tmp_path / "a.zip", account("<b>ada</b>", "one two"))
    assert cli("transfer", str(source), str(target)).code == 0
    return target


def test_all_is_in_order(cli: Cli, bundle: Path) -> None:
    before = tree(cli.home)
    ended = cli("doctor", "--json")
    require_valid("doctor", ended.document)
    assert ended.code == 0
    levels = {one["about"]: one["level"] for one in ended.document["findings"]}
    assert levels["journal"] == "ok"
    after = tree(cli.home)
    assert after.keys() - {"decamp.log"} == before.keys() - {"decamp.log"}


def test_nothing_was_moved_yet(cli: Cli) -> None:
    ended = cli("doctor")
    assert ended.code == 0
    assert not cli.home.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_journal_that_others_can_read(cli: Cli, bundle: Path) -> None:
    (cli.home / "journal.db").chmod(0o644)
    ended = cli("doctor")
    assert ended.code == 3
    assert "Next: chmod 600" in ended.err


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"no database at all" * 100,
        lambda data: data[:-4096],
        lambda data: data[:4096] + b"\xff" * 8192 + data[12288:],
        lambda data: b"\0" * len(data),
    ],
    ids=["other", "truncated", "overwritten", "zeros"],
)
def test_a_damaged_journal_is_set_aside_and_made_anew(
    cli: Cli, bundle: Path, tmp_path: Path, harm: object
) -> None:
    before = tree(bundle)
    path = cli.home / "journal.db"
    path.write_bytes(harm(path.read_bytes()))  # type: ignore[operator]
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    refused = cli("transfer", str(tmp_path / "a.zip"), str(bundle))
    assert refused.code == 9
    assert "doctor --repair" in refused.err
    looked = cli("doctor", "--json")
    assert looked.code == 9
    require_valid("doctor", looked.document)
    assert cli("doctor", "--repair").code == 0
    assert [one.name for one in cli.home.glob("journal.db.damaged-*")]
    again = cli("transfer", str(tmp_path / "a.zip"), str(bundle), "--json")
    assert again.code == 0
    assert all(not counts.get("new") for counts in again.document["counts"].values())
    assert tree(bundle) == before
    assert cli("purge", "--yes").code == 0
    assert not list(cli.home.glob("journal.db.damaged-*"))


def test_every_page_of_the_journal_flipped_is_noticed_or_harmless(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    """Never a traceback, never a silent start from zero, never anything twice."""
    before = tree(bundle)
    path = cli.home / "journal.db"
    whole = path.read_bytes()
    noticed = 0
    for start in range(0, len(whole), 4096 * 4):
        data = bytearray(whole)
        data[start + 3 : start + 40] = bytes(byte ^ 0xFF for byte in data[start + 3 : start + 40])
        path.write_bytes(bytes(data))
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        ended = cli("transfer", str(tmp_path / "a.zip"), str(bundle))
        assert ended.code in (0, 9), ended.err
        noticed += ended.code == 9
        assert tree(bundle) == before
    assert noticed > 0


def test_purge_shows_first_and_asks(cli: Cli, bundle: Path) -> None:
    dead = cli.home / "tmp" / "20261125-110000-7f3a"
    dead.mkdir()
    (dead / ".lock").touch()
    (dead / "rows.spool").write_bytes(b"rows")
    before = tree(bundle)
    asked = cli("purge")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert dead.exists()
    ended = cli("purge", "--yes", "--json")
    require_valid("purged", ended.document)
    assert not dead.exists()
    assert (cli.home / "journal.db").exists()
    assert cli("purge", "--all", "--yes").code == 0
    assert not (cli.home / "journal.db").exists()
    assert tree(bundle) == before


class Page(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_a_receipt_as_a_page(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    assert cli("verify", "--deep").code == 0
    target = tmp_path / "receipt.html"
    assert cli("receipt", "--page", str(target)).code == 0
    text = target.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert not page.tags & {"script", "img", "link", "b", "iframe", "a"}
    assert not page.attributes & {"src", "href", "onclick", "style"}
    assert "&lt;b&gt;ada&lt;/b&gt;" in text
    assert "Everything in this export is proved to be at the destination." in text
    assert "byte for byte" in text
    assert "to decamp, on" in text
    if os.name != "nt":
        assert target.stat().st_mode & 0o077 == 0
    before = target.read_bytes()
    again = cli("receipt", "--page", str(target))
    assert again.code == 2
    assert target.read_bytes() == before


def test_a_yes_says_what_it_rests_on(cli: Cli, bundle: Path) -> None:
    receipt = cli("receipt", "--json").document
    require_valid("receipt", receipt)
    assert receipt["verdict"]["complete"]
    assert receipt["proof"]["written"] == sum(one["found"] for one in receipt["counts"].values())
    assert receipt["proof"]["read_back"] == []
    assert receipt["consent"]["basis"] == "file"
    assert cli("verify", "--deep").code == 0
    [read] = cli("receipt", "--json").document["proof"]["read_back"]
    assert (read["depth"], read["items"]) == ("digest", receipt["proof"]["held"])


def test_a_page_of_a_run_that_was_undone_says_so(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    assert cli("undo", "--yes").code == 0
    target = tmp_path / "receipt.html"
    assert cli("receipt", "--page", str(target)).code == 0
    assert "This run was taken back since" in target.read_text(encoding="utf-8")


def test_an_undo_announces_no_more_than_it_knows(cli: Cli, bundle: Path) -> None:
    edited = next(bundle.glob("data/**/profile.json"))
    edited.write_text("{}", encoding="utf-8")
    ended = cli("undo", "--yes", "--json")
    assert [one["item"] for one in ended.document["stays"]] == ["profile"]
    said = " ".join(ended.err.split())
    assert f"To be removed, unless changed since {ended.document['remove']} items" in said
    assert edited.read_text(encoding="utf-8") == "{}"


def test_a_no_is_right(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    """A part of an export is not everything in it."""
    ended = cli(
        "transfer", str(tmp_path / "a.zip"), str(tmp_path / "b"), "--kind", "profile", "--json"
    )
    assert ended.code == 0
    assert not ended.document["verdict"]["complete"]
    assert "had not been asked for" in ended.document["verdict"]["reasons"][0]


def test_where_nothing_was_moved_resolve_says_so(cli):
    ended = cli("resolve")
    assert ended.code == 2
    assert "decamp has not moved anything on this computer yet." in ended.err
    assert "verify" not in ended.err
