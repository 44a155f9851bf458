"""Numbers that are linked to the hub under measurement, through its own API, and the server that they talk to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from benchmarks.hanging.ways import Way
from benchmarks.hub import Api, free_port

READY_WITHIN_S = 60.0
LINK_WITHIN_S = 900.0
LOOK_EVERY_S = 0.5
LINKED_AT_ONCE = 6


class WhatsApp:
    """The server, from `async with` on: its orders, and `port` for TLS."""

    def __init__(self, program: Path, root: Path, certificate: Path) -> None:
        self.port, self._orders = free_port(), free_port()
        self._arguments = [str(one) for one in (program, root, certificate, self.port, self._orders)]
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._orders}", trust_env=False, timeout=None)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec("node", *self._arguments)
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                with suppress(httpx.TransportError):
                    await self.ask("")
                    return self
                await asyncio.sleep(0.1)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ask(self, order: str, **given: Any) -> Any:
        """Give an order (`whatsapp/server.ts` lists them); return its answer. Raises RuntimeError."""
        answer = await self._client.post(f"/{order}", json=given)
        if answer.is_error:
            raise RuntimeError(f"{order}: {answer.text}")
        return answer.json()


@dataclass
class Number:
    """One number: `user` as WhatsApp knows it, `id` as the hub does."""

    user: str
    way: Way
    id: str = ""

    async def link(self, api: Api, whatsapp: WhatsApp, device: int) -> None:
        """Start its session, scan its code, and wait until it is connected. Raises TimeoutError."""
        made = await api.post(
            "/api/sessions", name=f"n-{self.user}", provider="NEONIZE", settings={"proxy": self.way.url}
        )
        self.id = made["id"]
        await api.post(f"/api/sessions/{self.id}/start")
        scanned = ""
        async with asyncio.timeout(LINK_WITHIN_S):
            while (status := (await api.get(f"/api/sessions/{self.id}"))["status"]) != "CONNECTED":
                if status in ("FAILED", "DISCONNECTED"):
                    await api.post(f"/api/sessions/{self.id}/start")
                elif status == "QR_PENDING":
                    with suppress(RuntimeError):  # no code yet, or one that was replaced
                        code = (await api.get(f"/api/sessions/{self.id}/qr"))["qr"]
                        if code != scanned:
                            await whatsapp.ask("pair", code=code, user=self.user, device=device)
                            scanned = code
                await asyncio.sleep(LOOK_EVERY_S)


async def link_all(numbers: Sequence[Number], api: Api, whatsapp: WhatsApp) -> None:
    gate = asyncio.Semaphore(LINKED_AT_ONCE)

    async def one(number: Number) -> None:
        async with gate:
            await number.link(api, whatsapp, 7)

    await asyncio.gather(*(one(number) for number in numbers))


async def statuses(api: Api) -> dict[str, str]:
    """Return the status of each session by its id."""
    return {session["id"]: session["status"] for session in await api.get("/api/sessions", limit=200)}


async def comeback(numbers: Sequence[Number], api: Api, within_s: float) -> list[float | None]:
    """Return after how many seconds each number was connected, by the hub's API."""
    began, back = time.monotonic(), dict[str, float]()
    while len(back) < len(numbers) and time.monotonic() - began < within_s:
        known = await statuses(api)
        for number in numbers:
            if known.get(number.id) == "CONNECTED":
                back.setdefault(number.id, round(time.monotonic() - began, 1))
        await asyncio.sleep(LOOK_EVERY_S)
    return [back.get(number.id) for number in numbers]
