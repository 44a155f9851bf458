"""What a WAHA server answers to a poll: honest, or as much as it can."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.fakes import waha as fake
from tests.fakes.http import Reply, Request, Server, reply_json
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.adapters.providers.waha import polling
from whatsapp_hub.adapters.providers.waha.client import WahaClient
from whatsapp_hub.adapters.providers.waha.settings import WahaSettings
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId, TenantId

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CHAT = "5511999998888@c.us"


class Overflowing(Server):
    """Sends all that it has, whatever page was asked for, and much that is no message."""

    async def handle(self, request: Request) -> Reply:
        if request.path.endswith("/messages"):
            first = request.query["offset"] == "0"
            rows = [fake.text_from(CHAT, f"{n:032X}", str(n), int(NOW.timestamp()) + n) for n in range(500)]
            return reply_json([*rows, *[{}, [], None, {"body": "without an id"}] * 100] if first else [])
        if request.path.endswith("/chats/overview"):
            return reply_json([{"id": CHAT, "lastMessage": {"timestamp": NOW.timestamp()}}])
        return reply_json({"name": "s", "status": "WORKING"})


async def test_a_server_that_sends_far_more_than_a_page_holds_up_nobody() -> None:
    """The process does other work between a few messages and the next, and what is no message makes no update."""
    turns, sizes, between = 0, [], []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with Overflowing() as server:
        client = WahaClient(lambda: NOW, reach=Reach(allow_private=True))
        settings = WahaSettings(server.url, "key", "s")
        session = SessionRef(SessionId(uuid4()), TenantId(uuid4()), "s", "WAHA", settings)
        working = asyncio.create_task(others())
        async for page in client.poll(session, NOW - timedelta(minutes=5)):
            sizes.append(len(page))
            between.append(turns)
        working.cancel()
        await client.aclose()
    assert sum(sizes) == 1 + 500
    assert max(sizes) <= polling.PIECE
    assert all(later > earlier for earlier, later in itertools.pairwise(between))
