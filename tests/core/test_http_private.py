"""Without TLS only a private network is asked, however a name resolves."""

from __future__ import annotations

from ipaddress import ip_address

import httpcore
import httpx
import pytest

from decamp.auth import Login
from decamp.errors import ConfigError
from decamp.http.addresses import is_private, is_public
from decamp.http.guard import NameNotFound, PrivateNetwork
from decamp.http.service import require_safe
from decamp.logins import login_client

PRIVATE = """
10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 169.254.0.1
127.0.0.1 127.0.1.1 ::1 fc00::1 fd00::2 fdff:ffff::1 fe80::1 fe80::1%eth0 febf::1
::ffff:192.168.1.1 ::ffff:127.0.0.1
""".split()  # noqa: SIM905 - a table reads better

ELSEWHERE = """
1.1.1.1 9.255.255.255 11.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 169.253.0.1
0.0.0.0 100.64.0.1 192.0.2.1 198.51.100.1 203.0.113.1 224.0.0.1 255.255.255.255 :: fec0::1 ff02::1
2606:4700:4700::1111 2002:c0a8:101:: 64:ff9b::c0a8:101 ::ffff:1.1.1.1 ::192.168.1.1 2001:db8::1
""".split()  # noqa: SIM905 - a table reads better


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address(address):
    assert is_private(ip_address(address))
    assert not is_public(ip_address(address)), "and what data names does not lead there"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_an_address_that_is_not_private(address):
    assert not is_private(ip_address(address))


class Network(httpcore.MockBackend):
    """Keeps which addresses were connected to, and gives nothing else."""

    def __init__(self):
        super().__init__([])
        self.asked = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.asked.append(host)
        return super().connect_tcp(host, port)


def network(*answers):
    """Resolve a name to these addresses, another time to the next ones."""
    left = list(answers)
    below = Network()
    return PrivateNetwork(lambda host, port: left.pop(0), below), below


@pytest.mark.parametrize("host", ["nas", "nas.local", "nas.home.example", "192.168.1.20"])
def test_a_name_that_leads_to_a_private_network_is_asked_there(host):
    guarded, below = network(["192.168.1.20", "fd00::20"])
    guarded.connect_tcp(host, 8080)
    assert below.asked == ["192.168.1.20"]


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("host", ["nas", "nas.local"])
def test_one_address_elsewhere_is_enough_to_refuse(host, address):
    for found in ([address], ["192.168.1.20", address], [address, "fd00::20"]):
        guarded, below = network(found)
        with pytest.raises(ConfigError, match=f"{host} was not asked"):
            guarded.connect_tcp(host, 80)
        assert below.asked == []


def test_a_name_that_leads_elsewhere_the_next_time_is_refused_then():
    guarded, below = network(["192.168.1.20"], ["1.1.1.1"])
    guarded.connect_tcp("nas", 80)
    with pytest.raises(ConfigError):
        guarded.connect_tcp("nas", 80)
    assert below.asked == ["192.168.1.20"], "what was looked up was asked, and nothing else"


def test_a_name_without_an_address():
    def nothing(host, port):
        raise OSError("no such name")

    with pytest.raises(NameNotFound):
        PrivateNetwork(nothing, Network()).connect_tcp("nas", 80)


def test_a_client_without_tls_asks_no_public_server(monkeypatch):
    monkeypatch.setattr(
        "decamp.http.guard.socket.getaddrinfo", lambda *_, **__: [(*"abcd", ("1.1.1.1", 80))]
    )
    login = Login(origin="http://nas.example", url="http://nas.example/", plain_http=True)
    client = login_client(login, None)
    with client:
        with pytest.raises(ConfigError, match="private network"):
            client.get("http://nas.example/dav")
        with pytest.raises(ConfigError, match="private network"):
            client.ask("PUT", "http://nas.example/dav", {}, b"mine")


def test_it_is_told_whether_secrets_would_go_unencrypted():
    assert require_safe("http://192.168.1.20", private=True)
    assert require_safe("http://nas.local", private=True)
    assert not require_safe("https://1.1.1.1", private=True)
    assert not require_safe("http://127.0.0.1:8", private=True)
    for url in (
        "http://1.1.1.1",
        "http://[2606:4700:4700::1111]:80",
        "ftp://192.168.1.20",
        "http://",
    ):
        with pytest.raises(ConfigError):
            require_safe(url, private=True)
    with pytest.raises(ConfigError):
        require_safe("http://192.168.1.20")


def test_with_tls_the_word_changes_nothing():
    login = Login(origin="https://nas.example", url="https://nas.example/", plain_http=True)
    with login_client(login, None) as client:
        assert isinstance(client, httpx.Client)
