"""What must not be repeated, and bodies that come in very small pieces."""

import time
from typing import Any

import msgspec
import pytest

from whatsapp_hub.adapters.http.server.asgi import read
from whatsapp_hub.adapters.providers.http_call import Answer
from whatsapp_hub.adapters.providers.meta_cloud import errors
from whatsapp_hub.domain.errors import CredentialsInvalid


def test_an_access_token_that_meta_repeats_is_not_passed_on() -> None:
    token = "EAA" + "aB3" * 40
    answer = Answer(401, msgspec.json.encode({"error": {"code": 190, "message": f"Malformed access token {token}"}}))
    with pytest.raises(CredentialsInvalid) as refused:
        errors.read(answer)
    assert token not in str(refused.value)
    assert str(refused.value).startswith("190: Malformed access token")


def pieces(count: int, size: int) -> Any:
    left = count

    async def receive() -> dict[str, Any]:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": b"x" * size, "more_body": left > 0}

    return receive


async def test_a_body_in_many_small_pieces_costs_little() -> None:
    began = time.perf_counter()
    body = await read(pieces(60_000, 64), None, 4_000_000)
    assert body == b"x" * 60_000 * 64
    assert time.perf_counter() - began < 3
    assert await read(pieces(3, 10), None, 29) is None
    assert await read(pieces(3, 10), None, 30) == b"x" * 30
    assert await read(pieces(1, 0), None, 30) == b""
