"""The listener that takes one redirect: S1."""

from __future__ import annotations

import http.client
import logging
import os
import socket
import threading
from pathlib import Path

import pytest

from decamp.errors import AuthError, ConfigError
from decamp.oauth import loopback
from decamp.oauth.loopback import LoopbackListener

STOP = threading.Event()


def ask(listener, target, method="GET", **headers):
    port = int(listener.redirect_uri.split(":")[2].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, target, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "localhost", "", "::", "10.0.0.1", "192.168.1.2", "example.org", "::1"]
)
def test_it_listens_on_loopback_alone(host):
    with pytest.raises(ConfigError, match="this machine alone"):
        LoopbackListener("/callback/", host)


def test_the_redirect_address_names_the_port_that_the_system_chose():
    with LoopbackListener("/callback/") as one, LoopbackListener("/callback/") as other:
        assert one.redirect_uri != other.redirect_uri
        for listener in (one, other):
            assert listener.redirect_uri.startswith("http://127.0.0.1:")
            assert listener.redirect_uri.endswith("/callback/")


def test_it_takes_the_first_answer_and_refuses_the_second():
    with LoopbackListener("/callback/") as listener:
        first, page = ask(listener, "/callback/?code=one&state=x")
        second, late = ask(listener, "/callback/?code=two&state=x")
        assert (first.status, second.status) == (200, 410)
        assert "Nearly done" in page
        assert "has had its answer" in late
        assert listener.wait(STOP, 1) == f"{listener.redirect_uri}?code=one&state=x"
        port = int(listener.redirect_uri.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port)):
        pass


def test_of_many_at_once_one_gets_through():
    codes = []
    with LoopbackListener("/callback/") as listener:
        gate = threading.Barrier(8)

        def come(number):
            gate.wait()
            codes.append(ask(listener, f"/callback/?code={number}&state=x")[0].status)

        threads = [threading.Thread(target=come, args=(n,)) for n in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert sorted(codes) == [200] + [410] * 7


@pytest.mark.parametrize("target", ["/", "/favicon.ico", "/callback", "/callback/x?code=1", "//"])
def test_another_path_is_no_answer(target):
    with LoopbackListener("/callback/") as listener:
        answer, page = ask(listener, target)
        assert answer.status == 404
        assert "Go back to the terminal" in page
        assert ask(listener, "/callback/?code=1")[0].status == 200


def test_the_path_without_an_answer_is_none():
    with LoopbackListener("/callback/") as listener:
        assert ask(listener, "/callback/")[0].status == 400
        assert ask(listener, f"/callback/?code={'x' * 20_000}")[0].status == 400
        assert ask(listener, "/callback/?code=1")[0].status == 200


def test_another_name_that_leads_here_is_refused():
    """A page of the web whose name resolves to 127.0.0.1 (DNS rebinding)."""
    with LoopbackListener("/callback/") as listener:
        assert ask(listener, "/callback/?code=1", Host="evil.example")[0].status == 404
        assert ask(listener, "/callback/?code=1")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_only_a_get_is_an_answer(method):
    with LoopbackListener("/callback/") as listener:
        assert ask(listener, "/callback/?code=1", method)[0].status == 501
        assert ask(listener, "/callback/?code=1")[0].status == 200


def test_the_page_runs_nothing_and_keeps_nothing():
    with LoopbackListener("/callback/") as listener:
        answer, page = ask(listener, "/callback/?code=CANARY&state=<script>")
    assert "CANARY" not in page
    assert "<script" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_denied_consent_has_a_page_of_its_own():
    with LoopbackListener("/callback/") as listener:
        assert "Nothing was granted" in ask(listener, "/callback/?error=access_denied")[1]


def test_an_idle_connection_holds_up_nobody():
    with LoopbackListener("/callback/") as listener:
        port = int(listener.redirect_uri.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)):
            assert ask(listener, "/callback/?code=1")[0].status == 200
            assert listener.wait(STOP, 1).endswith("code=1")


def test_it_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(loopback, "_STEP_SECONDS", 0.001)
    with LoopbackListener("/callback/") as listener:
        with pytest.raises(AuthError, match="did not come back"):
            listener.wait(STOP, 0.003)
        stopped = threading.Event()
        stopped.set()
        with pytest.raises(AuthError, match="broken off"):
            listener.wait(stopped, 900)


def test_nothing_is_logged(capfd, caplog):
    caplog.set_level(logging.DEBUG)
    with LoopbackListener("/callback/") as listener:
        ask(listener, "/callback/?code=CANARY")
        port = int(listener.redirect_uri.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as broken:
            broken.sendall(b"GET /callback/?code=CANARY HTTP/9.9\r\n\r\n")
            broken.recv(100)
    said = capfd.readouterr()
    assert "CANARY" not in caplog.text + said.out + said.err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no /proc")
def test_the_socket_is_bound_to_loopback_only():
    with LoopbackListener("/callback/") as listener:
        port = int(listener.redirect_uri.split(":")[2].split("/")[0])
        table = Path("/proc/net/tcp").read_text(encoding="ascii")
        rows = [line.split() for line in table.splitlines()]
        bound = {row[1] for row in rows[1:] if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    assert bound == {f"0100007F:{port:04X}"}
