"""A copy through the API on the command line, by a timer: no keyring, nobody there, days between."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

import decamp_schemas
from api_journey import ADA
from cli_run import Cli
from decamp.home import Home
from decamp.journal import Journal, RunRecord
from decamp.validation import require_valid
from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer
from journey import tree
from person import Connecting

PAGE = Path(__file__).parents[2] / "docs" / "tiktok-api.md"
FILE = {"DECAMP_SECRETS": "file"}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


def connect(cli: Cli, server: SandboxServer, *words: str, **variables: str) -> None:
    """Sign in, and agree to everything."""
    keys = {
        "DECAMP_TIKTOK_CLIENT_KEY": server.app.key,
        "DECAMP_TIKTOK_CLIENT_SECRET": server.app.secret,
    }
    person = Connecting(cli, lambda url: [server.sign_in(url)])
    ended = person("tiktok", *words, "-o", f"api={server.address}", **keys, **variables)
    assert ended.code == 0, ended.err


def blocks(language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_a_timer_brings_a_copy_on_the_day_after_it_asked(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "TikTok"
    [line] = re.findall(r"^ExecStart=%h/.local/bin/decamp (.*)$", PAGE.read_text(), re.MULTILINE)
    words = shlex.split(line.replace("%h/TikTok", str(out)))
    with SandboxServer(SandboxOptions(users=(ADA,), delay=timedelta(hours=2))) as server:
        connect(cli, server, "--permission", "all", "--for", "ongoing", **FILE)

        first = cli(*words, **FILE)
        assert first.code == 10, first.err
        assert "Not ready yet. TikTok is preparing the copy that was asked for on" in first.err
        assert re.search(
            r"Next: run the same command again after 20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC",
            first.err,
        )
        assert "Error" not in first.err

        status = cli("status", "--json", **FILE)
        require_valid("runs", status.document)
        [request] = status.document["requests"]
        assert (request["state"], request["source"]) == ("open", "tiktok:")
        assert f"Request {request['request']}: a copy was asked for on" in status.err
        assert "decamp cancel" in status.err

        looked = cli("inspect", "tiktok:", **FILE)
        assert looked.code == 2
        assert "There is no copy of the data here yet" in looked.err
        assert "To ask for one: decamp transfer tiktok: FOLDER" in looked.err
        planned = cli("plan", "tiktok:", str(out), **FILE)
        assert planned.code == 2
        assert "To ask for one: decamp transfer tiktok: FOLDER" in planned.err

        server.clock.advance(timedelta(hours=22))
        second = cli(*words, "--json", **FILE)
        assert second.code == 0, second.err
        posts = second.document["counts"]["post"]  # how many there are depends on the date
        assert posts["delivered"] == posts["found"] > 0
        assert server.simulator.faults.calls["add"] == 1
        assert "requests" not in cli("status", "--json", **FILE).document
        assert list(Home(cli.home).copies.iterdir()) == []

        server.clock.advance(timedelta(days=1))
        assert cli(*words, **FILE).code == 10
        given = cli("cancel", "--yes", "--json", **FILE)
        assert given.code == 0, given.err
        require_valid("request", given.document)
        assert given.document["request"]["state"] == "cancelled"
        assert server.simulator.faults.calls["cancel"] == 1
        assert cli("cancel", "--yes", **FILE).code == 2


def test_a_copy_that_is_here_is_inspected(cli: Cli, tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(users=(ADA,))) as server:
        connect(cli, server, "--permission", "all", "--for", "once", **FILE)
        done = cli("transfer", "tiktok:", str(tmp_path / "out"), "--limit", "1", **FILE)
        assert done.code == 0, done.err
        looked = cli("inspect", "tiktok:", "--json", **FILE)
        assert looked.code == 0, looked.err
        require_valid("inspection", looked.document)
        assert server.simulator.faults.calls["add"] == 1
        assert server.simulator.faults.calls["download"] == 1


def test_hints_name_the_connection_that_was_used(cli: Cli, tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(users=(ADA,))) as server:
        keys = {
            "DECAMP_WORK_CLIENT_KEY": server.app.key,
            "DECAMP_WORK_CLIENT_SECRET": server.app.secret,
        }
        words = ("tiktok", "work", "--permission", "all", "--for", "once")
        person = Connecting(cli, lambda url: [server.sign_in(url)])
        assert person(*words, "-o", f"api={server.address}", **keys, **FILE).code == 0
        for fault in ("add:unknown-code", "check:unknown-code"):
            server.fail(fault)
            ended = cli("transfer", "tiktok:", str(tmp_path / "out"), **FILE)
            assert ended.code in (4, 5), ended.err
            assert "decamp connect tiktok work" in ended.err
        assert cli("transfer", "tiktok:", str(tmp_path / "out"), **FILE).code == 0
        ended = cli("transfer", "tiktok:", str(tmp_path / "out"), **FILE)  # used up
        assert ended.code == 5
        assert "grant access again: decamp connect tiktok work" in ended.err
        ended = cli("undo", "--dry-run", **FILE)
        assert ended.code == 0, ended.err
        assert "decamp has to ask for a new one." in ended.err
        assert "you would have to grant access again" in ended.err


def test_two_at_once_share_one_copy(cli: Cli, tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in ("one", "two")]
    with SandboxServer(SandboxOptions(users=(ADA,), delay=timedelta(hours=2))) as server:
        connect(cli, server, "--permission", "all", "--for", "once", **FILE)
        for place in places:
            assert cli("transfer", "tiktok:", place, "--no-wait", **FILE).code == 10
        server.clock.advance(timedelta(hours=3))
        runs = [
            subprocess.Popen(
                [sys.executable, "-m", "decamp", "transfer", "tiktok:", place],
                env=cli.environment(**FILE),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for place in places
        ]
        ended = [(run.communicate()[1].decode(), run.returncode) for run in runs]
        assert [code for _, code in ended] == [0, 0], ended
        calls = server.simulator.faults.calls
        assert (calls["add"], calls["download"]) == (1, 1)
    assert list(Home(cli.home).copies.iterdir()) == []
    one, two = (tree(Path(place) / "data") for place in places)
    assert one == two


def test_the_units_are_valid(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    service, timer = blocks("ini")
    program = tmp_path / "decamp"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    service = service.replace("%h/.local/bin/decamp", str(program))
    (tmp_path / "decamp.service").write_text(service)
    (tmp_path / "decamp.timer").write_text(timer)
    judged = subprocess.run(
        [analyze, "verify", "--user", "decamp.service", "decamp.timer"],
        cwd=tmp_path,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "decamp" not in judged.stderr.replace(str(tmp_path), ""), judged.stderr
    assert "SuccessExitStatus=10" in service
    for when in re.findall(r"^OnCalendar=(.*)$", timer, re.MULTILINE):
        subprocess.run([analyze, "calendar", when], check=True, capture_output=True)


def test_the_cron_line_takes_code_10_for_no_failure(tmp_path: Path) -> None:
    [line] = [one for block in blocks() for one in block.splitlines() if one.startswith("30 5 ")]
    command = line.split(maxsplit=5)[5]
    program = tmp_path / ".local" / "bin" / "decamp"
    program.parent.mkdir(parents=True)
    for code, wanted in ((10, 0), (0, 0), (5, 1)):
        program.write_text(f'#!/bin/sh\n[ "$DECAMP_SECRETS" = file ] || exit 99\nexit {code}\n')
        program.chmod(0o755)
        ended = subprocess.run(
            ["/bin/sh", "-c", command], env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            check=False,
        )  # fmt: skip
        assert ended.returncode == wanted


# --- cancel, resolve, purge without a service ------------------------------------------------


def asked(cli: Cli, *accounts: str, single: bool = True) -> None:
    home = Home(cli.home)
    home.folder.mkdir(parents=True, exist_ok=True)
    with closing(Journal.open(home.journal)) as journal:
        for account in accounts:
            journal.intend_request(
                *("tiktok", account, ""),
                single=single,
                title=f"tiktok:{account}",
                now="2026-11-25T09:00:00Z",
            )


def test_nothing_open(cli: Cli) -> None:
    ended = cli("cancel")
    assert ended.code == 2
    assert "No copy is being waited for." in ended.err
    assert not cli.home.exists()
    assert cli("resolve", "--request", "again").code == 2
    asked(cli)
    assert "No request is in doubt" in cli("resolve", "--request", "again").err


def test_a_lost_answer_cannot_be_cancelled_and_is_resolved(cli: Cli) -> None:
    asked(cli, "ada")
    ended = cli("cancel", "--yes")
    assert ended.code == 2
    assert "was lost, so decamp does not know its id" in ended.err
    assert "may be used up" in ended.err
    ended = cli("resolve", "--request", "7445566778899001122", "--json")
    assert ended.code == 0, ended.err
    require_valid("request", ended.document)
    assert ended.document["request"]["state"] == "open"
    assert "Request 1, for the copy of tiktok:ada of 2026-11-25 09:00 UTC, is settled" in ended.err
    assert "its id at the service is 7445566778899001122" in ended.err
    assert "Run the transfer again" in ended.err
    ended = cli("resolve", "--request", "1=again")
    assert "the next transfer asks anew" in ended.err
    assert "decamp resolve --request 1=7445566778899001122" in ended.err


def test_several_requests_have_to_be_named(cli: Cli) -> None:
    asked(cli, "ada", "bob")
    ended = cli("cancel", "--yes")
    assert ended.code == 2
    assert "1 (tiktok:ada), 2 (tiktok:bob)" in ended.err
    assert "Request 7 is not open" in cli("cancel", "7", "--yes").err
    assert "Several requests can be meant" in cli("resolve", "--request", "again").err
    ended = cli("resolve", "--request", "2=again", "--json")
    assert (ended.document["request"]["request"], ended.document["request"]["state"]) == (2, "lost")


def test_cancel_asks_first(cli: Cli) -> None:
    asked(cli, "ada")
    ended = cli("cancel")
    assert ended.code == 2
    assert "nobody is there to say yes" in ended.err
    assert "is given up" not in ended.err
    assert "Request 1 would be given up: the copy of tiktok:ada that was asked for" in ended.err


def a_run(cli: Cli, code: str, message: str, hint: str) -> None:
    """Let a run have ended with an error."""
    receipt = decamp_schemas.load("receipt")["examples"][0]
    error = {"code": code, "message": message, "hint": hint}
    receipt = receipt | {"error": error, "state": "stopped", "exit_code": 5}
    home = Home(cli.home)
    with closing(Journal.open(home.journal)) as journal:
        journal.start_run(
            RunRecord(
                id="20261125-090000-7f3a", route=None, command="transfer", state="running",
                started="2026-11-25T09:00:00Z", ended=None, source="tiktok:ada",
                destination="/home/ada/TikTok", fingerprint="", exit_code=None, report=None, pid=1,
            )
        )  # fmt: skip
        journal.end_run("20261125-090000-7f3a", "stopped", "2026-11-25T09:00:01Z", 5, receipt)


def test_status_names_the_way_out_of_a_doubt(cli: Cli) -> None:
    asked(cli, "ada")
    hint = "Grant access again: decamp connect tiktok ada."
    a_run(cli, "auth", "The answer was lost.", hint)
    said = cli("status").err
    assert f"Why: The answer was lost.\nNext: {hint}" in said
    assert "run the same command again" not in said
    assert "decamp resolve --request 1=ID" in said
    assert "decamp resolve --request 1=again" in said
    assert "its notice to the app" in said
    assert "decamp cancel" not in said

    cli("resolve", "--request", "1=again")
    said = cli("status").err
    assert "Next: run the same command again" in said
    assert hint not in said


def test_status_asks_for_nothing_where_the_next_run_asks_again(cli: Cli) -> None:
    asked(cli, "ada", single=False)
    a_run(cli, "unavailable", "The answer was lost.", "Run the same command again.")
    said = cli("status").err
    assert "the next transfer asks again" in said
    assert "resolve" not in said


def test_status_says_that_another_consent_is_needed(cli: Cli) -> None:
    asked(cli, "ada")
    with closing(Journal.open(Home(cli.home).journal)) as journal:
        journal.answer_request(1, "7", "2026-11-25T09:00:00Z")
        journal.set_request(1, "used", "2026-11-25T09:00:00Z")
    hint = "For a new copy, grant access again: decamp connect tiktok ada."
    a_run(cli, "auth", "The permission was for a single copy.", hint)
    said = cli("status").err
    assert f"Next: {hint}" in said
    assert "run the same command again" not in said


def test_purge_keeps_copies_unless_all_goes(cli: Cli) -> None:
    asked(cli, "ada")
    copies = Home(cli.home).copies
    copies.mkdir(mode=0o700)
    for name in ("tiktok-0123456789abcdef.copy", "tiktok-0123456789abcdef.copy.part", "mine.txt"):
        (copies / name).write_text("x")
        (copies / name).chmod(0o600)
    ended = cli("purge", "--yes")
    assert sorted(path.name for path in copies.iterdir()) == [
        *("mine.txt", "tiktok-0123456789abcdef.copy"),
    ]
    ended = cli("purge", "--all", "--yes")
    assert "another copy needs another consent" in ended.err
    assert "also forgets the copy of tiktok:ada that was asked for on 2026-11-25" in ended.err
    assert [path.name for path in copies.iterdir()] == ["mine.txt"]
    assert "mine.txt" in ended.err
