"""Earlier runs: status, runs, receipt."""

from __future__ import annotations

import os

import pytest
from filelock import FileLock

import decamp_schemas
from cli_run import Cli
from decamp.home import Home
from decamp.journal import Journal, RunRecord
from decamp.validation import validator

RECEIPT = decamp_schemas.load("receipt")["examples"][0]


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


def started(name):
    return RunRecord(
        id=name,
        route=None,
        command="transfer",
        state="running",
        started=f"2026-11-23T{name[9:11]}:{name[11:13]}:00Z",
        ended=None,
        source="TikTok_Data.zip",
        destination="/home/ada/TikTok",
        fingerprint="",
        exit_code=None,
        report=None,
        pid=os.getpid(),
    )


@pytest.fixture
def ran(cli):
    """Give a home with one run that has ended and one that has not."""
    home = Home(cli.home)
    journal = Journal.open(home.journal)
    journal.start_run(started("20261123-091500-7f3a"))
    journal.start_run(started("20261123-101500-88ab"))
    journal.end_run("20261123-091500-7f3a", "done", "2026-11-23T09:16:10Z", 0, RECEIPT)
    journal.close()
    return home


def test_before_the_first_run_nothing_is_made(cli):
    for name in ("runs", "status"):
        ended = cli(name, "--json")
        assert (ended.code, ended.document) == (0, {"runs": []})
        assert "decamp demo" in ended.err
    ended = cli("receipt")
    assert ended.code == 2
    assert "Next: Start with: decamp demo" in ended.err
    assert not cli.home.exists()


def test_runs_are_listed_newest_first(cli, ran):
    ended = cli("runs", "--json")
    assert ended.code == 0
    assert not validator("runs").problems(ended.document)
    assert [run["run"] for run in ended.document["runs"]] == [
        "20261123-101500-88ab",
        "20261123-091500-7f3a",
    ]
    assert "TikTok_Data.zip" in ended.err


def test_a_run_whose_process_is_gone_is_dead(cli, ran):
    ended = cli("status", "--json")
    assert ended.document["runs"][0]["state"] == "dead"
    assert "was cut off" in ended.err
    assert "run the same command again" in ended.err


def test_a_run_that_holds_its_lock_is_running(cli, ran):
    with ran.scratch("20261123-101500-88ab"):
        ended = cli("status", "--json")
        assert ended.document["runs"][0]["state"] == "running"
        assert "is going on right now" in ended.err
        assert "still going on" in cli("receipt").err
    scratch = ran.tmp / "20261123-101500-88ab"
    scratch.mkdir()
    with FileLock(scratch / ".lock"):
        pass  # what a killed process leaves behind
    assert cli("status", "--json").document["runs"][0]["state"] == "dead"


def test_status_prefers_a_run_that_is_going_on(cli, ran):
    with ran.scratch("20261123-101500-88ab"):
        journal = Journal.open(ran.journal)
        journal.start_run(started("20261123-111500-aaaa"))
        journal.close()
        ended = cli("status", "--json")
        assert ended.document["runs"][0]["run"] == "20261123-101500-88ab"
    assert cli("status", "--json").document["runs"][0]["run"] == "20261123-111500-aaaa"


def test_a_receipt_is_found_by_the_beginning_of_its_id(cli, ran):
    ended = cli("receipt", "20261123-09", "--json")
    assert ended.code == 0
    assert ended.document == RECEIPT
    assert "Everything in this export is proved to be at the destination." in ended.err
    assert cli("receipt", "-q", "20261123-09").err.count("\n") == 1
    assert "Run 20261123-091500-7f3a, 2026-11-23 09:15 UTC" in ended.err


@pytest.mark.parametrize("name", ["receipt", "status"])
def test_an_unclear_run_is_a_usage_error(cli, ran, name):
    several = cli(name, "2026")
    assert several.code == 2
    assert "20261123-091500-7f3a" in several.err
    assert "20261123-101500-88ab" in several.err
    none = cli(name, "1999")
    assert none.code == 2
    assert "decamp runs" in none.err


def test_a_run_that_was_cut_off_has_no_receipt(cli, ran):
    ended = cli("receipt", "--json")
    assert ended.code == 2
    assert "it was cut off" in ended.err
    assert not validator("error").problems(ended.document)
    assert ended.document["error"]["code"] == "config"
