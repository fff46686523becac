"""Which of several connections to servers is meant."""

from __future__ import annotations

from collections.abc import Callable

from cli_run import Cli
from dav_login import FILE, archive, cli, sign_in
from dav_servers import DavServer, apache, dav_servers

__all__ = ["apache", "archive", "cli", "dav_servers"]


def test_the_place_of_the_last_run_is_reached_by_the_connection_of_its_server(
    apache: DavServer, dav_servers: Callable[..., DavServer], cli: Cli, archive: str
) -> None:
    sign_in(cli, apache, "cloud")
    sign_in(cli, dav_servers("wsgidav"), "nas")
    ended = cli("transfer", archive, f"webdav:{apache.place()}", "--kind", "activity", **FILE)
    assert ended.code == 0, ended.err
    for words in (("verify",), ("resolve",), ("undo", "--dry-run"), ("undo", "--yes")):
        ended = cli(*words, **FILE)
        assert ended.code == 0, (words, ended.err)


def test_of_several_at_one_server_that_of_the_folder_is_meant(
    apache: DavServer, cli: Cli, archive: str
) -> None:
    """As a cloud has a folder for each user."""
    sign_in(cli, apache, "ada", f"{apache.url}files/ada")
    sign_in(cli, apache, "bob", f"{apache.url}files/bob")
    for name in ("ada", "bob"):
        place = f"webdav:{apache.url}files/{name}/TikTok"
        wrong = {f"DECAMP_{name.upper()}_USER": "x", f"DECAMP_{name.upper()}_PASSWORD": "x"}
        assert cli("plugins", "check", place, **FILE | wrong).code == 5
        assert cli("plugins", "check", place, **FILE).code == 0
    other = cli("plugins", "check", f"webdav:{apache.url}elsewhere", **FILE)
    assert other.code == 2
    assert f"ada:{apache.url}elsewhere or bob:{apache.url}elsewhere" in " ".join(other.err.split())


def test_of_several_at_one_folder_the_address_is_in_the_hint(
    apache: DavServer, cli: Cli, archive: str
) -> None:
    place = apache.place()
    sign_in(cli, apache, "one")
    assert cli("transfer", archive, f"webdav:{place}", "--kind", "activity", **FILE).code == 0
    sign_in(cli, apache, "two")
    ended = cli("verify", **FILE)
    assert ended.code == 2
    assert f"one:{place} or two:{place}" in " ".join(ended.err.split())
    assert cli("verify", f"two:{place}", **FILE).code == 0
    ended = cli("undo", "--yes", **FILE)
    assert ended.code == 2
    assert f"decamp undo --at one:{place}" in " ".join(ended.err.split())
    elsewhere = cli("undo", "--yes", "--at", f"one:{apache.url}elsewhere", **FILE)
    assert elsewhere.code == 2
    assert "did not go to" in elsewhere.err
    ended = cli("undo", "--yes", "--at", f"one:{place}", **FILE)
    assert ended.code == 0, ended.err
    assert "Removed " in ended.err
