"""Tell whether a request comes from the machine on which the hub runs, and was meant for it."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from whatsapp_hub.adapters.http.server.proxies import PEER, is_forwarded


def is_from_this_machine(scope: Mapping[str, Any]) -> bool:
    """Check that the peer is on the loopback, asks for it by a name of the loopback, by HTTP/1.1 and without forwarding
    headers: a proxy beside the hub is on the loopback, too."""
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    if scope.get("http_version") == "1.0" or is_forwarded(headers):
        return False
    return _is_loopback(scope.get(PEER)) and len(hosts) == 1 and names_loopback(hosts[0])


def names_loopback(host: str) -> bool:
    """Check that a host, with or without a port, is this machine's own."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_loopback(peer: object) -> bool:
    try:
        address = ip_address(str(peer))
    except ValueError:
        return False
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)
