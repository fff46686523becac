"""``decamp sandbox``: what it prints can be used, and it ends when it is told to."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from cli_run import Cli

PLAIN = {"trust_env": False, "timeout": 60}
"""Of requests: httpx would wait for five seconds alone, which a busy machine may need."""

POSIX = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


@contextmanager
def running(cli, *words):
    """Start a sandbox, and give the process and what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "decamp", "sandbox", "tiktok", "--port", "0", *words],
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        while "Press Ctrl-C" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        yield process, said
    finally:
        process.kill()
        process.communicate()


def address_of(said):
    return re.search(r"listens on (http://127\.0\.0\.1:\d+)\n", said)[1]


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(cli, number):
    with running(cli) as (process, said):
        address = address_of(said)
        assert httpx.get(address, **PLAIN).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert err == "The sandbox has ended.\n"
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, **PLAIN)
    assert not cli.home.exists()


def test_it_prints_what_a_person_needs(cli):
    with running(cli, "--seed", "4") as (_process, said):
        address = address_of(said)
        assert f"  decamp connect tiktok sandbox -o api={address}\n" in said
        assert "  decamp transfer sandbox: TikTok-sandbox\n" in said
        assert "  decamp transfer sandbox:TikTok_Data.zip TikTok-sandbox\n" in said
        assert "far.from.home (US, outside of the EEA and the UK)" in said
        key, secret = re.search(r"App for desktop +key (\w+), secret (\w+)\n", said).groups()
        form = {"client_key": key, "client_secret": secret, "grant_type": "authorization_code"}
        answer = httpx.post(f"{address}/v2/oauth/token/", data=form, **PLAIN)
        assert answer.json()["error"] == "invalid_grant", "key and secret are known"
    with running(cli, "--seed", "4") as (_process, again):
        assert key in again and secret in again, "so that a connection goes on working"


def test_faults_switches_and_other_options_are_taken(cli):
    words = ("--fault", "token:500", "-o", "oauth_status=200", "-o", "approved=portability.all.single",
             "-o", "redirect=https://mine.example/back", "-o", "scale=0.001", "--delay", "60")  # fmt: skip
    with running(cli, *words) as (_process, said):
        address = address_of(said)
        assert "https://mine.example/back" in said
        token = f"{address}/v2/oauth/token/"
        assert httpx.post(token, **PLAIN).status_code == 500
        assert httpx.post(token, data={"a": "b"}, **PLAIN).status_code == 200
        assert "<td><div>portability.all.single</div></td>" in httpx.get(address, **PLAIN).text


def test_a_port_that_is_taken_is_explained(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = cli("sandbox", "tiktok", "--port", port)
    assert ended.code == 2
    assert f"cannot listen on port {port}" in ended.err
    assert "--port 0" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "There is no source named 'nothing'"),
        (("disk",), "brings no simulator"),
        (("tiktok", "--fault", "add:burn"), "there is no fault burn; there are: 429"),
        (
            ("tiktok", "-o", "nonsense=1"),
            "there is no switch nonsense; there are: unapproved_scope",
        ),
        (("tiktok", "-o", "oauth_status=404"), "oauth_status is one of rfc, 200"),
        (("tiktok", "-o", "scale=much"), "scale is a number above 0"),
        (("tiktok", "-o", "scale=nan"), "scale is a number above 0"),
        (("tiktok", "-o", "approved=all"), "there is no scope all"),
        (("tiktok", "-o", "redirect=http://a.example/"), "does not begin with https://"),
        (("tiktok", "-o", "webhook=https://a.example/"), "loopback only"),
        (("tiktok", "-o", "nonsense"), "is not like KEY=VALUE"),
        (("tiktok", "--delay", "nan"), "31536000"),
    ],
)
def test_what_cannot_be_set_up_is_explained(cli, words, said):
    ended = cli("sandbox", *words, "--port", "0")
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("library", ["starlette", "uvicorn"])
def test_without_its_libraries_it_says_how_to_get_them(cli, library):
    script = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "sys.argv = ['decamp', 'sandbox', 'tiktok', '--port', '0']\n"
        "from decamp.cli import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=cli.environment(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"The sandbox needs {library}, which is not installed." in done.stderr
    assert 'python -m pip install "decamp[sandbox]"' in done.stderr
    assert "Traceback" not in done.stderr
