"""From the consent page to the bundle: two terminals, a browser, and everything in between."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import get_args, get_type_hints

import httpx
import pytest

from chromium import CHROMIUM, browser
from cli_run import Cli
from decamp_tiktok.sandbox.options import Counts
from decamp_tiktok.sandbox.service import Behaviour, SandboxOptions, SandboxServer, User
from person import Connecting

CHATS = "portability.directmessages.ongoing"
WORDS = ("--permission", "messages", "--for", "ongoing")
FILE = {"DECAMP_SECRETS": "file"}


@pytest.fixture
def server():
    with SandboxServer(SandboxOptions(seed=7)) as running:
        yield running


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


def connect(cli, server, name="tiktok", *words, answer=None, **variables):
    app = server.app
    variables |= FILE | {
        f"DECAMP_{name.upper()}_CLIENT_KEY": app.key,
        f"DECAMP_{name.upper()}_CLIENT_SECRET": app.secret,
    }
    person = Connecting(cli, answer or (lambda url: [server.sign_in(url)]))
    ended = person("tiktok", name, *(words or WORDS), "-o", f"api={server.address}", **variables)
    assert ended.code == 0, ended.err
    return ended


def transfer(cli, source, tmp_path, *words, **variables):
    out = str(tmp_path / "out")
    return cli("transfer", source, out, *words, **FILE | variables)


def refreshes(server):
    return server.simulator.faults.calls.get("refresh", 0)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_goes_through_the_consent_page(cli, server, tmp_path):
    """Unticks one of three, agrees, and comes back to the terminal; then the data comes."""
    seen = []
    words = ("--permission", "posts,activity,messages", "--for", "ongoing")
    with browser() as page:

        def click(url):
            page.open(url)
            seen.append(page.run("document.body.innerText"))
            page.click("input[value='portability.activity.ongoing']")
            page.click("button[value=allow]")
            page.loaded()
            seen.append(page.run("document.body.innerText"))
            assert page.run("document.scripts.length") == 0
            return []

        ended = connect(cli, server, "tiktok", *words, answer=click)
        assert "Example app" in seen[0]
        assert "Nearly done" in seen[1]
        assert "CANARY" not in seen[1]
    assert "Not granted: Activity (ongoing)" in ended.err
    done = transfer(cli, "tiktok:", tmp_path, "--json")
    assert done.code in (0, 3), done.err
    counts = done.document["counts"]
    assert counts["message"]["delivered"] > 0
    assert counts["post"]["found"] > 0


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_in_which_the_person_does_not_agree(cli, server, tmp_path):
    with browser() as page:

        def click(url):
            page.open(url)
            page.click("button[value=deny]")
            page.loaded()
            assert "Nothing was granted" in page.run("document.body.innerText")
            return []

        person = Connecting(cli, click)
        keys = {"DECAMP_TIKTOK_CLIENT_KEY": server.app.key}
        keys["DECAMP_TIKTOK_CLIENT_SECRET"] = server.app.secret
        ended = person("tiktok", *WORDS, "-o", f"api={server.address}", **keys | FILE)
    assert ended.code == 5
    assert "You did not agree at TikTok" in ended.err


# --- what SOURCE may be --------------------------------------------------------------------


@pytest.mark.parametrize("source", ["work", "work:", "tiktok:", "tiktok"])
def test_a_connection_is_a_source(cli, server, tmp_path, source):
    connect(cli, server, "work")
    assert transfer(cli, source, tmp_path).code == 0


@pytest.mark.parametrize("source", ["tiktok:", "tiktok"])
def test_nobody_is_signed_in(cli, tmp_path, source):
    ended = transfer(cli, source, tmp_path)
    assert ended.code == 5
    assert "decamp is not signed in to TikTok." in ended.err
    assert "decamp connect tiktok" in ended.err


def test_of_several_one_has_to_be_named(cli, server, tmp_path):
    connect(cli, server, "home")
    connect(cli, server, "work")
    ended = transfer(cli, "tiktok:", tmp_path)
    assert ended.code == 2
    assert "Say which one: home:, work:" in ended.err
    connect(cli, server)  # one that is called so is meant
    assert transfer(cli, "tiktok:", tmp_path).code == 0


def test_a_file_of_the_same_name_makes_it_unclear(cli, server, tmp_path, monkeypatch):
    connect(cli, server, "work")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").write_text("{}")
    ended = transfer(cli, "work", tmp_path)
    assert ended.code == 2
    assert "is the name of a connection, and of a file or folder here" in ended.err
    assert transfer(cli, "work:", tmp_path).code == 0


def test_tokens_do_not_go_to_another_place(cli, server, tmp_path):
    connect(cli, server)
    with SandboxServer(SandboxOptions(seed=8)) as other:
        ended = transfer(cli, "tiktok:", tmp_path, "-o", f"from.api={other.address}")
        assert ended.code == 2
        assert "was made with other settings" in ended.err
        assert other.simulator.faults.calls == {}


def test_an_archive_needs_no_connection(cli, server, tmp_path):
    connect(cli, server)
    ended = transfer(cli, f"tiktok:{tmp_path / 'nothing.zip'}", tmp_path)
    assert ended.code == 4


def test_an_archive_of_the_sandbox_comes_with_its_media_by_its_connection(cli, tmp_path):
    user = User(username="tide.and.toast", seed=7, counts=Counts(posts=2, watched=1))
    with SandboxServer(SandboxOptions(users=(user,))) as server:
        connect(cli, server, "sb")
        address = f"{server.address}/sandbox/archive?user={user.username}"
        archive = tmp_path / "TikTok_Data.zip"
        archive.write_bytes(httpx.get(address, trust_env=False, timeout=60).content)
        alone = transfer(cli, str(archive), tmp_path / "alone", "--kind", "posts", "--json")
        assert alone.code == 3
        assert {one["code"] for one in alone.document["media"]["missing"]} == {"refused"}
        named = transfer(cli, f"sb:{archive}", tmp_path / "named", "--kind", "posts", "--json")
        assert named.code == 0, named.err
        assert named.document["media"]["missing"] == []
        assert named.document["media"]["stored"] > 0


# --- tokens in the middle ------------------------------------------------------------------


def pair(cli):
    kept = json.loads((cli.home / "secrets.json").read_text())
    return json.loads(kept["connection:tiktok:tokens"])


def test_a_token_that_has_expired_is_renewed_unseen(cli, server, tmp_path):
    connect(cli, server)
    before = pair(cli)
    server.advance(days=2)
    ended = transfer(cli, "tiktok:", tmp_path)
    assert ended.code == 0, ended.err
    assert refreshes(server) == 1
    assert pair(cli)["access"] != before["access"]
    assert pair(cli)["refresh"] != before["refresh"]


@pytest.mark.parametrize("rotation", get_args(get_type_hints(Behaviour)["refresh_rotation"]))
@pytest.mark.parametrize("lifetimes", ["long", "short"])
def test_every_way_to_renew_passes(cli, tmp_path, rotation, lifetimes):
    """The marked uncertainties of tiktok 1.4."""
    behaviour = Behaviour(refresh_rotation=rotation, lifetimes=lifetimes)
    with SandboxServer(SandboxOptions(behaviour=behaviour)) as server:
        connect(cli, server)
        for _ in range(2):
            server.advance(days=2)
            assert transfer(cli, "tiktok:", tmp_path).code == 0
        assert refreshes(server) == 2


@pytest.mark.parametrize("fault", ["dropped", "500", "html", "cut"])
def test_a_lost_answer_is_replayed_once(cli, tmp_path, fault):
    behaviour = Behaviour(refresh_rotation="rotates")
    with SandboxServer(SandboxOptions(behaviour=behaviour)) as server:
        connect(cli, server)
        server.advance(days=2)
        server.fail(f"refresh:{fault}")
        ended = transfer(cli, "tiktok:", tmp_path)
        assert ended.code == 0, ended.err
        assert refreshes(server) == 2


def test_a_lost_answer_that_cannot_be_had_again_is_explained(cli, server, tmp_path):
    connect(cli, server)
    server.advance(days=2)
    server.fail("refresh:lost")
    ended = transfer(cli, "tiktok:", tmp_path)
    assert ended.code == 5
    assert "Its answer was lost on the way" in ended.err
    assert "Nothing of your data is lost" in ended.err
    assert "decamp connect tiktok tiktok" in ended.err
    connect(cli, server)
    assert transfer(cli, "tiktok:", tmp_path).code == 0


def test_a_sign_in_that_has_ended(cli, server, tmp_path):
    connect(cli, server)
    server.advance(days=400)
    ended = transfer(cli, "tiktok:", tmp_path)
    assert ended.code == 5
    assert "does not accept the sign-in any more" in ended.err
    assert "decamp connect tiktok tiktok" in ended.err


def test_the_app_lost_its_secret(cli, server, tmp_path):
    connect(cli, server)
    server.advance(days=2)
    ended = transfer(
        cli, "tiktok:", tmp_path,
        DECAMP_TIKTOK_CLIENT_KEY=server.app.key, DECAMP_TIKTOK_CLIENT_SECRET="another-secret",
    )  # fmt: skip
    assert ended.code == 5
    assert "its key or its secret is wrong" in ended.err
    assert "another-secret" not in ended.err
    assert transfer(cli, "tiktok:", tmp_path).code == 0


def test_two_processes_renew_once(cli, server, tmp_path):
    connect(cli, server)
    server.advance(days=2)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, str(cli.home)],
            env=cli.environment(**FILE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=60) for process in running]
    assert [out.strip() for out, _ in ended] == ["400"] * 3, ended
    assert refreshes(server) == 1


_ASK = """
import sys
from pathlib import Path
from decamp.assembly.naming import find_source
from decamp.assembly.signedin import signed_in
from decamp.home import Home
from decamp.registry import load
home = Home(Path(sys.argv[1]))
source = find_source("tiktok:", {}, load(), home)
with signed_in(source, home) as signed:
    url = f"{source.config.api}/v2/user/data/check/"
    print(signed.http.post(url, json={}).status_code)
