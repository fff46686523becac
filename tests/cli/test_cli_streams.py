"""Streams that are cut off, closed, or know few characters; and faults of ours."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys

import pytest

from cli_run import Cli
from cli_text import heard, listening
from decamp.cli import faults, logs
from decamp.cli.logs import logging_to
from decamp.cli.streams import documents_alone, write_stdout
from decamp.errors import DestinationFull
from decamp.home import Home
from decamp.validation import validator
from hand_files import account, pack


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


def test_a_reader_that_goes_away_is_no_error(cli):
    script = "import sys; from decamp.cli import run; sys.argv = ['decamp', *sys.argv[1:]]; run()"
    writer = subprocess.Popen(
        [sys.executable, "-c", script, "schemas", "show", "post"],
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    writer.stdout.close()
    err = writer.stderr.read()
    writer.stderr.close()
    assert (writer.wait(60), err) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error there")
def test_a_transfer_goes_on_when_nobody_reads_what_it_says(cli, tmp_path):
    archive, bundle = pack(tmp_path / "a.zip", account()), tmp_path / "bundle"
    process = subprocess.Popen(
        [sys.executable, "-m", "decamp", "transfer", str(archive), str(bundle), "--json"],
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stderr.close()
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    assert json.loads(out)["verdict"]["complete"]


@pytest.mark.skipif(os.name == "nt", reason="closes file descriptors as a POSIX shell does")
def test_closed_streams_are_no_error(cli):
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m decamp schemas list >&- 2>&-'],
        env=cli.environment(),
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_an_old_console_gets_question_marks_and_no_error(cli, tmp_path, encoding):
    strange = tmp_path / "Ünïcödé-名前-👩‍🚀"
    ended = cli("inspect", str(strange), PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert ended.code == 4
    assert "There is nothing at" in ended.err


def test_without_a_terminal_there_are_no_control_characters(cli):
    for words in (["--help"], ["transfer", "--help"], ["schemas", "list"], ["nonsense"]):
        ended = cli(*words)
        assert "\x1b" not in ended.out + ended.err


def test_an_expected_error_is_said_with_its_code(capsys):
    assert faults.explain(DestinationFull("The disk is full.", hint="Free some space.")) == 6
    assert capsys.readouterr().err == "Error: The disk is full.\nNext: Free some space.\n"


@pytest.mark.parametrize(
    "error", [DestinationFull("Full.", hint="Free some."), ZeroDivisionError()]
)
def test_with_json_an_error_is_a_document_too(error, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(logs, "_used", [])
    monkeypatch.setenv("DECAMP_HOME", str(tmp_path / "home"))
    code = faults.explain(error, json=True)
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert not validator("error").problems(document)
    assert document["exit_code"] == code
    assert document["error"]["code"] == getattr(error, "code", "error")
    assert document["error"]["message"] in " ".join(said.err.split())


def test_what_plugins_print_goes_to_standard_error(capfd):
    with documents_alone():
        print("noise of a plugin")
        write_stdout('{"a": 1}')
    print("after")
    said = capfd.readouterr()
    assert (said.out, said.err) == ('{"a": 1}after\n', "noise of a plugin\n")


def _divide_by(text):
    raise ZeroDivisionError(text)


def test_a_fault_goes_to_the_log_and_not_to_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(logs, "_used", [])
    monkeypatch.setenv("DECAMP_HOME", str(tmp_path / "home"))
    with pytest.raises(ZeroDivisionError) as caught:
        _divide_by("https://cdn.example/video.mp4?signature=opensesame")
    assert faults.explain(caught.value) == 1
    err = capsys.readouterr().err
    log = tmp_path / "home" / "decamp.log"
    assert str(log) in err.replace("\n", "")
    assert "Traceback" not in err
    assert "opensesame" not in err
    written = log.read_text(encoding="utf-8")
    assert "Traceback" in written
    assert "ZeroDivisionError" in written
    assert "opensesame" not in written


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_log_is_private_and_turns_over(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_used", [])
    monkeypatch.setattr(logs, "_BYTES", 2_000)
    home = Home(tmp_path / "home")
    with logging_to(home):
        for number in range(200):
            logging.getLogger("decamp.engine").info("run %d", number)
    files = sorted(path.name for path in home.folder.iterdir())
    assert files == ["decamp.log", "decamp.log.1", "decamp.log.2", "decamp.log.3"]
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    for path in home.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size <= 2_000


@pytest.mark.parametrize("home", ["file", "file/home"])
def test_without_a_place_for_a_log_the_work_goes_on(tmp_path, monkeypatch, capsys, home):
    monkeypatch.setattr(logs, "_used", [])
    (tmp_path / "file").touch()
    with logging_to(Home(tmp_path / home)):
        logging.getLogger("decamp").error("nobody reads this")
    monkeypatch.setenv("DECAMP_HOME", str(tmp_path / home))
    assert logs.record_fault(ValueError()) is None
    assert not capsys.readouterr().err


@pytest.mark.parametrize("verbose", [True, False])
def test_warnings_are_said_to_who_wants_to_know(tmp_path, verbose):
    output = listening(verbose=verbose)
    with logging_to(Home(tmp_path / "home"), output):
        logging.getLogger("decamp.disk").info("a.txt was written")
        logging.getLogger("decamp.disk").warning("a.txt was edited; see https://x.example/?s=1")
    said = heard(output)
    assert ("a.txt was edited" in said) is verbose
    assert "a.txt was written" not in said
    assert "s=1" not in said
