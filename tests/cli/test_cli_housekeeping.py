"""``decamp doctor`` and ``decamp purge``, as a person types them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from filelock import FileLock

from cli_run import Cli
from decamp.home import Home
from decamp.journal import Journal
from decamp.validation import validator
from terminal import at_terminal, needs_terminal


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


@pytest.fixture
def used(cli):
    home = Home(cli.home)
    journal = Journal.open(home.journal)
    journal.add_route("tiktok", "disk", "/bundle", [], "2026-11-25T11:00:00Z")
    journal.close()
    home.log.write_text("what happened\n", encoding="utf-8")
    home.log.chmod(0o600)
    return home


def damage(home):
    data = bytearray(home.journal.read_bytes())
    data[5000] ^= 0xFF
    home.journal.write_bytes(data)


def test_doctor_before_the_first_run(cli):
    ended = cli("doctor", "--json")
    assert ended.code == 0, ended.err
    assert not validator("doctor").problems(ended.document)
    assert ended.document["exit_code"] == 0
    assert "No problem was found." in ended.err
    assert not cli.home.exists()


def test_doctor_lists_each_thing_and_says_what_to_do(cli, used):
    ended = cli("doctor", "--json", DECAMP_PLUGINS="tiktok")
    assert ended.code == 0, ended.err
    states = {check["about"]: check["level"] for check in ended.document["findings"]}
    assert states["journal"] == "ok"
    assert "DECAMP_PLUGINS allows only: tiktok" in ended.err
    if sys.platform != "win32":
        used.folder.chmod(0o755)
        ended = cli("doctor", "--json")
        assert ended.code == ended.document["exit_code"] == 3
        assert f"Next: chmod 700 {used.folder}" in ended.err


def test_a_damaged_journal_is_told_by_all_and_set_aside_by_repair(cli, used):
    damage(used)
    for words in (("doctor",), ("runs",), ("status",), ("receipt",)):
        ended = cli(*words)
        assert ended.code == 9, words
        assert "is damaged" in ended.err
    ended = cli("doctor", "--repair")
    assert ended.code == 0, ended.err
    assert "nothing of it was deleted" in ended.err
    assert [path.name[:20] for path in used.folder.glob("journal*")] == ["journal.db.damaged-2"] * 2
    assert cli("doctor", "--repair").code == 0
    assert "not damaged; nothing was changed" in cli("doctor", "--repair").err
    assert cli("runs", "--json").document == {"runs": []}


def test_repair_waits_for_a_run_that_is_going_on(cli, used):
    damage(used)
    with used.lock("disk:/bundle"):
        ended = cli("doctor", "--repair")
    assert ended.code == 8
    assert used.journal.exists()


def test_purge_shows_and_asks_before_it_removes(cli, used):
    ended = cli("purge", "--dry-run")
    assert ended.code == 0
    assert "decamp.log" in ended.err
    assert "journal.db" not in ended.err
    ended = cli("purge")
    assert ended.code == 2
    assert "there is nobody to answer" in ended.err
    assert used.log.exists()
    ended = cli("purge", "--yes")
    assert (ended.code, used.log.exists(), used.journal.exists()) == (0, False, True)
    assert "Removed 1 thing, 14 bytes." in ended.err
    assert "There is nothing to remove" in cli("purge", "--yes").err


def test_purge_of_everything_says_what_that_means(cli, used):
    ended = cli("purge", "--all", "--dry-run")
    assert "no run can be taken back any more" in ended.err
    assert used.journal.exists()
    mine = used.folder / "mine.txt"
    mine.touch()
    ended = cli("purge", "--all", "--yes")
    assert ended.code == 0
    assert [path.name for path in used.folder.iterdir()] == ["mine.txt"]
    assert f"stays, because not all in it is decamp's:\n  {mine}" in ended.err
    mine.unlink()
    Journal.open(used.journal).close()
    cli("purge", "--all", "--yes")
    assert not used.folder.exists()


def test_purge_of_a_damaged_journal_needs_no_journal(cli, used):
    damage(used)
    assert cli("purge", "--all", "--yes").code == 0
    assert not used.folder.exists()


def test_purge_refuses_while_a_run_is_going_on(cli, used):
    scratch = used.tmp / "20261125-110000-7f3a"
    scratch.mkdir(parents=True)
    with FileLock(scratch / ".lock"):
        ended = cli("purge", "--all", "--yes")
    assert ended.code == 8
    assert used.journal.exists()


@needs_terminal
@pytest.mark.parametrize(("answer", "there"), [("y", False), ("n", True)])
def test_a_person_is_asked(cli, used, answer, there):
    assert at_terminal(cli, "purge", answers=[("[yes/no]", answer)]).code == 0
    assert used.log.exists() is there


SETPRIV = shutil.which("setpriv")


@pytest.fixture
def bound(cli):
    """Run commands as somebody who is bound by modes, which root is not."""
    prefix = []
    if sys.platform == "win32":
        pytest.skip("Windows has no such modes")
    if os.geteuid() == 0:
        if SETPRIV is None:
            pytest.skip("root is bound by no modes, and setpriv is not installed")
        without = "-dac_override,-dac_read_search"
        prefix = [SETPRIV, f"--bounding-set={without}", f"--inh-caps={without}"]

    def run(*words):
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "decamp", *words],
            env=cli.environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=60,
        )  # fmt: skip
        return done.returncode, done.stderr.decode()

    return run


def test_what_may_not_be_read_is_said_and_is_no_fresh_start(used, bound):
    used.journal.chmod(0)
    for words in (("runs",), ("doctor",)):
        code, said = bound(*words)
        assert (code, "Permission denied" in said) == (9, True), said
    code, said = bound("doctor", "--repair")
    assert (code, "it is not damaged" in said) == (2, True), said
    used.journal.chmod(0o400)
    code, said = bound("doctor")
    assert (code, f"Next: chmod 600 {used.journal}" in said) == (3, True), said
    used.journal.chmod(0o600)
    used.folder.chmod(0)
    ended = [bound(*words) for words in (("runs",), ("doctor",), ("purge", "--yes"))]
    used.folder.chmod(0o700)
    assert [code for code, _ in ended] == [9, 3, 6]
    assert all("Permission denied" in said for _, said in ended)
    used.folder.chmod(0o500)
    code, said = bound("purge", "--yes")
    used.folder.chmod(0o700)
    assert (code, "cannot be removed" in said) == (6, True), said
    assert used.log.exists()
