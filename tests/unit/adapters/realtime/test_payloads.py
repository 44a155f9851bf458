"""What clients of sockets send, and where from."""

from typing import Any

import pytest

from whatsapp_hub.adapters.realtime import payloads


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({"asgi.scope": {"client": ("198.51.100.9", 0)}}, "198.51.100.9"),
        ({"asgi.scope": {"client": None}}, None),
        ({}, None),
    ],
)
def test_a_socket_has_the_address_that_its_connection_has(environ: dict[str, Any], address: str | None) -> None:
    """The scope carries the client's as trusted proxies report it (adapters/http/server/proxies.py)."""
    assert payloads.address(environ) == address
