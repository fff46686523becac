"""Connects only to addresses that were checked, however their names resolve."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address

import httpcore

from decamp.errors import ConfigError, ItemError
from decamp.http.addresses import is_private, is_public

__all__ = [
    "Guard",
    "NameNotFound",
    "PrivateNetwork",
    "Refused",
    "Resolver",
    "not_private",
    "system_resolver",
]

Resolver = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host, in the order to try them. Raises OSError if there are none."""

_PORTS = (80, 443)
_TRIES = 4
"""So many addresses of one host are tried: each may cost a whole timeout."""


class Refused(ItemError):
    """An address from the data was not asked, or not believed.

    Args:
        host: Shown to the person; the rest of the address never is.
        why: The end of a sentence.
    """

    code = "refused"

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host or 'A link without a host'} {why}.")


class NameNotFound(httpcore.ConnectError):
    """A host has no address, or nobody could be asked for it."""


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the operating system, which also reads forms such as ``0x7f.1`` and ``localhost``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that no name may have
        raise OSError("not a valid host name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Checked(httpcore.NetworkBackend, ABC):
    """Resolves a host once, checks every address, and connects to a checked one.

    Between check and connection there is no second look-up that could answer otherwise
    ("DNS rebinding"), and one bad address among good ones is enough to refuse.

    Args:
        resolve: Finds the addresses of a host.
        network: Makes the connections; it is given addresses, never names.
    """

    def __init__(
        self, resolve: Resolver = system_resolver, network: httpcore.NetworkBackend | None = None
    ) -> None:
        self._resolve = resolve
        self._network = network or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host.

        Raises:
            TransferError: An address of the host, or the port, is not one to be asked.
            NameNotFound: It has no address.
            httpcore.ConnectError: None of its addresses answers.
        """
        *others, last = self._addresses(host, port)[:_TRIES]
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        return self._network.connect_tcp(last, port, timeout, local_address, socket_options)

    @abstractmethod
    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of a host that may be asked, or refuse."""

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise NameNotFound("the host name was not found") from error
        if not addresses:
            raise NameNotFound("the host has no address")
        return addresses


class Guard(_Checked):
    """Connects to public addresses only, and on the ports of the web.

    Args:
        allowed: Pairs of host and port that are exempt.
        resolve: Finds the addresses of a host.
        network: Makes the connections; it is given addresses, never names.
    """

    def __init__(
        self,
        allowed: Collection[tuple[str, int]],
        resolve: Resolver,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        super().__init__(resolve, network)
        self._allowed = frozenset(allowed)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Raises `Refused`: the port is not one of the web, or an address is not public."""
        known = (host, port) in self._allowed
        if not known and port not in _PORTS:
            raise Refused(host, f"was not asked: decamp never visits port {port}, only 80 and 443")
        addresses = self._resolved(host, port)
        for address in addresses:
            if not known and not is_public(ip_address(address)):
                why = "was not asked: it leads into a private network, which decamp never visits"
                raise Refused(host, why)
        return addresses


class PrivateNetwork(_Checked):
    """Connects to addresses of a private network only.

    It is for a server that a person has named, and allowed to be asked without TLS; never for
    an address from someone's data.
    """

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Raises `ConfigError`: an address is not one of a private network."""
        addresses = self._resolved(host, port)
        if not all(is_private(ip_address(address)) for address in addresses):
            raise not_private(host)
        return addresses


def not_private(host: str) -> ConfigError:
    """Say that a server may not be asked without TLS, although a person has allowed that."""
    return ConfigError(
        f"{host} was not asked: without TLS decamp asks only servers in a private network, and its "
        "address is not one of those.",
        hint="Write https://. Addresses of private networks are such as 192.168.1.20, 10.0.0.20 and "
        "fd00::20, and names that lead to nothing but those.",
    )
