"""The table of commands, and what a start costs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from cli_run import Cli
from decamp.cli.app import COMMANDS, app, load_command
from decamp.cli.command import Command

# Not attrs: rich imports it by itself where it is installed.
HEAVY = {
    *("httpx", "httpcore", "fsspec", "jsonschema", "jsonschema_rs", "msgspec"),
    *("pluggy", "sqlite3", "asyncio", "jinja2", "filelock", "platformdirs", "isal"),
    *("decamp_tiktok", "decamp_disk", "decamp_schemas", "decamp.assembly", "decamp.engine"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name):
    help_text = load_command(name).help
    assert help_text.splitlines()[0] == COMMANDS[name][1]


def test_almost_nothing_is_imported_before_somebody_catches_a_ctrl_c():
    script = "import sys; had = set(sys.modules); import decamp.cli; print(*{*sys.modules} - had)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) <= {"decamp", "decamp.cli", "__future__"}


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(words):
    script = (
        "import sys; from decamp.cli import run; sys.argv = ['decamp', *sys.argv[1:]]\n"
        "try: run()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    modules = set(done.stderr.split())
    assert "decamp.cli.app" in modules
    assert not modules & HEAVY
    assert not {one for one in modules if one.startswith("decamp.cli.commands.")}


def test_what_is_imported_is_not_looked_through_for_garbage():
    # An interpreter starts with a round half counted; how near it is to one depends on the machine.
    script = (
        "import atexit, gc, sys, decamp.cli; gc.collect()\n"
        "def rounds(): return sum(one['collections'] for one in gc.get_stats()[1:])\n"
        "before = rounds()\n"
        "atexit.register(lambda: print(rounds() - before, gc.get_freeze_count(), file=sys.stderr))\n"
        "from decamp.cli import run; sys.argv = ['decamp', '--help']; run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    rounds, frozen = map(int, done.stderr.split())
    assert rounds == 0
    assert frozen > 10_000, "nor is it at the end"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name, home):
    ended = CliRunner().invoke(app, [name, "--help"])
    assert ended.exit_code == 0
    assert "Examples:" in ended.output
    assert COMMANDS[name][1] in ended.output
    assert "<bool>" not in ended.output
    assert not home.exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_keeps_standard_output_to_documents(name):
    command = load_command(name)
    for one in getattr(command, "commands", {name: command}).values():
        assert isinstance(one, Command)


def test_the_contract_is_all_there_though_it_is_loaded_late():
    decamp = import_module("decamp")
    for name in decamp.__all__:
        assert getattr(decamp, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        decamp.nonsense  # noqa: B018


def test_a_mistyped_command_is_a_usage_error_with_a_suggestion(tmp_path):
    ended = Cli(tmp_path)("transfr", "a", "b")
    assert ended.code == 2
    assert "transfer" in ended.err


def test_completion_lists_the_commands_and_their_options(tmp_path):
    cli = Cli(tmp_path)
    asked = {"_DECAMP_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    script = [sys.executable, "-c", "from decamp.cli.app import app; app(prog_name='decamp')"]

    def complete(line: str, word: int) -> str:
        return subprocess.run(
            script,
            env=cli.environment(**asked | {"COMP_WORDS": line, "COMP_CWORD": str(word)}),
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    assert "inspect" in complete("decamp in", 1)
    assert "--skeleton" in complete("decamp inspect --sk", 2)
