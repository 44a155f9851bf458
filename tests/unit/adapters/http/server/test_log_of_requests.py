"""What the log of a request says, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from whatsapp_hub.adapters.http.server.request_context import Frame


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/media/links/AnyVskQhi05xlq4732nx0Bn0WYUH", "/api/media/links/***"),
        ("/api/media/links/AnyVskQhi05/x\ny", "/api/media/links/***"),
        ("/api/conversations/01a21c7f-8eaf-7000-9995-6dcbf9e2102b", None),
    ],
)
async def test_a_link_that_opens_a_file_stands_in_no_log(path: str, shown: str | None) -> None:
    """Who reads the log could open the file for an hour."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        raise AssertionError

    async def send(event: Any) -> None:
        pass

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    with capture_logs() as lines:
        await Frame(app)(scope, receive, send)
    assert [line["path"] for line in lines] == [shown or path]
