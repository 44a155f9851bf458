"""What one company takes of what all share: connections, turns of the event loop, reads of the log."""

import asyncio
from typing import Any

from tests.integration.postgres.conftest import World
from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog


async def test_slow_transactions_of_one_company_leave_connections_to_others(new_world: Any) -> None:
    """A search that takes seconds gives its place among the company's requests away, but not its connection."""
    slow, other = await new_world(), await new_world()
    over = asyncio.Event()

    async def hold() -> None:
        async with slow.uow():
            await over.wait()

    holding = [asyncio.create_task(hold()) for _ in range(40)]
    await asyncio.sleep(0.5)
    async with asyncio.timeout(2):
        for _ in range(5):
            async with other.uow() as uow:
                await uow.commit()
    over.set()
    await asyncio.gather(*holding)


async def test_a_company_that_waits_for_connections_gets_them_all_in_the_end(world: World) -> None:
    async def short() -> None:
        async with world.uow() as uow:
            await uow.commit()

    async with asyncio.timeout(20):
        await asyncio.gather(*(short() for _ in range(200)))


async def test_a_companys_many_readers_of_the_log_leave_the_machinerys_connections_to_others(new_world: Any) -> None:
    """Credentials are looked up by the same ones, and by them the whole log is followed."""
    many, other = await new_world(), await new_world()
    log: Any = PostgresEventLog(many.hub.database)
    most, reading = 0, 0
    read = log._read

    async def counted(after: int | None, limit: int, tenant_id: Any) -> Any:
        nonlocal most, reading
        reading += tenant_id == many.tenant.id
        most = max(most, reading)
        await asyncio.sleep(0.01)
        try:
            return await read(after, limit, tenant_id)
        finally:
            reading -= tenant_id == many.tenant.id

    log._read = counted
    asked = [asyncio.create_task(log.read(None, 200, many.tenant.id)) for _ in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await log.read(None, 200, other.tenant.id)
        await log.read(None, 1)
    assert not all(task.done() for task in asked)
    await asyncio.gather(*asked)
    assert most == 1
