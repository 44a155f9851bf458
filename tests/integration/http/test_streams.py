"""`/api/events` and its stream over a real hub: ordered, resumable, honest about what is kept no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from tests.integration.conftest import PlainBox
from tests.integration.http.conftest import Company, Person, RunningHub
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.queues.webhook_queue import PostgresWebhookQueue
from whatsapp_hub.application.maintenance.trim_log import TrimLog


@dataclass
class Source:
    """What an EventSource sees: `last_id` moves even when nothing is shown."""

    answer: httpx.Response
    events: list[tuple[str, Any, str | None]] = field(default_factory=list)
    last_id: str | None = None

    async def until(self, count: int) -> list[tuple[str, Any, str | None]]:
        async with asyncio.timeout(15):
            while len(self.events) < count:
                await asyncio.sleep(0.01)
        return self.events

    async def read(self) -> None:
        name, data = "message", ""
        async for line in self.answer.aiter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                data = value
            elif key == "id":
                self.last_id = value
            elif not line:
                if data:
                    self.events.append((name, msgspec.json.decode(data), self.last_id))
                name, data = "message", ""


@asynccontextmanager
async def streaming(by: Person, last_event_id: str | None = None, **query: object) -> AsyncIterator[Source]:
    headers = {**by.headers, **({"Last-Event-ID": last_event_id} if last_event_id else {})}
    async with by.http.stream("GET", "/api/events/stream", params=query, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        source = Source(answer)
        reading = asyncio.create_task(source.read())
        async with asyncio.timeout(5):
            while source.last_id is None:
                await asyncio.sleep(0.005)
        yield source
        reading.cancel()


async def happens(company: Company, count: int) -> None:
    """So many events of a company."""
    for n in range(count):
        made = await company.admin.post(
            "/api/sessions", {"name": f"s{n}-{datetime.now(UTC):%S%f}", "provider": "SANDBOX"}
        )
        assert made.status_code == 201, made.text


async def test_events_come_live_with_their_positions_and_nothing_of_others(running: RunningHub) -> None:
    ours, theirs = await running.company(), await running.company()
    async with streaming(ours.admin) as source:
        await happens(theirs, 2)
        await happens(ours, 3)
        events = await source.until(3)
        await asyncio.sleep(0.2)
    assert [name for name, _, _ in events] == ["session.created"] * 3
    for _, data, id in events:
        assert data["tenantId"] == ours.id
        assert id == str(data["position"])
        assert set(data) == {"id", "type", "position", "occurredAt", "tenantId", "sessionId", "data"}
    listed = (await ours.admin.get("/api/events")).json()
    assert [e["position"] for e in listed] == [data["position"] for _, data, _ in events]


async def test_whoever_comes_back_misses_nothing(running: RunningHub) -> None:
    company = await running.company()
    async with streaming(company.admin) as source:
        base = source.last_id
        await happens(company, 2)
        first = await source.until(2)
    await happens(company, 2)
    async with streaming(company.admin, last_event_id=first[-1][2]) as again:
        await happens(company, 1)
        second = await again.until(3)
    async with streaming(company.admin, last_event_id="0", after=base) as whole:
        everything = await whole.until(5)
    seen = [data["position"] for _, data, _ in [*first, *second]]
    assert seen == sorted(set(seen)) == [data["position"] for _, data, _ in everything]
    async with streaming(company.admin, after=base, types="session.deleted, session.started") as narrowed:
        assert narrowed.events == []
    session_id = everything[2][1]["sessionId"]
    async with streaming(company.admin, after=base, sessionId=session_id) as narrowed:
        [(_, data, _)] = await narrowed.until(1)
        assert data["sessionId"] == session_id


@pytest.mark.parametrize("id", ["x", "-1", "1.5", "9" * 30])
async def test_nonsense_for_an_id_is_400(company: Company, id: str) -> None:
    headers = {**company.admin.headers, "Last-Event-ID": id}
    answer = await company.admin.http.get("/api/events/stream", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/Last-Event-ID")


async def test_an_agent_may_not_read_the_log(company: Company) -> None:
    agent = await company.agent()
    assert (await agent.get("/api/events/stream")).status_code == 403


async def test_a_position_that_is_kept_no_more_is_410_and_on_the_stream_a_reset(
    running: RunningHub, database_url: str
) -> None:
    company = await running.company()
    await happens(company, 3)
    database = Database(database_url, app_connections=1, system_connections=1)
    await database.open()
    log = PostgresEventLog(database)
    owner = await asyncpg.connect(database_url)
    try:
        listed = (await company.admin.get("/api/events")).json()
        while len(listed) < 3:
            listed = (await company.admin.get("/api/events")).json()
        second = listed[1]["position"]
        await owner.execute(
            "UPDATE hub.events SET occurred_at = occurred_at - interval '15 days' WHERE position <= $1", second
        )
        queue = PostgresWebhookQueue(database, PlainBox())
        while await queue.oldest_needed() <= listed[-1]["position"]:  # the worker's planner moves on
            await queue.plan(1000)
        await TrimLog(log, queue, lambda: datetime.now(UTC), timedelta(days=14))()
        assert await log.tail() == second + 1
    finally:
        await owner.close()
        await database.close()
    gone = await company.admin.get("/api/events", after=listed[0]["position"])
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:whatsapp-hub:problem:expired")
    assert (await company.admin.get("/api/events", after=10**12)).status_code == 410
    last = listed[2]["position"]
    assert [e["position"] for e in (await company.admin.get("/api/events", after=second)).json()] == [last]
    assert [e["position"] for e in (await company.admin.get("/api/events")).json()] == [last]
    async with streaming(company.admin, last_event_id=str(10**12)) as source:
        [(name, data, id)] = await source.until(1)
        assert (name, id) == ("reset", str(data["position"]))
        await happens(company, 1)
        assert (await source.until(2))[1][0] == "session.created"
