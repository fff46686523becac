"""Whom a password is told: the server of its connection, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli_run import Cli
from dav_login import FILE, archive, cli, sign_in
from dav_proxy import DavProxy, dav_proxy
from dav_servers import DavServer, apache, dav_servers

__all__ = ["apache", "archive", "cli", "dav_servers"]


@pytest.fixture
def elsewhere(dav_servers: Callable[..., DavServer]) -> Iterator[DavProxy]:
    """Another server, which would take the same user name and password."""
    with dav_proxy(dav_servers("wsgidav").url) as proxy:
        yield proxy


@pytest.mark.parametrize("command", ["verify", "check", "plan", "transfer", "source"])
def test_another_server_is_told_nothing(
    command: str, apache: DavServer, elsewhere: DavProxy, cli: Cli, archive: str, tmp_path: Path
) -> None:
    sign_in(cli, apache)
    there = f"webdav:{elsewhere.url}TikTok"
    words = {
        "verify": ("verify", there),
        "check": ("plugins", "check", there),
        "plan": ("plan", archive, there),
        "transfer": ("transfer", archive, there),
        "source": ("transfer", there, str(tmp_path / "out")),
    }[command]
    ended = cli(*words, **FILE)
    assert ended.code == 5, ended.err
    assert elsewhere.seen
    assert [one for one in elsewhere.seen if "authorization" in one.headers] == []
    origin = elsewhere.url.removesuffix("/dav/")
    said = " ".join(ended.err.split())
    assert f"You are not signed in at {origin}" in said
    assert f"decamp connect webdav:{elsewhere.url}TikTok/ NAME" in said


def test_a_connection_that_is_named_is_for_its_server_alone(
    apache: DavServer, elsewhere: DavProxy, cli: Cli, archive: str
) -> None:
    sign_in(cli, apache, "nas")
    for words in (
        ("plan", archive, f"nas:{elsewhere.url}TikTok"),
        ("transfer", archive, "nas:", "-o", f"to.url={elsewhere.url}TikTok"),
        ("verify", f"nas:{elsewhere.url}TikTok"),
        ("inspect", f"nas:{elsewhere.url}TikTok"),
    ):
        ended = cli(*words, **FILE)
        assert ended.code == 2, ended.err
        assert "its password is for that server alone" in " ".join(ended.err.split())
    assert elsewhere.seen == []


def test_the_environment_is_for_the_address_on_the_command_line(
    apache: DavServer, elsewhere: DavProxy, cli: Cli, dav_servers: Callable[..., DavServer]
) -> None:
    sign_in(cli, apache)
    other = dav_servers("wsgidav")
    named = {"DECAMP_WEBDAV_USER": other.user, "DECAMP_WEBDAV_PASSWORD": other.password}
    ended = cli("plugins", "check", f"webdav:{elsewhere.url}TikTok", **FILE | named)
    assert ended.code == 0, ended.err
    assert any("authorization" in one.headers for one in elsewhere.seen)


def test_a_password_that_is_not_accepted_any_more(apache: DavServer, cli: Cli) -> None:
    sign_in(cli, apache, "nas")
    changed = {"DECAMP_NAS_USER": apache.user, "DECAMP_NAS_PASSWORD": "0ld"}
    ended = cli("plugins", "check", f"nas:{apache.url}TikTok", **FILE | changed)
    assert ended.code == 5
    assert f"Sign in again: decamp connect webdav:{apache.url} nas" in " ".join(ended.err.split())


@pytest.mark.parametrize("side", ["destination", "source"])
def test_a_web_address_without_a_plugin_is_taken_for_a_server(
    side: str, cli: Cli, archive: str, tmp_path: Path
) -> None:
    address = "http://127.0.0.1:9101/TikTok"
    words = (archive, address) if side == "destination" else (address, str(tmp_path / "out"))
    ended = cli("transfer", *words)
    assert ended.code == 2
    said = " ".join(ended.err.split())
    assert f"For a WebDAV server: webdav:{address}" in said
    assert f"For a WebDAV server: webdav:{address}" in said.partition("disk:")[0]
    other = cli("transfer", archive, "s3://bucket/TikTok")
    assert "disk:s3://bucket/TikTok" in other.err and "WebDAV" not in other.err


def test_a_connection_that_is_misspelt(apache: DavServer, cli: Cli, archive: str) -> None:
    sign_in(cli, apache, "nas")
    for words in (("plan", archive, f"nass:{apache.url}x"), ("inspect", f"nass:{apache.url}x")):
        ended = cli(*words, **FILE)
        assert ended.code == 2
        assert "Your connections: nas:" in " ".join(ended.err.split())
