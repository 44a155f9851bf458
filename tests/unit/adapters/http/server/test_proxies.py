"""The client's address behind proxies."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.http.server.proxies import PEER, Proxies

PROXIES = Proxies.of("10.0.0.0/8, 172.16.0.5 fd00::/8")


def scope(peer: str | None, *forwarded: str, proto: str | None = None, kind: str = "http") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    return {"type": kind, "scheme": "http", "client": (peer, 5) if peer else None, "headers": headers}


def client(proxies: Proxies, peer: str | None, *forwarded: str) -> str | None:
    seen = proxies.seen(scope(peer, *forwarded))
    assert seen[PEER] == peer
    return seen["client"][0] if seen["client"] else None


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 172.16.0.5"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.7"], "10.0.0.7"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_the_client_is_the_first_address_from_the_right_that_no_trusted_proxy_has(
    peer: str, forwarded: list[str], expected: str
) -> None:
    assert client(PROXIES, peer, *forwarded) == expected


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert client(Proxies.of(""), "127.0.0.1", "198.51.100.1") == "127.0.0.1"


def test_a_connection_without_an_address_stays_without_one() -> None:
    assert client(PROXIES, None, "198.51.100.1") is None


@given(st.lists(st.ip_addresses().map(str) | st.text(max_size=9), max_size=6), st.ip_addresses().map(str))
def test_what_the_client_wrote_itself_never_counts(written: list[str], real: str) -> None:
    """Whatever a client puts into the header, the proxy appends the address that it saw."""
    line = ", ".join([part.replace(",", "") for part in written] + [real])
    seen = client(Proxies.of("192.0.2.1"), "192.0.2.1", line.encode("latin-1", "replace").decode("latin-1"))
    assert seen is not None
    if real != "192.0.2.1":
        mapped = getattr(ip_address(real), "ipv4_mapped", None)
        assert ip_address(seen) == (mapped or ip_address(real))


@pytest.mark.parametrize(("kind", "scheme", "expected"), [("http", "http", "https"), ("websocket", "ws", "wss")])
def test_the_scheme_is_the_one_that_the_nearest_trusted_proxy_reports(kind: str, scheme: str, expected: str) -> None:
    for peer, seen in (("10.0.0.1", expected), ("203.0.113.9", scheme)):
        assert PROXIES.seen(scope(peer, proto="https", kind=kind) | {"scheme": scheme})["scheme"] == seen


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/33", "10.0.0.1,,x"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"nginx|10\.0\.0\.0/33|x"):
        Proxies.of(text)


def test_an_entry_that_is_longer_than_any_address_is_unreadable() -> None:
    """It would be parsed at length, and remembered."""
    assert client(PROXIES, "10.0.0.1", "198.51.100.1, fe80::1%" + "a" * 60_000) == "10.0.0.1"
