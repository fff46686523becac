"""Signing in with ``decamp connect``, at a real server, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from attrs import evolve

from bluesky_runs import COLLECTION
from cli_run import Cli
from dav_proxy import dav_proxy
from decamp.validation import validator
from decamp_tiktok.sandbox import ArchiveOptions, Counts, write_archive
from pds_run import Account, Pds
from terminal import at_terminal, needs_terminal

FILE = {"DECAMP_SECRETS": "file"}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write an export with posts whose files are gone."""
    path = tmp_path / "export.zip"
    write_archive(path, ArchiveOptions(seed=5, counts=Counts()))
    return path


def connect(cli: Cli, pds: Pds, account: Account, *name: str, **variables: str) -> object:
    variable = f"DECAMP_{(name or ('bluesky',))[0].upper()}_PASSWORD"
    words = (f"bluesky:{account.handle}", *name, "-o", f"server={pds.url}", "--json")
    given = {variable: account.app_password} | variables
    return cli("connect", *words, **(FILE | given))


def session_of(cli: Cli, account: Account) -> list[str]:
    kept = json.loads((cli.home / "secrets.json").read_text())
    return json.loads(kept[f"plugin:bluesky:session:{account.did}"])


def posts_of(pds: Pds, account: Account) -> list[str]:
    return [key for key in pds.repository(account.did) if key.startswith(COLLECTION)]


def test_from_connect_to_disconnect(cli: Cli, pds: Pds, account: Account, archive: Path) -> None:
    ended = connect(cli, pds, account)
    assert ended.code == 0, ended.err
    assert validator("connections").problems(ended.document) == []
    (made,) = ended.document["connections"]
    assert (made["name"], made["plugin"], made["account"]) == ("bluesky", "bluesky", account.did)
    kept = "".join(
        path.read_text() for path in cli.home.iterdir() if path.suffix in (".json", ".log")
    )
    assert account.app_password not in kept + ended.out + ended.err
    listed = cli("connections", **FILE)
    assert "Bluesky" in listed.err
    assert account.handle in listed.err

    text = ("-o", "to.missing_media=text", "--yes", "--json")
    sent = cli("transfer", str(archive), f"bluesky:{account.handle}", *text, **FILE)
    there = posts_of(pds, account)
    assert len(there) == sent.document["counts"]["post"]["incomplete"] > 0
    for where in ("bluesky:", "bluesky", f"bluesky:{account.did}"):
        again = cli("transfer", str(archive), where, *text, **FILE)
        assert again.code == 3, where
        assert posts_of(pds, account) == there
    assert cli("verify", **FILE).code == 0
    looked = " ".join(cli("doctor", **FILE).err.split())
    assert f"tiktok to {account.handle} at " in looked
    assert f"({account.did})" in looked
    assert cli("undo", "--yes", **FILE).code == 0
    assert posts_of(pds, account) == []

    refresh = session_of(cli, account)[2]
    ended = cli("disconnect", "bluesky", "--json", **FILE)
    assert (ended.code, ended.document["revoked"]) == (0, "now")
    assert "The app password itself works until you revoke it" in " ".join(ended.err.split())
    assert validator("disconnected").problems(ended.document) == []
    url = f"{pds.url}/xrpc/com.atproto.server.refreshSession"
    headers = {"Authorization": f"Bearer {refresh}"}
    assert httpx.post(url, headers=headers, timeout=60).status_code == 400
    assert json.loads((cli.home / "secrets.json").read_text()) == {}
    where = (f"bluesky:{account.handle}", "-o", f"to.server={pds.url}")
    ended = cli("plan", str(archive), *where, **FILE)
    assert ended.code == 5
    assert f"decamp connect bluesky:{account.handle}" in ended.err


