"""Signing in at servers that want a password or a token, on the command line."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli_run import Cli
from dav_proxy import Answer, always, dav_proxy, nth
from dav_servers import DavServer, apache, dav_server, dav_servers, require
from decamp.auth import Login
from decamp.errors import AuthError, ConfigError, PluginError
from decamp.http.direct import DirectClient
from decamp.http.login import LoginAuth, _challenges
from decamp.logins import Credentials, login_client, trusted
from decamp.validation import validator
from hand_files import account, pack
from terminal import at_terminal, needs_terminal

__all__ = ["apache", "dav_servers"]

FILE = {"DECAMP_SECRETS": "file"}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


def variables(server: DavServer, name: str = "WEBDAV") -> dict[str, str]:
    return FILE | {f"DECAMP_{name}_USER": server.user, f"DECAMP_{name}_PASSWORD": server.password}


def test_connect_then_transfer_without_a_word(apache: DavServer, cli: Cli) -> None:
    ended = cli("connect", f"webdav:{apache.url}", "--json", **variables(apache))
    assert ended.code == 0
    (made,) = ended.document["connections"]
    assert validator("connections").problems(ended.document) == []
    assert (made["account"], made["plugin"]) == (apache.user, "webdav")
    assert apache.password not in ended.out + ended.err
    checked = cli("plugins", "check", f"webdav:{apache.url}TikTok", "--json", **FILE)
    assert checked.code == 0
    facts = {fact["what"]: fact["found"] for fact in checked.document["facts"]}
    assert facts["MOVE with Overwrite: F"] == "honoured"
    assert validator("destination-check").problems(checked.document) == []
    assert cli("plugins", "check", f"webdav:{apache.url}TikTok", "--quiet", **FILE).code == 0
    kept = (cli.home / "connections.json").read_text() + (cli.home / "decamp.log").read_text()
    assert apache.password not in kept
    assert "all that this user may" in cli("connections", **FILE).err


def test_by_the_name_of_a_connection(apache: DavServer, cli: Cli) -> None:
    url = f"{apache.url}TikTok"
    assert cli("connect", f"webdav:{apache.url}", "nas", **variables(apache, "NAS")).code == 0
    assert cli("plugins", "check", f"nas:{url}", **FILE).code == 0
    assert cli("connect", f"webdav:{apache.url}", "two", **variables(apache, "TWO")).code == 0
    both = cli("plugins", "check", f"webdav:{url}", **FILE)
    assert both.code == 2 and f"nas:{url}" in both.err
    assert cli("plugins", "check", f"two:{url}", **FILE).code == 0
    ended = cli("disconnect", "two", **FILE)
    assert ended.code == 0 and "forgotten" in ended.out + ended.err
    secrets = json.loads((cli.home / "secrets.json").read_text())
    assert "connection:two:login" not in secrets and "connection:nas:login" in secrets


def test_a_wrong_password_is_not_kept(apache: DavServer, cli: Cli) -> None:
    wrong = variables(apache) | {"DECAMP_WEBDAV_PASSWORD": "wr0ng"}
    ended = cli("connect", f"webdav:{apache.url}", **wrong)
    assert ended.code == 5 and "wr0ng" not in ended.err
    assert not (cli.home / "connections.json").exists()
    assert not (cli.home / "secrets.json").exists()


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://cloud.example.org/dav", 2),
        ("https://ada:pw@cloud.example.org/dav", 2),
        ("", 2),
        ("https://127.0.0.1:1/dav", 7),
    ],
)
def test_where_nobody_can_sign_in(location: str, code: int, apache: DavServer, cli: Cli) -> None:
    ended = cli("connect", f"webdav:{location}", **variables(apache))
    assert ended.code == code
    assert not (cli.home / "connections.json").exists()


def test_nobody_is_there_to_answer(apache: DavServer, cli: Cli) -> None:
    ended = cli("connect", f"webdav:{apache.url}", **FILE)
    assert ended.code == 2 and "DECAMP_WEBDAV_PASSWORD" in ended.err


@needs_terminal
def test_the_password_is_asked_for_and_not_shown(apache: DavServer, cli: Cli) -> None:
    """At a terminal."""
    ended = at_terminal(
        cli, "connect", f"webdav:{apache.url}", DECAMP_SECRETS="file",
        answers=[("User name", apache.user), ("not shown:", apache.password)],
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert apache.password not in ended.err and "app password" in ended.err
    assert cli("plugins", "check", f"webdav:{apache.url}TikTok", **FILE).code == 0


def test_a_server_that_wants_a_sign_in(apache: DavServer, cli: Cli) -> None:
    ended = cli("plugins", "check", f"webdav:{apache.url}TikTok")
    assert ended.code == 5 and "decamp connect" in ended.err


def test_half_of_a_sign_in(apache: DavServer, cli: Cli) -> None:
    ended = cli("plugins", "check", f"webdav:{apache.url}x", DECAMP_WEBDAV_USER="ada")
    assert ended.code == 2 and "DECAMP_WEBDAV_PASSWORD is not" in ended.err


def test_a_private_authority(
    dav_servers: Callable[..., DavServer], cli: Cli, tmp_path: Path
) -> None:
    server = dav_servers("apache", tls=True)
    words = ("connect", f"webdav:{server.url}")
    assert cli(*words, **variables(server)).code == 6
    assert cli(*words, "-o", f"ca_file={server.ca}", **variables(server)).code == 0
    # The connection remembers the authority.
    assert cli("plugins", "check", f"webdav:{server.url}x", **FILE).code == 0


def test_a_check_by_address_knows_the_authority_of_the_transfer(
    dav_servers: Callable[..., DavServer], cli: Cli, tmp_path: Path
) -> None:
    server = dav_servers("apache", tls=True)
    archive = pack(tmp_path / "a.zip", account("hand.made", "one"))
    address = f"webdav:{server.place()}"
    words = ("transfer", str(archive), address, "-o", f"to.ca_file={server.ca}")
    brought = cli(*words, **variables(server))
    assert brought.code == 0, brought.err
    check = f"decamp verify --deep {address.rstrip('/')}"
    assert check in brought.err
    assert cli(*check.split()[1:], **variables(server)).code == 0
    assert cli("verify", f"{address}elsewhere", **variables(server)).code == 6


def test_the_file_of_an_authority_is_looked_at_before_anybody_is_asked(
    cli: Cli, tmp_path: Path
) -> None:
    words = ("connect", "webdav:https://127.0.0.1:1/dav", "-o")
    missing = cli(*words, f"ca_file={tmp_path / 'no.pem'}", **FILE)
    assert missing.code == 2
    assert f"There is no file {tmp_path / 'no.pem'}" in " ".join(missing.err.split())
    (tmp_path / "page.pem").write_text("nothing")
    other = cli(*words, f"ca_file={tmp_path / 'page.pem'}", **FILE)
    assert other.code == 2 and "-----BEGIN CERTIFICATE-----" in other.err
    folder = cli(*words, f"ca_file={tmp_path}", **FILE)
    assert folder.code == 2 and str(tmp_path) in folder.err
    assert not (cli.home / "connections.json").exists()


def test_the_file_of_an_authority_is_found_from_any_folder(
    dav_servers: Callable[..., DavServer],
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = dav_servers("apache", tls=True)
    assert server.ca
    (tmp_path / "mine.pem").write_bytes(server.ca.read_bytes())
    monkeypatch.chdir(tmp_path)
    url = f"webdav:{server.url}"
    assert cli("connect", url, "-o", "ca_file=mine.pem", **variables(server)).code == 0
    monkeypatch.chdir("/")
    assert cli("plugins", "check", f"{url}x", **FILE).code == 0


# --- what goes over the wire -------------------------------------------------------------


@pytest.fixture
def clients() -> Iterator[Callable[..., httpx.Client]]:
    opened: list[httpx.Client] = []

    def made(url: str, credentials: Credentials) -> httpx.Client:
        opened.append(login_client(Login(origin=url.partition("/dav")[0], url=url), credentials))
        return opened[-1]

    yield made
    for client in opened:
        client.close()


def look(client: httpx.Client, url: str) -> httpx.Response:
    return client.request("PROPFIND", url, headers={"Depth": "0"})


@pytest.mark.parametrize("kind", ["apache", "wsgidav"])
def test_the_server_chooses_digest(
    kind: str, dav_servers: Callable[..., DavServer], clients: Callable[..., httpx.Client]
) -> None:
    server = dav_servers(kind, digest=True)
    client = clients(server.url, Credentials(*server.auth))
    for _ in range(3):
        answer = look(client, server.url)
        assert answer.status_code == 207
        assert answer.request.headers["authorization"].startswith("Digest ")
    assert look(clients(server.url, Credentials("ada", "wrong")), server.url).status_code == 401


@pytest.mark.parametrize("digest", [False, True], ids=["basic", "digest"])
def test_any_name_and_password(digest: bool, clients: Callable[..., DirectClient]) -> None:
    require("apache")
    with dav_server(
        "apache", digest=digest, user="Жук-jürgen", password="пароль: 秘密 ü"
    ) as server:
        client = clients(server.url, Credentials(*server.auth))
        for _ in range(2):
            assert look(client, server.url).status_code == 207
            answer = client.ask("PROPFIND", server.url, {"Depth": "0"})
            answer.close()
            assert answer.status == 207


def test_a_colon_in_a_user_name(apache: DavServer, clients: Callable[..., httpx.Client]) -> None:
    with pytest.raises(AuthError, match="colon") as error:
        look(clients(apache.url, Credentials("ada:s3cret", "pw")), apache.url)
    assert "s3cret" not in error.value.message + error.value.hint


@pytest.mark.parametrize("token", ["to ken", "токен", "tok\xe9n", "to\nken", "to\r\nHost: evil"])
def test_what_no_token_can_be(token: str, clients: Callable[..., httpx.Client]) -> None:
    with pytest.raises(ConfigError, match="token") as error:
        clients("https://cloud.example/dav", Credentials(token=token))
    assert token not in error.value.message + error.value.hint


def test_a_401_that_does_not_say_what_is_wanted(
    apache: DavServer, clients: Callable[..., httpx.Client]
) -> None:
    with dav_proxy(apache.url) as proxy:
        proxy.act = nth(1, Answer(401))
        client = clients(proxy.url, Credentials(*apache.auth))
        assert look(client, proxy.url).status_code == 207
        proxy.reset(always(Answer(401)))
        assert look(client, proxy.url).status_code == 401
        assert proxy.count() == 1


def test_the_server_chooses_basic_and_is_told_nothing_before(
    apache: DavServer, clients: Callable[..., httpx.Client]
) -> None:
    with dav_proxy(apache.url) as proxy:
        client = clients(proxy.url, Credentials(*apache.auth))
        for _ in range(2):
            assert look(client, proxy.url).status_code == 207
        told = ["authorization" in one.headers for one in proxy.seen]
    assert told == [False, True, True]


def test_a_token(apache: DavServer, clients: Callable[..., httpx.Client]) -> None:
    with dav_proxy(apache.url) as proxy:
        proxy.bearer = "t0ken"
        proxy.authorization = httpx.BasicAuth(*apache.auth)._auth_header
        assert look(clients(proxy.url, Credentials(token="t0ken")), proxy.url).status_code == 207
        assert look(clients(proxy.url, Credentials(token="other")), proxy.url).status_code == 401


def test_no_other_server_is_told() -> None:
    auth = LoginAuth("https://cloud.example.org", "ada", "secret")
    for url in (
        "https://evil.example.org/",
        "http://cloud.example.org/",
        "https://cloud.example.org:1/",
    ):
        with pytest.raises(PluginError):
            next(auth.sync_auth_flow(httpx.Request("GET", url)))


def test_a_sign_in_that_decamp_does_not_know() -> None:
    auth = LoginAuth("https://cloud.example.org", "ada", "secret")
    flow = auth.sync_auth_flow(httpx.Request("GET", "https://cloud.example.org/"))
    next(flow)
    with pytest.raises(AuthError, match="negotiate"):
        flow.send(httpx.Response(401, headers={"WWW-Authenticate": "Negotiate"}))


def test_challenges_in_one_header_or_several() -> None:
    found = _challenges('Digest realm="a, b", nonce="x=,y", qop="auth,auth-int", Basic realm="c"')
    assert found == {
        "digest": {"realm": "a, b", "nonce": "x=,y", "qop": "auth,auth-int"},
        "basic": {"realm": "c"},
    }


def test_the_example_of_the_standard(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7616 section 3.9.1."""
    monkeypatch.setattr(
        "decamp.http.login.secrets.token_hex",
        lambda size: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    auth = LoginAuth("http://www.example.org", "Mufasa", "Circle of Life")
    flow = auth.sync_auth_flow(httpx.Request("GET", "http://www.example.org/dir/index.html"))
    next(flow)
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    sent = flow.send(httpx.Response(401, headers={"WWW-Authenticate": challenge}))
    digest = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert f'response="{digest}"' in sent.headers["authorization"]


def test_http_is_for_this_machine_alone() -> None:
    for host in ("nas.home.example", "localhost.home.example", "my.localhost"):
        with pytest.raises(ConfigError, match="https") as caught:
            login_client(Login(origin=f"http://{host}", url=f"http://{host}/"), None)
        assert "Write https://" in caught.value.hint and "ca_file" in caught.value.hint
        assert "sandbox" not in caught.value.hint


def test_localhost_is_this_machine_if_it_is_found_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(origin="http://localhost:8", url="http://localhost:8/")
    login_client(login, None).close()
    elsewhere = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]
    monkeypatch.setattr("decamp.http.service.socket.getaddrinfo", lambda *_, **__: elsewhere)
    with pytest.raises(ConfigError, match="https"):
        login_client(login, None)


