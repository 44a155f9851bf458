"""`GET /api/system` (contract E): version, roles running, queue depths."""

from typing import Any
from uuid import uuid4

import pytest_asyncio

from tests.integration.http.conftest import Company, Person, RunningHub, eventually

NOTHING = {
    "inbox": {"pending": 0, "quarantined": 0, "unassigned": 0},
    "outbox": 0,
    "lanes": {"due": 0},
    "webhooks": {"waiting": 0, "dead": 0},
}


async def system(by: Person, **headers: str) -> dict[str, Any]:
    answer = await by.http.get("/api/system", headers={**by.headers, **headers})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def roles(by: Person) -> list[str]:
    return [one["role"] for one in (await system(by))["roles"]]


async def test_it_names_its_version_and_the_processes_that_run(running: RunningHub, company: Company) -> None:
    shown = await system(company.admin)
    assert set(shown) == {"version", "roles", "queues"}
    assert shown["version"] == (await running.http.get("/health")).json()["version"]
    assert [one["role"] for one in shown["roles"]] == ["api", "worker"]
    for one in shown["roles"]:
        assert set(one) == {"role", "process", "version", "startedAt", "lastSeenAt"}
        assert one["version"] == shown["version"]
        assert one["startedAt"] <= one["lastSeenAt"]
        assert one["startedAt"].endswith("Z")


async def test_a_process_that_falls_silent_is_not_shown(company: Company, hub_owner: Any) -> None:
    async def said(seconds_ago: int) -> None:
        await hub_owner.execute(
            """INSERT INTO hub.processes (id, role, name, version, seen_at)
               VALUES ($1, 'scheduler', 'x', '1', now() - make_interval(secs => $2::int))""",
            uuid4(),
            seconds_ago,
        )

    await said(31)
    assert await roles(company.admin) == ["api", "worker"]
    await said(20)
    assert await roles(company.admin) == ["api", "scheduler", "worker"]
    await hub_owner.execute("DELETE FROM hub.processes WHERE role = 'scheduler'")


async def test_it_is_for_administrators(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    assert (await agent.get("/api/system")).status_code == 403
    assert (await running.http.get("/api/system")).status_code == 401
    key = (await company.admin.post("/api/api-keys", {"name": "watch", "scopes": ["read-system"]})).json()["key"]
    assert (await running.http.get("/api/system", headers={"X-Api-Key": key})).status_code == 200


@pytest_asyncio.fixture
async def busy(company: Company, hub_owner: Any) -> Company:
    """A company with 3 quarantined updates, a paused session with a lane that is due, another's with one more, and
    webhook deliveries that wait (2) and are dead (1)."""
    paused, open_ = await company.session(), await company.session()
    hook = await company.admin.post("/api/webhooks", {"url": "https://example.org/hook", "events": ["*"]})
    assert hook.status_code == 201, hook.text
    await hub_owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, provider, chat, body, state)
           SELECT 'test', $1::text || n, $2::text::uuid, 'SANDBOX', 'c', '', 'quarantined'
           FROM generate_series(1, 3) n""",
        uuid4().hex,
        company.id,
    )
    # no worker of this test drives a session that is paused, or of a provider that it does not know
    await hub_owner.execute("UPDATE hub.paces SET provider = 'NOBODYS' WHERE tenant_id = $1::text::uuid", company.id)
    await hub_owner.execute(
        "UPDATE hub.paces SET hold_until = 'infinity' WHERE session_id = $1::text::uuid", paused["id"]
    )
    for session, chats in ((paused, ["a"]), (open_, ["a", "b"])):
        await hub_owner.execute(
            """INSERT INTO hub.lanes (session_id, chat, tenant_id, provider, queued, next_at)
               SELECT $1::text::uuid, chat, $2::text::uuid, 'NOBODYS', 1, now() FROM unnest($3::text[]) chat""",
            session["id"],
            company.id,
            chats,
        )
    await hub_owner.execute(
        """INSERT INTO hub.lanes (session_id, chat, tenant_id, provider, queued, next_at)
           VALUES ($1::text::uuid, 'later', $2::text::uuid, 'NOBODYS', 1, now() + interval '1 h'),
                  ($1::text::uuid, 'empty', $2::text::uuid, 'NOBODYS', 0, now())""",
        open_["id"],
        company.id,
    )
    await hub_owner.execute(
        "UPDATE hub.webhooks SET lease_until = 'infinity', cursor = 1000000000 WHERE id = $1::text::uuid",
        hook.json()["id"],
    )
    await hub_owner.execute("DELETE FROM hub.webhook_deliveries WHERE webhook_id = $1::text::uuid", hook.json()["id"])
    await hub_owner.execute(
        """INSERT INTO hub.webhook_deliveries (webhook_id, tenant_id, position, type, lane, state, expires_at)
           SELECT $1::text::uuid, $2::text::uuid, 1000000000 + n, 'x', 'l', state, now() + interval '1 day'
           FROM unnest(ARRAY['pending', 'pending', 'dead', 'delivered', 'cancelled']) WITH ORDINALITY u(state, n)""",
        hook.json()["id"],
        company.id,
    )
    return company


async def test_what_waits_is_counted_for_the_callers_company(busy: Company) -> None:
    expected = {
        "inbox": {"pending": 0, "quarantined": 3, "unassigned": 0},
        "outbox": 0,
        "lanes": {"due": 2},
        "webhooks": {"waiting": 2, "dead": 1},
    }

    async def counted() -> bool:
        return bool((await system(busy.admin))["queues"] == expected)

    await eventually(counted)
    other = await busy.hub.company()

    async def quiet() -> bool:
        return bool((await system(other.admin))["queues"] == NOTHING)

    await eventually(quiet)


async def test_a_master_sees_all_companies_or_the_one_it_chooses(
    running: RunningHub, busy: Company, hub_owner: Any
) -> None:
    await hub_owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, provider, chat, body, state)
           VALUES ('app', $1, 'META', 'c', '', 'unassigned')""",
        uuid4().hex,
    )
    everybody = (await system(running.master))["queues"]
    assert everybody["inbox"]["quarantined"] >= 3
    assert everybody["inbox"]["unassigned"] >= 1
    assert (everybody["lanes"]["due"] >= 2, everybody["webhooks"]["dead"] >= 1) == (True, True)
    other = await running.company()

    async def quiet() -> bool:
        return bool((await system(running.master, **{"X-Company-Id": other.id}))["queues"] == NOTHING)

    await eventually(quiet)
    chosen = (await system(running.master, **{"X-Company-Id": busy.id}))["queues"]
    assert (chosen["inbox"], chosen["webhooks"]) == (
        {"pending": 0, "quarantined": 3, "unassigned": 0},
        {"waiting": 2, "dead": 1},
    )
