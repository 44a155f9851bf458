"""A client of the hub without its code: HTTP by httpx, Socket.IO by its three packet types."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import connect

OnEvent = Callable[[str, dict[str, Any]], Awaitable[None]]


class HubClient:
    """One signed-in user's connection. Waits out 429; raises httpx.HTTPStatusError with the problem's detail for other
    errors."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=30)
        self.user: dict[str, Any] = {}
        self.token = ""

    async def login(self, email: str, password: str) -> "HubClient":
        """Sign in; further requests carry the token."""
        answer = await self.call("POST", "/api/auth/login", email=email, password=password)
        self.user, self.token = answer["user"], answer["token"]
        self._http.headers["Authorization"] = f"Bearer {self.token}"
        return self

    def act_for(self, tenant_id: str) -> None:
        """Act for this tenant from now on, as MASTER."""
        self._http.headers["X-Company-Id"] = tenant_id

    async def call(self, method: str, path: str, **body: Any) -> Any:
        """Send a request and return the decoded answer."""
        answer = await self._http.request(method, path, json=body or None)
        while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            await asyncio.sleep(float(answer.headers["Retry-After"]))
            answer = await self._http.request(method, path, json=body or None)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path}: {answer.status_code} {answer.text[:500]}",
                request=answer.request,
                response=answer,
            )
        return answer.json() if answer.content else None

    async def listen(self, on_event: OnEvent, connected: asyncio.Event) -> None:
        """Pass this user's live events to `on_event` until cancelled. Socket.IO 5 over Engine.IO 4, WebSocket only."""
        address = f"{self.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        async with connect(address, max_size=2**24) as socket:
            async for packet in socket:
                text = packet if isinstance(packet, str) else packet.decode()
                if text.startswith("0"):
                    await socket.send("40" + msgspec.json.encode({"token": self.token}).decode())
                elif text == "2":
                    await socket.send("3")
                elif text.startswith("40"):
                    connected.set()
                elif text.startswith("42"):
                    name, payload = msgspec.json.decode(text[2:])
                    await on_event(name, payload)

    async def aclose(self) -> None:
        """Close the HTTP connections."""
        await self._http.aclose()