def test_two_accounts(cli: Cli, pds: Pds, account: Account, archive: Path) -> None:
    other = pds.account()
    assert connect(cli, pds, account, "mine").code == 0
    assert connect(cli, pds, other, "work").code == 0
    both = cli("plan", str(archive), "bluesky:", **FILE)
    assert both.code == 2
    assert "mine:, work:" in both.err
    title = f"{other.handle} at "
    for where in ("work", "work:", f"bluesky:{other.handle}"):
        plan = cli("plan", str(archive), where, "--json", **FILE).document
        assert plan["destination"]["title"].startswith(title), where
    taken = connect(cli, pds, other, "mine")
    assert taken.code == 2
    assert "other settings" in taken.err
    assert cli("disconnect", "work", **FILE).code == 0
    assert session_of(cli, account)
    assert cli("plan", str(archive), "bluesky:", **FILE).code == 0


def test_a_session_is_for_its_server_alone(
    cli: Cli, pds: Pds, account: Account, archive: Path
) -> None:
    assert connect(cli, pds, account).code == 0
    kept = session_of(cli, account)
    with dav_proxy(f"{pds.url}/") as elsewhere:
        where = (f"bluesky:{account.handle}", "-o", f"to.server={elsewhere.url}")
        ended = cli("plan", str(archive), *where, **FILE)
        assert elsewhere.seen
        assert [one for one in elsewhere.seen if "authorization" in one.headers] == []
    assert ended.code == 5
    said = " ".join(ended.err.split())
    assert f"not signed in to this Bluesky account at {elsewhere.url.rstrip('/')}" in said
    assert session_of(cli, account) == kept


def test_a_wrong_password_keeps_nothing(cli: Cli, pds: Pds, account: Account) -> None:
    ended = connect(cli, pds, account, DECAMP_BLUESKY_PASSWORD="wr0ng-wr0ng")
    assert ended.code == 5
    assert "wr0ng" not in ended.out + ended.err
    assert "app password" in ended.err
    assert not (cli.home / "connections.json").exists()
    assert not (cli.home / "secrets.json").exists()


def test_a_wrong_password_leaves_a_former_sign_in(cli: Cli, pds: Pds, account: Account) -> None:
    assert connect(cli, pds, account).code == 0
    before = session_of(cli, account)
    assert connect(cli, pds, account, DECAMP_BLUESKY_PASSWORD="wr0ng").code == 5
    assert session_of(cli, account) == before


def test_nobody_is_there_to_answer(cli: Cli, pds: Pds, account: Account) -> None:
    ended = connect(cli, pds, account, DECAMP_BLUESKY_PASSWORD="")
    assert ended.code == 2
    assert "DECAMP_BLUESKY_PASSWORD" in ended.err


def test_a_server_that_cannot_be_asked(cli: Cli, pds: Pds, tmp_path: Path) -> None:
    with Pds.run(tmp_path / "short", {}) as short:
        account = short.account()
        assert connect(cli, short, account).code == 0
        session = session_of(cli, account)
        short.kill()
    ended = cli("disconnect", "bluesky", **FILE)
    assert ended.code == 7
    said = " ".join(ended.err.split())
    assert "The session was not ended, and the connection bluesky stays" in said
    assert "revoke the app password where you made it" in said
    assert "list of apps" not in said
    assert session_of(cli, account) == session
    ended = cli("disconnect", "bluesky", "--forget", "--json", **FILE)
    assert (ended.code, ended.document["revoked"]) == (0, "unknown")
    assert json.loads((cli.home / "secrets.json").read_text()) == {}


def test_a_deactivated_account_is_not_connected(cli: Cli, pds: Pds, account: Account) -> None:
    pds.call("com.atproto.server.deactivateAccount", {}, account.token)
    ended = connect(cli, pds, evolve(account, handle=account.did))  # its handle is not told
    assert ended.code == 5
    assert not (cli.home / "connections.json").exists()
    assert json.loads((cli.home / "secrets.json").read_text()) == {}


@needs_terminal
def test_the_password_is_asked_for_and_not_shown(cli: Cli, pds: Pds, account: Account) -> None:
    """At a terminal."""
    words = ("connect", f"bluesky:{account.handle}", "-o", f"server={pds.url}")
    ended = at_terminal(cli, *words, answers=[("not shown:", account.app_password)], **FILE)
    assert ended.code == 0, ended.err
    assert account.app_password not in ended.err
    assert "Privacy and security" in ended.err
    assert session_of(cli, account)
