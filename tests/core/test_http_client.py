"""What the client for addresses from data sends, and what it believes."""

from __future__ import annotations

import gzip
import logging
import shutil
import socket
import ssl
import subprocess
import threading

import httpx
import pytest

import faulty_http
from decamp import __version__
from decamp.http import Refused, get, guarded_client, host_of, service_client
from decamp.http import stoppable as stoppable_module
from faulty_http import Answer


@pytest.fixture
def asked():
    """Give a function that serves routes and asks for one of them."""

    def ask(routes, path="/a", times=1):
        with (
            faulty_http.serving(routes) as server,
            guarded_client(allowed=server.allowed) as client,
        ):
            bodies = []
            for _ in range(times):
                with get(client, server.url(path)) as response:
                    bodies.append(b"".join(response.iter_raw()))
            return bodies, server.seen

    return ask


def test_nothing_of_this_machine_is_sent(asked, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    routes = {"/a": Answer(200, b"x", {"Set-Cookie": "session=1; Path=/"})}
    bodies, seen = asked(routes, times=2)
    assert bodies == [b"x", b"x"]
    for _, headers in seen:
        assert set(headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert headers["accept-encoding"] == "identity"
        assert headers["user-agent"] == f"decamp/{__version__}"


def test_redirects_are_followed_with_their_path_and_query(asked):
    routes = {
        "/a": Answer(301, headers={"Location": "/b/c?x=1"}),
        "/b/c": Answer(307, headers={"Location": "../d"}),
        "/d": Answer(200, b"there"),
    }
    bodies, seen = asked(routes)
    assert bodies == [b"there"]
    assert [path for path, _ in seen] == ["/a", "/b/c?x=1", "/d"]


def test_five_redirects_are_followed_and_no_sixth(asked):
    steps = {f"/{n}": Answer(302, headers={"Location": f"/{n + 1}"}) for n in range(6)}
    assert asked({**steps, "/6": Answer(200, b"x")}, "/1")[0] == [b"x"]
    with pytest.raises(Refused, match="5 redirects"):
        asked({**steps, "/6": Answer(200, b"x")}, "/0")


@pytest.mark.parametrize("user", ["ada", "ada:secret", ":secret"])
def test_no_user_name_is_ever_sent(user):
    with (
        faulty_http.serving({"/a": Answer(200, b"x")}) as server,
        guarded_client(allowed=server.allowed) as client,
    ):
        with (
            pytest.raises(Refused, match="user name"),
            get(client, server.url("/a", f"{user}@127.0.0.1")),
        ):
            pass
        assert server.seen == []


def test_a_redirect_to_itself_ends(asked):
    routes = {"/a": Answer(302, headers={"Location": "/a"})}
    with pytest.raises(Refused, match="5 redirects"):
        asked(routes)


def test_the_body_of_a_redirect_is_not_read(asked):
    bomb = gzip.compress(bytes(1 << 20))
    routes = {
        "/a": Answer(302, bomb, {"Location": "/b", "Content-Encoding": "gzip"}),
        "/b": Answer(200, b"x"),
    }
    assert asked(routes)[0] == [b"x"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "GZIP", "identity, gzip"])
def test_compressed_answers_are_refused(asked, encoding):
    routes = {"/a": Answer(200, gzip.compress(b"x"), {"Content-Encoding": encoding})}
    with pytest.raises(Refused, match="compressed"):
        asked(routes)


def test_a_redirect_without_a_target_is_an_answer(asked):
    assert asked({"/a": Answer(302, b"lost")})[0] == [b"lost"]


def test_signed_links_stay_out_of_the_logs_of_libraries(asked, caplog):
    caplog.set_level(logging.DEBUG)
    routes = {"/a": Answer(302, headers={"Location": "/b?sig=CANARY"}), "/b": Answer(200, b"x")}
    asked(routes, "/a?sig=CANARY")
    assert "HTTP Request: GET" in caplog.text
    assert "send_request_headers" in caplog.text
    assert "CANARY" not in caplog.text


def test_the_host_of_anything_can_be_shown():
    assert host_of("https://ada:pw@v.example:8443/a?sig=x") == "v.example"
    assert host_of("no address") == ""
    assert host_of("http://[::1") == ""
    assert host_of("http://a/\ud800") in ("", "a")


# --- TLS -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Make a certificate for media.example, and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: it makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-subj", "/CN=media.example", "-addext", "subjectAltName=DNS:media.example"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls_asked(certificate):
    def ask(path="/a", host="media.example", trust=True, routes=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        tls = ssl.create_default_context(cafile=certificate[0]) if trust else None
        served = routes or {"/a": Answer(200, b"x")}
        with faulty_http.serving(served, context) as server:
            allowed = [(host, server.port), ("127.0.0.1", server.port)]
            resolver = lambda host, port: ["127.0.0.1"]  # noqa: E731
            with (
                guarded_client(allowed=allowed, resolve=resolver, tls=tls) as client,
                get(client, server.url(path, host)) as response,
            ):
                return response.read(), server.seen

    return ask


def test_tls_is_verified_for_the_name_though_the_address_is_connected_to(tls_asked):
    body, seen = tls_asked()
    assert body == b"x"
    assert seen[0][1]["host"].startswith("media.example:")


def test_an_unknown_authority_is_not_trusted(tls_asked, monkeypatch, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        tls_asked(trust=False)


def test_a_certificate_for_another_name_is_not_trusted(tls_asked):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        tls_asked(host="other.example")


@pytest.mark.parametrize(("host", "trust"), [("media.example", False), ("127.0.0.1", True)])
def test_the_client_for_services_verifies_too(certificate, monkeypatch, host, trust):
    """A certificate of an unknown authority, though the environment names it; and another name."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setattr("socket.getaddrinfo", _everywhere_here(socket.getaddrinfo))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    tls = ssl.create_default_context(cafile=certificate[0]) if trust else None
    with (
        faulty_http.serving({"/a": Answer(200, b"x")}, context) as server,
        service_client(tls=tls) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get(server.url("/a", host))
    assert server.seen == []


def test_the_client_for_services_talks_to_whom_it_trusts(certificate, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", _everywhere_here(socket.getaddrinfo))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    trusted = ssl.create_default_context(cafile=certificate[0])
    with (
        faulty_http.serving({"/a": Answer(200, b"x")}, context) as server,
        service_client(tls=trusted) as client,
    ):
        assert client.get(server.url("/a", "media.example")).content == b"x"


def _everywhere_here(resolve):
    """Let every name lead to this machine."""
    return lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more)


def test_redirects_never_give_up_encryption(tls_asked):
    routes = {"/a": Answer(302, headers={"Location": "http://media.example/b"})}
    with pytest.raises(Refused, match="encryption"):
        tls_asked(routes=routes)


def test_a_slow_answer_is_whole_after_many_short_reads(tls_asked, monkeypatch):
    looks, gate, check = [], threading.Event(), stoppable_module._check

    def counted(stop):
        looks.append(stop)
        if len(looks) > 30:
            gate.set()
        check(stop)

    def route(headers):
        assert gate.wait(60)
        return Answer(200, bytes(300_000), chunked=True)

    monkeypatch.setattr(stoppable_module, "_check", counted)
    monkeypatch.setattr(stoppable_module, "_STEP_SECONDS", 0.001)
    body, _ = tls_asked(routes={"/a": route})
    assert body == bytes(300_000)
    assert gate.is_set()
