"""A company moves to a schema of its own and back, by the command line, beside a hub that runs."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from uuid import UUID

from tests.integration.hub.world import World, a_phone, menu, meta_number


async def command(world: World, *words: str) -> str:
    """What `whatsapp-hub` says, beside the hub that runs."""
    settings = world.settings
    environment = {
        **os.environ,
        "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url),
        "HUB_SECRET_KEY": str(settings.hub_secret_key),
        "JWT_SECRET": str(settings.jwt_secret),
        "HUB_DATA_DIR": settings.hub_data_dir,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "whatsapp_hub", *words, env=environment, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_a_company_is_moved_by_the_command_line_while_its_customers_write(world: World) -> None:
    company = await world.hub.company()
    number = await meta_number(world, company)
    await company.department("Vendas")
    slug = await world.owner.fetchval("SELECT slug FROM hub.tenants WHERE id = $1", UUID(company.id))
    wrote: list[str] = []
    stop = asyncio.Event()

    async def customers() -> None:
        while not stop.is_set():
            wrote.append(a_phone())
            await number.writes(wrote[-1], "Oi")

    writing = asyncio.create_task(customers())
    for to, said in (("dedicated", "rows moved"), ("dedicated", "is dedicated already"), ("pooled", "rows moved")):
        assert said in await command(world, "tenant", "move", slug, "--to", to)
    assert await world.owner.fetchval("SELECT to_regnamespace('client_' || $1) IS NULL", slug)
    stop.set()
    await writing
    await world.settled(company)
    for phone in wrote:
        await number.reads(phone, menu("Vendas"))
    count = "SELECT count(*) FROM pooled.messages WHERE tenant_id = $1 AND direction = 'INBOUND'"
    assert await world.owner.fetchval(count, UUID(company.id)) == len(wrote)
