"""A server at home without TLS: refused, allowed by a word, and then warned of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from cli_run import Cli, Ended
from dav_proxy import DavProxy, dav_proxy
from dav_servers import DavServer, apache, dav_servers
from hand_files import account, pack
from own_network import own_address
from terminal import at_terminal, needs_terminal

__all__ = ["apache", "dav_servers"]

FILE = {"DECAMP_SECRETS": "file"}
UNENCRYPTED = "travel unencrypted"
ALLOWED = "plain_http=yes"
ELSEWHERE = ("198.51.100.1", "1.1.1.1", "100.64.0.1", "[2606:4700:4700::1111]", "0.0.0.0")
"""Addresses of documentation (RFC 5737), carriers and the public internet; none is asked."""


@frozen
class Home:
    """A server without TLS at this machine's own address in its network."""

    proxy: DavProxy
    place: str
    cli: Cli
    server: DavServer
    archive: Path

    def __call__(self, *words: str, **variables: str) -> Ended:
        return self.cli(*words, **FILE, **variables)

    def signed(self, name: str = "WEBDAV") -> dict[str, str]:
        return {f"DECAMP_{name}_USER": self.server.user, f"DECAMP_{name}_PASSWORD": self.password}

    @property
    def password(self) -> str:
        return self.server.password

    @property
    def bundle(self) -> Path:
        return self.server.path(self.proxy.upstream + self.place[len(self.proxy.url) :])


@pytest.fixture
def home(
    dav_servers: Callable[..., DavServer], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Home]:
    address, server = own_address(), dav_servers(getattr(request, "param", "rclone"))
    archive = pack(tmp_path / "a.zip", account("hand.made", "one two"))
    with dav_proxy(server.url, address) as proxy:
        place = proxy.here(server.place()).rstrip("/")
        yield Home(proxy, place, Cli(tmp_path / "home"), server, archive)


def said_once(ended: Ended) -> bool:
    return " ".join(ended.err.split()).count(UNENCRYPTED) == 1


def test_without_the_word_nothing_is_asked_and_the_word_is_named(home: Home) -> None:
    to = f"webdav:{home.place}"
    for words in (
        ("connect", to),
        ("transfer", str(home.archive), to),
        ("plan", str(home.archive), to),
        ("verify", to),
        ("transfer", to, "elsewhere"),
        ("plugins", "check", to),
        ("transfer", str(home.archive), to, "-o", "to.plain_http=no"),
    ):
        ended = home(*words, **home.signed())
        said = " ".join(ended.err.split())
        assert ended.code == 2, said
        assert ALLOWED in said
        assert "your password and your data travel through that network unencrypted" in said
    assert home.proxy.seen == []


@pytest.mark.parametrize("home", ["rclone", "apache"], indirect=True)
def test_a_connection_remembers_it_for_every_command(home: Home, tmp_path: Path) -> None:
    made = home("connect", f"webdav:{home.place}", "nas", "-o", ALLOWED, **home.signed("NAS"))
    assert made.code == 0 and said_once(made), made.err
    back = tmp_path / "back"
    for words in (
        ("plan", str(home.archive), f"nas:{home.place}"),
        ("transfer", str(home.archive), f"nas:{home.place}"),
        ("verify", "--deep"),
        ("plugins", "check", f"nas:{home.place}"),
        ("transfer", f"webdav:{home.place}", str(back)),
    ):
        ended = home(*words)
        assert ended.code == 0, ended.err
        assert said_once(ended), ended.err
        assert home.password not in ended.out + ended.err
    assert (home.bundle / "decamp.json").is_file()
    assert (back / "decamp.json").is_file()
    first = home("runs", "--json").document["runs"][-1]["run"]
    undone = home("undo", first, "--yes")
    assert undone.code == 0 and said_once(undone), undone.err
    assert not list(home.bundle.glob("data/*"))
    kept = (home.cli.home / "connections.json").read_text()
    assert json.loads(kept)["connections"][0]["options"]["plain_http"] == "yes"
    assert home.password not in kept + (home.cli.home / "decamp.log").read_text()


def test_without_a_connection_the_destination_remembers_it(home: Home, tmp_path: Path) -> None:
    to = f"webdav:{home.place}"
    brought = home("transfer", str(home.archive), to, "-o", f"to.{ALLOWED}", **home.signed())
    assert brought.code == 0 and said_once(brought), brought.err
    verified = home("verify", **home.signed())
    assert verified.code == 0 and said_once(verified), verified.err
    back = str(tmp_path / "back")
    fetched = home("transfer", to, back, "-o", f"from.{ALLOWED}", **home.signed())
    assert fetched.code == 0 and said_once(fetched), fetched.err


def test_the_password_goes_to_that_server_alone(home: Home) -> None:
    assert home("connect", f"webdav:{home.place}", "-o", ALLOWED, **home.signed()).code == 0
    home.proxy.reset()
    with dav_proxy(home.server.url, own_address()) as other:
        place = other.here(home.proxy.upstream)
        ended = home("plugins", "check", f"webdav:{place}", "-o", f"to.{ALLOWED}")
        assert ended.code == 5, ended.err
        assert other.seen and not any("authorization" in one.headers for one in other.seen)
    secure = home("plugins", "check", f"webdav:{home.place.replace('http:', 'https:')}")
    assert secure.code != 0, "and not for another scheme"
    assert home.proxy.seen == []


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_public_server_stays_refused(address: str, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    signed = {"DECAMP_WEBDAV_USER": "ada", "DECAMP_WEBDAV_PASSWORD": "secret"}
    words = ("connect", f"webdav:http://{address}/dav", "-o", ALLOWED)
    ended = cli(*words, **FILE, **signed)
    said = " ".join(ended.err.split())
    assert ended.code == 2, said
    assert "only servers in a private network" in said
    assert UNENCRYPTED not in said
    assert not (tmp_path / "home" / "connections.json").exists()


def test_this_machine_needs_no_word_and_gets_no_warning(apache: DavServer, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    signed = {"DECAMP_WEBDAV_USER": apache.user, "DECAMP_WEBDAV_PASSWORD": apache.password}
    ended = cli("connect", f"webdav:{apache.url}", "-o", ALLOWED, **FILE, **signed)
    assert ended.code == 0
    assert UNENCRYPTED not in ended.err


@needs_terminal
def test_it_is_said_before_the_password_is_typed(home: Home) -> None:
    def answer(said: str) -> str:
        assert UNENCRYPTED in " ".join(said.split())
        return home.server.user

    ended = at_terminal(
        home.cli, "connect", f"webdav:{home.place}", "-o", ALLOWED, **FILE,
        answers=[("User name", answer), ("not shown", home.password)],
    )  # fmt: skip
    assert ended.code == 0
    assert said_once(ended)
