"""A hub with all its own servers, a Graph API that survives it, two numbers, a sandbox, and known customers."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from benchmarks import meta
from benchmarks.graph import Graph
from benchmarks.hub import APP_SECRET, Api, Hub
from benchmarks.load import customer_number, wamid

NUMBERS = ("106540352242921", "106540352242922")
KNOWN = 80
KNOWN_IN_SANDBOX = 16
SLOWEST_ANSWER_S = 0.05
READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Chat:
    """A live conversation that an agent may write into."""

    conversation_id: str
    customer: str
    is_sandbox: bool


@dataclass(frozen=True)
class World:
    hub: Hub
    graph: Graph
    token: str
    sandbox_id: str
    chats: tuple[Chat, ...]

    def client(self) -> httpx.AsyncClient:
        """Return a signed-in client with short time-outs."""
        return httpx.AsyncClient(
            base_url=self.hub.address,
            trust_env=False,
            timeout=httpx.Timeout(10, connect=1),
            headers={"Authorization": f"Bearer {self.token}"},
        )

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Read the database directly, waiting until it is back."""
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                connection = await asyncpg.connect(self.hub.database_url, timeout=5)
                try:
                    return list(await connection.fetch(query, *arguments))
                finally:
                    await connection.close()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def value(self, query: str, *arguments: Any) -> Any:
        return (await self.rows(query, *arguments))[0][0]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="hub-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        async with Graph(SLOWEST_ANSWER_S) as graph, Hub(folder, WHATSAPP_API_URL=graph.url) as hub, Api(hub) as api:
            await api.department("Atendimento", is_root=True)
            await api.department("Vendas")
            for number in NUMBERS:
                await api.meta_session(number)
            sandbox_id = await api.sandbox_session()
            await _acquaint(hub, api, sandbox_id)
            chats = await _chats(api, sandbox_id)
            yield World(hub, graph, api.token, sandbox_id, chats)


async def _acquaint(hub: Hub, api: Api, sandbox_id: str) -> None:
    """Queue customers who wrote an hour ago, so that no menu comes before an agent."""
    an_hour_ago = int(time.time()) - 3600
    for n in range(KNOWN):
        customer, number = customer_number("known", n), NUMBERS[n % len(NUMBERS)]
        body = meta.text_message(number, customer, wamid("known", n), "bom dia", an_hour_ago)
        answer = await api.client.post(meta.SHARED_PATH, content=body, headers=meta.headers(APP_SECRET, body))
        answer.raise_for_status()
    for n in range(KNOWN_IN_SANDBOX):
        customer = customer_number("sandbox", n)
        await api.post(f"/sandbox/{sandbox_id}/messages", **{"from": customer, "text": "bom dia"})
    deadline = time.monotonic() + READY_WITHIN_S
    while len(await api.conversations()) < KNOWN + KNOWN_IN_SANDBOX:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the hub does not work off its inbox:\n{hub.last_words()}")
        await asyncio.sleep(0.2)


async def _chats(api: Api, sandbox_id: str) -> tuple[Chat, ...]:
    found = await api.conversations()
    return tuple(Chat(c["id"], c["customerPhone"].lstrip("+"), c["sessionId"] == sandbox_id) for c in found)
