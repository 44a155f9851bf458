"""A Graph API that answers at once and records every send, in a process of its own that outlives the hub.

It only accepts messages: a misbehaving Graph API is the tests' fake. Raw sockets, so that it takes little of the CPU
that it shares with the measured processes. `GET /_sends?after=n` shows the record.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import httpx
import uvloop
from PIL import Image

from benchmarks.hub import free_port

READY_WITHIN_S = 10.0
PICTURES, BIG = "pic-", "big-"
"""Ids of files: a photograph, each with other bytes; a PDF of so many megabytes."""
UPLOAD_BYTES = 64 * 1024


@dataclass
class Send:
    """One call. `answered_at` is None while it is under way, and stays None if the caller disconnected."""

    wamid: str
    phone_number_id: str
    to: str
    text: str
    callback_data: str | None
    arrived_at: float
    answered_at: float | None = None


class Record:
    def __init__(self, slowest_answer_s: float, address: str = "") -> None:
        self.sends: list[Send] = []
        self.slowest_answer_s = slowest_answer_s
        self.address = address

    @cached_property
    def picture(self) -> bytes:
        """A photograph as WhatsApp sends one: 1280 × 960 JPEG."""
        written = io.BytesIO()
        Image.effect_noise((1280, 960), 20).convert("RGB").save(written, "JPEG", quality=60)
        return written.getvalue()

    def file(self, id: str) -> tuple[bytes, str]:
        if id.startswith(BIG):
            return b"%PDF-1.7\n" + bytes(int(id.removeprefix(BIG)) * 1024 * 1024 - 9), "application/pdf"
        return self.picture + id.encode(), "image/jpeg"

    def take(self, phone_number_id: str, body: dict[str, Any]) -> Send:
        number = len(self.sends)
        send = Send(
            wamid=f"wamid.graph.{number:08d}",
            phone_number_id=phone_number_id,
            to=str(body.get("to") or body.get("recipient") or ""),
            text=str((body.get("text") or {}).get("body", "")),
            callback_data=body.get("biz_opaque_callback_data"),
            arrived_at=time.time(),
        )
        self.sends.append(send)
        return send


class Connection(asyncio.Protocol):
    def __init__(self, record: Record) -> None:
        self._record = record
        self._buffer = b""
        self._skips = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._skips:  # the rest of an upload, which nobody reads
            skipped = min(self._skips, len(data))
            self._skips -= skipped
            if self._skips:
                return
            data = data[skipped:]
            self._answer({"id": "upload"})
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1")
            size = end + 4 + _length(head)
            if len(self._buffer) < size:
                if size > UPLOAD_BYTES:
                    self._skips, self._buffer = size - len(self._buffer), b""
                return
            body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            method, path, _ = head.split(" ", 2)
            self._handle(method, path, body)

    def _handle(self, method: str, path: str, body: bytes) -> None:
        parts = path.partition("?")[0].strip("/").split("/")
        if method == "POST" and parts[-1] == "messages":
            self._message(parts[-2], json.loads(body))
        elif parts[0] == "_files":
            self._write(*self._record.file(parts[1]))
        elif method == "GET" and parts[-1].startswith((PICTURES, BIG)):
            content, mime_type = self._record.file(parts[-1])
            found = {"url": f"{self._record.address}/_files/{parts[-1]}", "mime_type": mime_type, "id": parts[-1]}
            self._answer({**found, "messaging_product": "whatsapp", "file_size": len(content)})
        elif parts == ["_sends"]:
            after = int(path.partition("after=")[2] or 0)
            self._answer([asdict(send) for send in self._record.sends[after:]])
        else:
            self._answer({"success": True, "id": parts[-1], "display_phone_number": "+1 555-078-3881", "data": []})

    def _message(self, phone_number_id: str, body: dict[str, Any]) -> None:
        if "messages" not in body and "to" not in body and "recipient" not in body:
            self._answer({"success": True})  # marked as read, or typing
            return
        send = self._record.take(phone_number_id, body)
        if not self._record.slowest_answer_s:
            self._accept(send)
        else:
            wait_s = random.uniform(0, self._record.slowest_answer_s)
            asyncio.get_running_loop().call_later(wait_s, self._accept, send)

    def _accept(self, send: Send) -> None:
        if self._transport.is_closing():
            return
        send.answered_at = time.time()
        contact = {"input": send.to, "wa_id": send.to}
        self._answer({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": send.wamid}]})

    def _answer(self, content: object) -> None:
        self._write(json.dumps(content).encode(), "application/json")

    def _write(self, body: bytes, mime_type: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {mime_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


def _length(head: str) -> int:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


class Graph:
    """`async with Graph() as graph: … WHATSAPP_API_URL=graph.url … await graph.sends()`.

    Each call is answered after up to `slowest_answer_s`.
    """

    def __init__(self, slowest_answer_s: float = 0.0) -> None:
        self.port = free_port()
        self._slowest_answer_s = slowest_answer_s
        self._known: list[Send] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10)
        arguments = (str(self.port), str(self._slowest_answer_s))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.graph", *arguments, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        await asyncio.wait_for(self._process.stdout.readline(), READY_WITHIN_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def new_sends(self) -> list[Send]:
        """Return the sends since the last call of this method."""
        answer = await self._client.get("/_sends", params={"after": len(self._known)})
        new = [Send(**one) for one in answer.json()]
        self._known += new
        return new

    async def sends(self) -> list[Send]:
        """Return all sends, in their present state."""
        return [Send(**one) for one in (await self._client.get("/_sends")).json()]


async def serve(port: int, slowest_answer_s: float) -> None:
    record = Record(slowest_answer_s, f"http://127.0.0.1:{port}")
    server = await asyncio.get_running_loop().create_server(lambda: Connection(record), "127.0.0.1", port)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2])))
