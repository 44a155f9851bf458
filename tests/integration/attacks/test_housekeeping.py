"""What operators left lying does not lie for ever."""

from uuid import uuid4

from tests.integration.postgres.conftest import World
from whatsapp_hub.adapters.postgres.queues.housekeeping import PostgresHousekeeping
from whatsapp_hub.application.maintenance.trim import Trim

ADD = """
    INSERT INTO hub.inbox (source, dedupe_key, provider, chat, body, state, received_at)
    VALUES ('app', $1, 'META', '', 'x', $2, clock_timestamp() - $3 * interval '1 day')"""


async def test_updates_that_were_set_aside_go_in_their_time(world: World) -> None:
    owner = world.hub.owner
    ages = {"done": (8, 10), "unassigned": (29, 31), "quarantined": (89, 91)}
    for state, days in ages.items():
        for age in days:
            await owner.execute(ADD, f"{state}:{age}:{uuid4()}", state, age)
    await Trim(PostgresHousekeeping(world.hub.database))()
    left = await owner.fetch("SELECT split_part(dedupe_key, ':', 2)::int AS age FROM hub.inbox ORDER BY 1")
    assert [row["age"] for row in left] == [8, 29, 89]


async def test_a_sessions_history_goes_after_a_week(world: World) -> None:
    owner = world.hub.owner
    for age in (6, 8):
        await owner.execute(
            "INSERT INTO hub.session_history (session_id, tenant_id, kind, at, until, count) SELECT $1, $2, 'dialled',"
            " t, t, 1 FROM (SELECT clock_timestamp() - $3 * interval '1 day' AS t) AS a",
            *(world.session.id, world.tenant.id, age),
        )
    await Trim(PostgresHousekeeping(world.hub.database))()
    async with world.uow() as uow:
        assert len(await uow.session_history.newest(world.session.id, 9)) == 1
