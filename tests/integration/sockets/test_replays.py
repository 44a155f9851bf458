"""Sockets that resume from long ago, many at once: they take long themselves, and delay nobody else."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.http.conftest import Company
from tests.integration.sockets.conftest import MB, ApiProcess, neighbour
from tests.integration.sockets.test_attacks import MOST_MEMORY, WORST_WAIT_S

EVENTS = 20_000
SOCKETS = 60
LONG_LOG = """
    WITH head AS (SELECT position FROM hub.sequencer FOR UPDATE),
    added AS (
      INSERT INTO hub.events (position, tenant_id, type, occurred_at, body)
      SELECT head.position + n, $1::uuid, 'contact.changed', now(), '{"contact":{"id":"x"}}'::text::bytea
      FROM head, generate_series(1, $2) AS n)
    UPDATE hub.sequencer SET position = position + $2 RETURNING position - $2"""


@pytest.fixture
async def long_log(api: ApiProcess, company: Company) -> int:
    """A log of twenty thousand events of this company; the position before them."""
    before: int = await api.owner.fetchval(LONG_LOG, company.id, EVENTS)
    await asyncio.sleep(2)  # the process has followed it
    return before


async def test_replays_of_one_company_delay_nobody_else(api: ApiProcess, company: Company, long_log: int) -> None:
    key = (await company.admin.post("/api/api-keys", {"name": "n", "scopes": ["watch-sessions"]})).json()
    memory = api.memory

    async def replays() -> None:
        while True:
            async with api.frames() as websocket:
                await websocket.send(f'40{{"token":"{key["key"]}","after":"{long_log}"}}')
                async with asyncio.timeout(20):
                    try:
                        while True:
                            await websocket.recv()
                    except (ConnectionClosed, TimeoutError):
                        pass

    replaying = [asyncio.create_task(replays()) for _ in range(SOCKETS)]
    await asyncio.sleep(2)
    async with neighbour(api) as at_work:
        await asyncio.sleep(6)
        for task in replaying:
            task.cancel()
        await asyncio.gather(*replaying, return_exceptions=True)
    assert at_work.slowed_s < WORST_WAIT_S
    assert api.memory - memory < MOST_MEMORY + 20 * MB
