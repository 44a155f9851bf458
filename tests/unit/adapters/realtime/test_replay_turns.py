"""However many of a company's sockets resume from long ago, a turn of the event loop shows a few events."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.resume import SLICE, MissedEvents, Resume
from whatsapp_hub.adapters.realtime.sessions import MOST_REPLAYS, SessionNews, Subscriptions
from whatsapp_hub.adapters.realtime.streams import LogStreams
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.ids import TenantId

EVENTS, READERS = 1_000, 50
NOW = datetime.now(UTC)


class Sockets:
    """A server whose sockets are all there; `entered` are those that have replayed everything."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def is_here(self, sid: str, namespace: str) -> bool:
        return sid not in self.entered

    def enter(self, sid: str, namespace: str, *rooms: str) -> None:
        self.entered.append(sid)


def a_log(tenant_id: TenantId) -> EventBuffer:
    recent = EventBuffer()
    recent.begin(0)
    for position in range(1, EVENTS + 1):
        recent.add(LoggedEvent(position, tenant_id, "contact.changed", None, None, NOW, b"{}"))
    return recent


async def test_a_companys_sockets_show_a_few_events_in_a_turn_of_the_loop() -> None:
    tenant_id, server = TenantId(uuid4()), Sockets()
    shown = 0

    async def show(event: LoggedEvent, audiences: Any) -> tuple[()]:
        nonlocal shown
        shown += 1
        return ()

    no_log, no_audiences = cast("Any", None), lambda: cast("Any", None)
    resume = Resume(cast("Any", server), no_log, a_log(tenant_id), lambda: EVENTS, no_audiences, show)
    replays = [
        asyncio.create_task(resume(MissedEvents(str(n), tenant_id, frozenset({"room"}), after=0)))
        for n in range(READERS)
    ]
    most = 0
    while len(server.entered) < READERS:
        before = shown
        await asyncio.sleep(0)
        most = max(most, shown - before)
    await asyncio.gather(*replays)
    assert shown == EVENTS * READERS
    assert most <= 2 * SLICE


async def test_a_companys_streams_get_one_long_slice_in_a_turn_of_the_loop() -> None:
    tenant_id = TenantId(uuid4())
    streams, ended = LogStreams(cast("Any", None), a_log(tenant_id)), Counter[int]()
    slices = 0

    async def read(n: int) -> None:
        nonlocal slices
        async for log_slice in streams.follow(tenant_id, after=0):
            slices += bool(log_slice.events)
            if log_slice.position == EVENTS:
                ended[n] += 1
                return

    reading = [asyncio.create_task(read(n)) for n in range(READERS)]
    most = 0
    while ended.total() < READERS:
        before = slices
        await asyncio.sleep(0)
        most = max(most, slices - before)
    await asyncio.gather(*reading)
    assert most <= 2


async def test_a_socket_replays_a_hundred_subscriptions_at_a_time() -> None:
    """Each reads the log from where it says: more of them than there is time for would pile up."""
    caller = Caller(TenantId(uuid4()), Role.ADMIN, "user:x")
    session = SimpleNamespace(id=uuid4(), key="one", agent_id="one")
    over = asyncio.Event()

    async def replay(missed: MissedEvents) -> None:
        await over.wait()

    async def named(tenant_id: TenantId, key: str) -> Any:
        return session

    finder, server = cast("Any", SimpleNamespace(named=named)), cast("Any", Sockets())
    subscriptions = Subscriptions(server, finder, SessionNews(finder), cast("Any", replay), cast("Any", None))
    asked = {"sessionId": "one", "after": 1}
    for _ in range(MOST_REPLAYS):
        await subscriptions.join("sid", caller, asked)
    with pytest.raises(Conflict, match="replay the log"):
        await subscriptions.join("sid", caller, asked)
    await subscriptions.join("another", caller, asked)
    over.set()
    await asyncio.sleep(0.01)
    await subscriptions.join("sid", caller, asked)
    await subscriptions.aclose()