"""


# --- canaries ------------------------------------------------------------------------------


def test_no_secret_is_in_anything_that_is_kept_or_said(cli, server, tmp_path):
    """At debug level, through a sign-in, a renewal, a transfer, a fault and an end."""
    said = connect(cli, server).err
    secrets = set(pair(cli).values()) | {server.app.secret}
    server.advance(days=2)
    said += _debugged(cli, tmp_path)
    secrets |= set(pair(cli).values())
    server.fail("refresh:lost")
    server.advance(days=2)
    said += _debugged(cli, tmp_path)
    for path in (*cli.home.rglob("*"), *(tmp_path / "out").rglob("*")):
        if path.is_file() and path.name != "secrets.json":
            said += path.read_bytes().decode("latin-1")
    secrets -= {None}
    tokens = [one for one in secrets if one.startswith(("act.", "rft."))]
    assert len(tokens) == 4
    assert "send_request_headers" in said
    assert "Traceback" in said
    assert [one for one in secrets if one in said and "T" not in one[:11]] == []
    assert [one for one in tokens if one in said or one.replace("!", "%21") in said] == []


def _debugged(cli, tmp_path):
    """Transfer with all loggers at debug level, and every traceback shown."""
    script = (
        "import logging, sys, traceback; logging.basicConfig(level=logging.DEBUG)\n"
        "import threading\n"
        "from decamp import assembly, registry; from decamp.home import Home\n"
        "from decamp.events import ignore\n"
        "try:\n"
        "    receipt = assembly.transfer(assembly.Request(source='tiktok:',\n"
        "        destination=sys.argv[1]), registry=registry.load(), home=Home.find(),\n"
        "        emit=lambda event: print(event), stop=threading.Event())\n"
        "    print(receipt)\n"
        "    raise RuntimeError('to see a traceback')\n"
        "except Exception: traceback.print_exc()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")],
        env=cli.environment(**FILE), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return ended.stdout + ended.stderr