def test_no_certificates_are_read_for_a_server_without_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[dict[str, Any]] = []
    real = httpx.create_ssl_context
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **how: read.append(how) or real(**how))
    for scheme, times in (("http", 0), ("https", 1)):
        origin = f"{scheme}://localhost:1"
        login_client(Login(origin=origin, url=f"{origin}/"), None).close()
        assert len(read) == times
    tls = trusted(Login(origin="http://localhost:1", url="http://localhost:1/"))
    assert tls.verify_mode is ssl.CERT_REQUIRED
    assert not tls.get_ca_certs(), "and nobody is trusted"


def test_localhost_is_signed_in_at(apache: DavServer, cli: Cli) -> None:
    url = apache.url.replace("127.0.0.1", "localhost")
    assert cli("connect", f"webdav:{url}", **variables(apache)).code == 0
    assert cli("plugins", "check", f"webdav:{url}TikTok", **FILE).code == 0
    other = cli("plugins", "check", f"webdav:{apache.url}TikTok", **FILE)
    assert other.code == 5  # another origin, whatever it leads to


def test_a_name_that_is_taken(apache: DavServer, cli: Cli) -> None:
    assert cli("connect", f"webdav:{apache.url}", **variables(apache)).code == 0
    other = "https://cloud.example.org/dav"
    ended = cli("connect", f"webdav:{other}", **variables(apache))
    assert ended.code == 2
    assert f"decamp connect webdav:{other} NAME" in " ".join(ended.err.split())
    refused = cli("connect", "webdav:http://cloud.example.org/dav", **variables(apache))
    assert refused.code == 2 and "Write https://" in refused.err
