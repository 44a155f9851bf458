"""Find the client behind proxies: X-Forwarded-For, read from the right.

Each proxy appends the address that it was called from, so what stands furthest right is the newest and the only part
that a trusted proxy vouches for. What lies beyond the first address that is not a trusted proxy's was written by the
client itself and means nothing. uvicorn's own handling of these headers is off: there is one rule.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Scope = MutableMapping[str, Any]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PEER = "whatsapp_hub.peer"
"""Key of the scope: the address that the connection itself came from; None over a Unix socket."""

_SECURE = {"http": "https", "ws": "wss"}
_ADDRESS_CHARACTERS = 64
"""With a zone, brackets and a port. What is longer is no address, and is not remembered."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks of TRUSTED_PROXIES. None are trusted by default."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Proxies":
        """Read addresses and networks, apart by commas or spaces. Raises ValueError with the first that is neither."""
        return cls(tuple(_network(part) for part in text.replace(",", " ").split()))

    def seen(self, scope: Scope) -> Scope:
        """Write into the scope the client's address and scheme as trusted proxies report them, and the PEER."""
        client = scope.get("client")
        peer = scope[PEER] = client[0] if client else None
        if peer is None or not self.networks or not self._trusts(_address(peer)):
            return scope
        if (first := self._client(peer, _forwarded(scope, b"x-forwarded-for"))) != peer:
            scope["client"] = (first, 0)
        if _forwarded(scope, b"x-forwarded-proto")[-1:] == ["https"]:
            scope["scheme"] = _SECURE.get(scope["scheme"], scope["scheme"])
        return scope

    def _client(self, peer: str, forwarded: list[str]) -> str:
        """Return the first address from the right that is not a trusted proxy's; at an unreadable entry, or where
        entries end, the last one read."""
        client = peer
        for entry in reversed(forwarded):
            address = _address(entry)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)


NOBODY_TRUSTED = Proxies()


def is_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether any proxy, trusted or not, has added its header to the request."""
    return any(name in (b"x-forwarded-for", b"forwarded", b"x-real-ip") for name, _ in headers)


def _network(part: str) -> Network:
    try:
        return ip_network(part, strict=False)
    except ValueError:
        raise ValueError(part) from None


def _forwarded(scope: Scope, header: bytes) -> list[str]:
    """List the entries of a header that may come in several lines, in order."""
    lines = (value.decode("latin-1") for name, value in scope["headers"] if name == header)
    return [entry.strip().lower() for line in lines for entry in line.split(",")]


def _address(text: str) -> Address | None:
    """Parse `10.0.0.1`, `10.0.0.1:1234`, `::1`, `[::1]` or `[::1]:1234`; IPv4 inside IPv6 is IPv4; else None."""
    return _parsed(text) if len(text) <= _ADDRESS_CHARACTERS else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
