"""A database that answers and stores nothing: told, answered by 503, and over by itself when there is room again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, a_wamid, now_s, until
from whatsapp_hub.adapters.postgres.engine import write_probe

WRITTEN = ("hub.inbox", "hub.write_probe", "pooled.messages")


@dataclass(frozen=True)
class Breaks:
    begin: Callable[[str], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_probe, "EVERY_S", 0.1)
        patch.setattr(write_probe, "AGAIN_S", 0.1)
        yield


@pytest_asyncio.fixture
async def breaks(world: World) -> AsyncIterator[Breaks]:
    """From now on PostgreSQL raises this SQLSTATE for whatever is written there."""

    async def mend() -> None:
        for table in WRITTEN:
            await world.owner.execute(f"DROP TRIGGER IF EXISTS broken ON {table}")

    async def begin(sqlstate: str) -> None:
        await world.owner.execute(
            f"""CREATE OR REPLACE FUNCTION hub.broken() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '{sqlstate}'; END $$;
                UPDATE hub.write_probe SET stored_at = '-infinity'"""
        )
        for table in WRITTEN:
            await world.owner.execute(
                f"""CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION hub.broken()"""
            )

    yield Breaks(begin, mend)
    await mend()
    await world.owner.execute("DROP FUNCTION IF EXISTS hub.broken()")


async def health(world: World) -> tuple[int, str, str]:
    answer = await world.hub.http.get("/health")
    return answer.status_code, answer.json()["status"], answer.json()["dependencies"]["postgres"]


def is_told(answer: httpx.Response) -> bool:
    kind = answer.headers["content-type"] == "application/problem+json"
    return answer.status_code == 503 and kind and "retry-after" in answer.headers


@pytest.mark.parametrize(
    "sqlstate",
    ["53100", "53200", "53300", "53400", "58030", "25006"],
    ids=["disk full", "out of memory", "too many connections", "a limit", "input/output", "read-only"],
)
async def test_what_cannot_be_stored_is_503_and_comes_again(
    world: World, company: Company, number: Number, breaks: Breaks, sqlstate: str
) -> None:
    """Not 500, not 400: the provider and the client come again, and nothing is half there."""
    phone = a_phone()
    await number.writes(phone, "Oi")
    await world.settled(company)
    send = {"conversationId": (await number.conversation(phone))["id"], "content": sqlstate}
    update = number.body(meta.text_from(phone, a_wamid(), sqlstate, now_s()))
    await breaks.begin(sqlstate)
    assert is_told(await number.post(update))
    assert is_told(await company.admin.post("/api/messages/send", send))
    assert (await company.admin.get("/api/conversations")).status_code == 200
    await breaks.end()
    assert (await number.post(update)).status_code == 200
    assert (await company.admin.post("/api/messages/send", send)).status_code == 202
    await world.settled(company)
    texts = [message["content"] for message in await number.messages(phone)]
    assert texts.count(sqlstate) == 2


@pytest.mark.parametrize(
    ("sqlstate", "reason"),
    [("53100", "disk full"), ("53200", "out of memory"), ("58030", "input/output error"), ("25006", "read-only")],
)
async def test_health_and_metrics_tell_that_nothing_is_stored_and_why(
    world: World, breaks: Breaks, sqlstate: str, reason: str
) -> None:
    async def told(*expected: object) -> bool:
        return await health(world) == expected

    async def shown(value: int) -> bool:
        page = (await world.hub.http.get("/metrics")).text
        return f"\nwhatsapp_hub_database_stores {value}.0\n" in page and "\nwhatsapp_hub_database_up 1.0\n" in page

    await breaks.begin(sqlstate)
    await until(lambda: told(503, "unavailable", f"stores nothing: {reason}"))
    await until(lambda: shown(0))
    await breaks.end()
    await until(lambda: told(200, "ok", "ok"))
    await until(lambda: shown(1))


async def test_processes_take_turns(world: World) -> None:
    """However many ask, one row is written in ten seconds."""
    stored = "SELECT stored_at FROM hub.write_probe"
    await world.owner.execute("UPDATE hub.write_probe SET stored_at = clock_timestamp() - interval '1 minute'")

    async def again() -> bool:
        await world.hub.http.get("/health")
        return bool(await world.owner.fetchval("SELECT clock_timestamp() - stored_at < '5 s' FROM hub.write_probe"))

    await until(again)
    before = await world.owner.fetchval(stored)
    for _ in range(10):
        await asyncio.sleep(0.12)
        assert (await world.hub.http.get("/health")).status_code == 200
    assert await world.owner.fetchval(stored) == before
    await world.owner.execute("UPDATE hub.write_probe SET stored_at = clock_timestamp() + interval '1 day'")
    await until(again)
