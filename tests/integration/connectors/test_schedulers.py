"""Several processes keep the schedule, each tick acts once; and what runs is known to all (contract E)."""

from __future__ import annotations

import asyncio
import signal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.conftest import HAPPENED
from tests.integration.connectors.conftest import Process, Stage
from tests.integration.http.conftest import free_port
from whatsapp_hub.application.accounts.tenants import EnsureAdmin

WAITING = 20
START_S = 120
"""Many processes start side by side, perhaps on a busy machine."""
WATCHED = """
    CREATE TABLE acted (job text, at timestamptz, backend integer);
    CREATE FUNCTION acted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN INSERT INTO public.acted VALUES (new.name, new.acted_at, pg_backend_pid()); RETURN new; END $$;
    CREATE TRIGGER acted AFTER INSERT OR UPDATE ON hub.ticks FOR EACH ROW EXECUTE FUNCTION acted();"""
OVERDUE = """
    WITH who AS (
      INSERT INTO pooled.contacts (id, tenant_id, is_group, created_at)
      SELECT gen_random_uuid(), $1, false, now() FROM generate_series(1, $3::int) RETURNING id)
    INSERT INTO pooled.conversations (id, tenant_id, session_id, contact_id, chat, status, flow_state, department_id,
      routed_at, timeout_at, created_at, updated_at)
    SELECT gen_random_uuid(), $1, gen_random_uuid(), id, 'x', 'OPEN', 'DEPARTMENT_SELECTED', $2, now(),
      now() - interval '1 second', now(), now() FROM who"""
TOLD = f"SELECT count(*) AS n FROM {HAPPENED} WHERE type = 'notification.created'"


async def running(stage: Stage, role: str, count: int) -> None:
    async def there() -> bool:
        rows = await stage.rows("SELECT FROM hub.processes WHERE role = $1", role)
        return len(rows) == count

    await stage.until(there, START_S)


async def acts(stage: Stage, job: str) -> list[dict[str, Any]]:
    return await stage.rows("SELECT at, backend FROM acted WHERE job = $1 ORDER BY at", job)


async def test_each_tick_acts_once_however_many_schedulers_run_and_die(stage: Stage) -> None:
    department = uuid4()
    await stage.owner.execute(WATCHED)
    await stage.owner.execute(
        "INSERT INTO pooled.departments (id, tenant_id, name, slug, color, created_at, response_timeout_minutes, "
        "max_agents, is_root) VALUES ($1, $2, 'Vendas', 'vendas', '#128C7E', now(), 5, 10, false)",
        department,
        stage.caller.tenant_id,
    )
    async with stage.role("scheduler") as first, stage.role("scheduler"), stage.role("scheduler"):
        await running(stage, "scheduler", 3)
        await stage.owner.execute(OVERDUE, stage.caller.tenant_id, department, WAITING)
        before = len(await acts(stage, "overdue"))
        await stage.owner.execute("DELETE FROM hub.ticks WHERE name = 'overdue'")  # its half minute is over

        async def told() -> bool:
            return bool((await stage.rows(TOLD))[0]["n"] == WAITING)

        await stage.until(told)
        await asyncio.sleep(3)
        assert len(await acts(stage, "overdue")) == before + 1
        assert await told()
        await killed(stage, first)
    every_second = await acts(stage, "lines")
    assert len(every_second) > 3
    assert all((later["at"] - earlier["at"]).total_seconds() >= 1 for earlier, later in pairwise(every_second))


async def killed(stage: Stage, process: Process) -> None:
    """One of them dies; the others go on, no matter whose turn it was."""
    process.send(signal.SIGKILL)
    await process.ended()
    [now] = await stage.rows("SELECT clock_timestamp() AS at")

    async def goes_on() -> bool:
        return sum(act["at"] > now["at"] for act in await acts(stage, "lines")) >= 2

    await stage.until(goes_on)


async def test_what_runs_is_shown_by_any_api_process(stage: Stage) -> None:
    email, password, port = "root@example.org", "correct horse battery", free_port()
    await (await stage.use(EnsureAdmin))(email, password)
    await stage.owner.execute("DELETE FROM hub.processes")
    url = f"http://127.0.0.1:{port}"
    async with (
        stage.role("api", PORT=str(port)),
        stage.role("worker"),
        stage.role("connector"),
        stage.role("scheduler") as stopped,
        stage.role("scheduler") as dies,
        httpx.AsyncClient(base_url=url, timeout=15, trust_env=False) as http,
    ):

        async def up() -> bool:
            try:
                return (await http.get("/api/health")).status_code in (200, 503)
            except httpx.TransportError:
                return False

        await stage.until(up, START_S)
        login = await http.post("/api/auth/login", json={"email": email, "password": password})
        headers = {"Authorization": f"Bearer {login.json()['token']}"}

        async def shown() -> list[dict[str, str]]:
            roles: list[dict[str, str]] = (await http.get("/api/system", headers=headers)).json()["roles"]
            return roles

        async def are(*roles: str) -> None:
            async def same() -> bool:
                return [one["role"] for one in await shown()] == list(roles)

            await stage.until(same, START_S)

        await are("api", "connector", "scheduler", "scheduler", "worker")
        pids = {one["process"].rpartition(":")[2] for one in await shown()}
        assert {str(stopped.pid), str(dies.pid)} < pids
        stopped.send(signal.SIGTERM)
        await are("api", "connector", "scheduler", "worker")
        dies.send(signal.SIGKILL)
        await dies.ended()
        await are("api", "connector", "scheduler", "worker")  # nobody said good-bye
        await stage.owner.execute(
            "UPDATE hub.processes SET seen_at = seen_at - interval '30 s' WHERE name LIKE '%:' || $1", str(dies.pid)
        )
        await are("api", "connector", "worker")
