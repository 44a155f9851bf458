"""Print a session's events as they happen, until Ctrl-C.

    pip install "python-socketio[asyncio_client]"                         # .venv/bin/python of `make run` has it
    JWT_TOKEN=… SESSION_ID=main python examples/websocket_client.py

JWT_TOKEN is a token (POST /api/auth/login) or an API key, SESSION_ID a session's id or sessionId, HUB_URL the hub
(http://127.0.0.1:4000). A lost connection is made again, and the missed events are printed first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import socketio

EVENTS = (
    *("subscribed", "qr", "session:started", "session:connected", "session:disconnected", "session:message"),
    *("session:error", "session.auth.corrupted", "message-status", "reset", "error"),
)


async def connect(io: socketio.AsyncClient, token: str) -> None:
    url = os.environ.get("HUB_URL", "http://127.0.0.1:4000")
    try:
        await io.connect(url, auth={"token": token}, transports=["websocket"])
    except socketio.exceptions.ConnectionError as error:
        sys.exit(f"{url} (HUB_URL) refuses the connection: {error}")


async def main() -> None:
    token, session_id = os.environ.get("JWT_TOKEN"), os.environ.get("SESSION_ID")
    if not token or not session_id:
        sys.exit("set JWT_TOKEN and SESSION_ID")
    io = socketio.AsyncClient()
    seen: dict[str, int] = {}

    async def subscribe(_: Any = None) -> None:
        """Subscribe after each connection; `after` is the last position that was printed."""
        answer = await io.call("subscribe:session", {"sessionId": session_id, **seen})
        if not answer["ok"]:
            print(f"refused: {answer['error']}", file=sys.stderr)
            await io.disconnect()

    def printer(name: str) -> Any:
        async def show(data: dict[str, Any]) -> None:
            if "position" in data:
                seen["after"] = data["position"]
            print(name, json.dumps(data, ensure_ascii=False), flush=True)

        return show

    io.on("connected", subscribe)
    for name in EVENTS:
        io.on(name, printer(name))
    await connect(io, token)
    await io.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
