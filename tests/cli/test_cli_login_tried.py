"""What ``decamp connect`` finds out at a server before it keeps a password."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from cli_run import Cli, Ended
from dav_login import FILE, cli
from dav_proxy import Action, Answer, DavProxy, Refuse, Request, always, dav_proxy, nth
from dav_servers import DavServer, apache, dav_servers

__all__ = ["apache", "cli", "dav_servers"]


@pytest.fixture
def proxy(apache: DavServer) -> Iterator[DavProxy]:
    with dav_proxy(apache.url) as running:
        yield running


@pytest.fixture
def connect(apache: DavServer, cli: Cli) -> Callable[..., Ended]:
    def connected(url: str, *words: str, password: str = apache.password) -> Ended:
        who = {"DECAMP_WEBDAV_USER": apache.user, "DECAMP_WEBDAV_PASSWORD": password}
        return cli("connect", f"webdav:{url}", *words, **FILE | who)

    return connected


def said(ended: Ended) -> str:
    return " ".join(ended.err.split())


def kept(cli: Cli) -> bool:
    return (cli.home / "connections.json").exists() or (cli.home / "secrets.json").exists()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(200, b"<html>Sign in</html>"), 6, "does not answer as a WebDAV folder"),
        (Answer(302, headers={"Location": "https://evil.example/"}), 6, "evil.example"),
        (Answer(405), 6, "(HTTP 405)"),
        (Answer(400), 6, "does not answer as a WebDAV folder"),
        (Answer(403), 5, "does not allow this"),
        (Answer(503), 7, "cannot answer now"),
    ],
)
def test_what_is_no_webdav_folder_is_told_no_password(
    answer: Answer, code: int, words: str, proxy: DavProxy, connect: Callable[..., Ended], cli: Cli
) -> None:
    proxy.act = always(answer)
    ended = connect(proxy.url)
    assert ended.code == code, ended.err
    assert words in said(ended)
    assert not kept(cli)
    assert proxy.count("PROPFIND") == len(proxy.seen) > 0
    assert [one for one in proxy.seen if "authorization" in one.headers] == []


def test_a_wrong_password(apache: DavServer, connect: Callable[..., Ended], cli: Cli) -> None:
    ended = connect(apache.url, password="wr0ng")
    assert ended.code == 5
    assert "does not accept the user name and password" in said(ended)
    assert not kept(cli)


def test_one_level_too_high(apache: DavServer, connect: Callable[..., Ended], cli: Cli) -> None:
    """Apache asks nobody there, and has no WebDAV."""
    ended = connect(apache.url.removesuffix("dav/"), password="wr0ng")
    assert ended.code == 6, ended.err
    assert not kept(cli)


def test_a_folder_that_is_not_there_yet(apache: DavServer, connect: Callable[..., Ended]) -> None:
    assert connect(apache.url + "new/folder", password="wr0ng").code == 5
    ended = connect(apache.url + "new/folder")
    assert ended.code == 0
    assert f"There is nothing at {apache.url}new/folder yet" in said(ended)


def test_a_file(apache: DavServer, connect: Callable[..., Ended], cli: Cli) -> None:
    file = apache.files / "file.txt"
    file.write_text("mine")
    try:
        assert connect(f"{apache.url}file.txt").code == 6
    finally:
        file.unlink()
    assert not kept(cli)


_OPEN = b"""<multistatus xmlns="DAV:"><response><href>/dav/</href><propstat><prop><resourcetype>
<collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>
</multistatus>"""


def unasked(request: Request) -> Action | None:
    """Show the folder to everybody who is not signed in."""
    return None if "authorization" in request.headers else Answer(207, _OPEN)


def test_a_server_that_does_not_ask_is_told_all_the_same(
    proxy: DavProxy, connect: Callable[..., Ended], cli: Cli
) -> None:
    proxy.act = unasked
    assert connect(proxy.url, password="wr0ng").code == 5
    assert not kept(cli)
    ended = connect(proxy.url)
    assert ended.code == 0, ended.err
    assert "did not ask who you are" in said(ended)
    assert "Signed in" not in said(ended)


@pytest.mark.parametrize("number", [1, 2])
def test_a_connection_that_is_lost_is_made_again_once(
    number: int, proxy: DavProxy, connect: Callable[..., Ended]
) -> None:
    """A server may close one that was kept open at the very moment when it is used again."""
    proxy.act = nth(number, Refuse())
    ended = connect(proxy.url)
    assert ended.code == 0, ended.err


def test_plain_http_at_a_port_of_tls(
    dav_servers: Callable[..., DavServer], connect: Callable[..., Ended], cli: Cli
) -> None:
    server = dav_servers("apache", tls=True)
    ended = connect(server.url.replace("https:", "http:"))
    assert ended.code == 7, ended.err
    assert "https://" in said(ended)
    assert not kept(cli)


def test_each_certificate_that_is_not_to_be_trusted_has_its_words(
    dav_servers: Callable[..., DavServer], connect: Callable[..., Ended], cli: Cli, tmp_path: Path
) -> None:
    server = dav_servers("apache", tls=True)
    ended = connect(server.url)
    assert ended.code == 6
    assert "the certificate of the server cannot be trusted" in said(ended)
    assert "to.ca_file=FILE.pem" in said(ended)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    ended = connect(server.url, "-o", f"ca_file={other}")
    assert ended.code == 6
    assert f"is not of the authority in {other}" in said(ended)
    assert not kept(cli)


def test_a_certificate_for_another_name(
    connect: Callable[..., Ended], cli: Cli, tmp_path: Path
) -> None:
    authority, ca = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("cloud.example").configure_cert(tls)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refused() -> None:
            with suppress(ssl.SSLError, OSError), listener.accept()[0] as asked:
                tls.wrap_socket(asked, server_side=True)

        thread = threading.Thread(target=refused)
        thread.start()
        ended = connect(f"https://127.0.0.1:{listener.getsockname()[1]}/dav", "-o", f"ca_file={ca}")
        thread.join()
    assert ended.code == 6, ended.err
    assert "the certificate of the server is for another name" in said(ended)
    assert not kept(cli)
