"""Clients that go away before their request is whole: no fault of the hub's, and none in its log."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.http.conftest import RunningHub


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/reset-password"])
async def test_who_goes_away_in_the_middle_fills_no_log(
    running: RunningHub, path: str, capfd: pytest.CaptureFixture[str], caplog: Any
) -> None:
    for _ in range(20):
        _, writer = await asyncio.open_connection(*urlsplit(running.url).netloc.split(":"))
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        writer.write(head.encode())
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.transport.abort()
    await asyncio.sleep(0.3)
    said = "".join(capfd.readouterr()) + caplog.text
    assert "request failed" not in said
    assert "prematurely" not in said
