"""The address of this machine in its own network."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from decamp.http.addresses import is_private

__all__ = ["own_address"]

_BEYOND = ("10.255.255.254", "172.31.255.254", "192.168.255.254", "fd00::ffff")
"""Nobody is asked there: choosing the way to an address sends nothing."""


def own_address() -> str:
    """Give a private address of this machine that is not loopback; skip a test without one."""
    for target in _BEYOND:
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found = str(probe.getsockname()[0])
        except OSError:
            continue
        address = ip_address(found)
        if is_private(address) and not address.is_loopback and not address.is_link_local:
            return found
    pytest.skip("this machine has no address in a private network")
