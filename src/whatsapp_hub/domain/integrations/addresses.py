"""Addresses that users may enter (an SSRF guard): public ones, in none of the forms that lead to private networks."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IpAddress = IPv4Address | IPv6Address

_INTERNET = IPv6Network("2000::/3")
"""All assigned unicast IPv6. Python's own tables of special networks differ from release to release."""
_SPECIAL = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarking, protocol assignments
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_SPECIAL_V4 = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("168.63.129.16/32"),  # Azure's own, inside each of its virtual networks
)
_LOW_32 = 0xFFFFFFFF
_CARRIES = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("2002::/16"), 80),  # 6to4
)
"""Networks that embed an IPv4 address, and by how many bits it is shifted. Others that do are never public: local NAT64
(64:ff9b:1::/48), IPv4-translated (::ffff:0:0:0/96), IPv4-compatible (::/96), Teredo (2001::/32)."""
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(address: IpAddress) -> bool:
    """Check whether it is public. A zone (`%eth0`) names an interface of this machine: never public."""
    if isinstance(address, IPv4Address):
        is_special = address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL_V4)
        return address.is_global and not is_special
    if address.scope_id is not None:
        return False
    for network, shift in _CARRIES:
        if address in network:
            return is_public(IPv4Address(int(address) >> shift & _LOW_32))
    if int(address) >> 32 & _LOW_32 in _ISATAP and not is_public(IPv4Address(int(address) & _LOW_32)):
        return False
    return address in _INTERNET and not any(address in network for network in _SPECIAL)


def is_public_text(address: str) -> bool:
    """Check the result of a name look-up, as `is_public` does."""
    return is_public(ip_address(address))


def is_private_host(host: str) -> bool:
    """Check for a literal that is not public, or localhost. (Another name may still resolve to a private address.)"""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ip_address(name.replace("%25", "%")))
    except ValueError:
        return _is_private_number(name)


def _is_private_number(name: str) -> bool:
    """Check the forms that every resolver reads as an IPv4 address: `127.1`, `0x7f000001`, `2130706433`."""
    try:
        return not is_public(IPv4Address(socket.inet_aton(name)))
    except (OSError, UnicodeError, ValueError):
        return False
