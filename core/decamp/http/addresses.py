"""Which network addresses are public, where one from someone's data may lead, and which private.

The table is our own: `ipaddress` changed its mind between releases of Python (3.11 calls
64:ff9b::7f00:1 and 2002:7f00:1:: global, though both can mean 127.0.0.1). Sources: the
IANA special-purpose registries (RFC 6890) and the documents named below.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["is_private", "is_public"]

_REFUSED_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # shared by carriers, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "168.63.129.16/32",  # looks public, but is the host below a virtual machine in Azure
        "169.254.0.0/16",  # link-local, RFC 3927: cloud metadata
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112; broadcast, RFC 919
    )
)

# All that IANA has given out as global unicast. Outside of it lie loopback, unspecified,
# IPv4-mapped and -compatible, link-local, site-local, unique local and multicast.
_GLOBAL_6 = IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: holds an IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    )
)

# Networks without IPv4 reach it through this prefix (RFC 6052); the address behind it
# counts. The local-use prefix 64:ff9b:1::/48 (RFC 8215) is refused like all else.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_6 and not any(address in network for network in _REFUSED_6)


_PRIVATE = (
    IPv4Network("10.0.0.0/8"),  # RFC 1918
    IPv4Network("127.0.0.0/8"),  # loopback, RFC 1122: the name of this machine may lead there
    IPv4Network("169.254.0.0/16"),  # link-local, RFC 3927
    IPv4Network("172.16.0.0/12"),  # RFC 1918
    IPv4Network("192.168.0.0/16"),  # RFC 1918
    IPv6Network("::1/128"),  # loopback, RFC 4291
    IPv6Network("fc00::/7"),  # unique local, RFC 4193
    IPv6Network("fe80::/10"),  # link-local, RFC 4291
)


def is_private(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of a network at home, or of this machine.

    What is neither public nor this, such as a carrier's shared addresses, is not.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _PRIVATE)
