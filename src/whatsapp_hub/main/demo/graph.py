"""A minimal Graph API for the demonstration: accepts messages and sends signed receipts.

It listens on 127.0.0.1 and answers three calls: look up the number, subscribe the account, send a message.
"""

import asyncio
import hashlib
import hmac
import itertools
import time
from contextlib import AsyncExitStack, suppress

import httpx
import msgspec

from whatsapp_hub.application.background import BackgroundTasks


class MiniGraph:
    """The server. `shown` are the (recipient, text) pairs that reached a customer. Receipts go to `webhook_url`."""

    def __init__(self, app_secret: str) -> None:
        self.shown: list[tuple[str, str]] = []
        self.webhook_url: str | None = None
        self.secret = app_secret
        self._numbers = itertools.count(1)
        self._tasks = BackgroundTasks()
        self._stack = AsyncExitStack()
        self.url = ""

    async def __aenter__(self) -> "MiniGraph":
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._stack.push_async_callback(self._tasks.aclose)
        self._stack.callback(server.close)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def sign(self, body: bytes) -> dict[str, str]:
        """Sign a body as Meta does."""
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                lines = [line.partition(":") for line in head.splitlines()[1:]]
                length = next((int(value) for name, _, value in lines if name.lower() == "content-length"), 0)
                content = msgspec.json.encode(self._answer(method, path, await reader.readexactly(length)))
                start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                writer.write(start.encode() + content)
                await writer.drain()
        writer.close()

    def _answer(self, method: str, path: str, body: bytes) -> dict[str, object]:
        if method == "GET":
            return {"id": path.split("/")[-1].partition("?")[0], "display_phone_number": "+1 555 010 0100"}
        if not path.endswith("/messages"):
            return {"success": True}
        sent = msgspec.json.decode(body)
        if "type" not in sent:
            return {"success": True}
        self.shown.append((sent["to"], sent["text"]["body"]))
        message_id = f"wamid.demo{next(self._numbers)}"
        number_id = path.strip("/").split("/")[-2]
        self._tasks.start(self._receipts(number_id, message_id, sent))
        contacts = [{"input": sent["to"], "wa_id": sent["to"]}]
        return {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": message_id}]}

    async def _receipts(self, number_id: str, message_id: str, sent: dict[str, str]) -> None:
        for status in ("delivered", "read"):
            await asyncio.sleep(0.05)
            receipt = {
                "id": message_id,
                "status": status,
                "timestamp": str(int(time.time())),
                "recipient_id": sent["to"],
                "biz_opaque_callback_data": sent.get("biz_opaque_callback_data", ""),
            }
            await self.post(number_id, {"statuses": [receipt]})

    async def post(self, number_id: str, value: dict[str, object], times: int = 1) -> list[int]:
        """Post one change to the hub, signed as Meta does, `times` times; return the status codes."""
        if (url := self.webhook_url) is None:
            raise RuntimeError("no webhook was registered yet")
        metadata = {"display_phone_number": "15550100100", "phone_number_id": number_id}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        entry = [{"id": "demo-account", "changes": [change]}]
        body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": entry})
        async with httpx.AsyncClient() as client:
            posts = [client.post(url, content=body, headers=self.sign(body)) for _ in range(times)]
            return [answer.status_code for answer in await asyncio.gather(*posts)]
