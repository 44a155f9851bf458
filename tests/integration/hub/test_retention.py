"""A gateway's messages are forgotten after MESSAGES_RETENTION_DAYS; routed conversations stay (contract C)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.integration.http.conftest import Company
from tests.integration.hub.world import World, a_phone, until
from whatsapp_hub.application.maintenance.trim_messages import TrimMessages
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.wiring.infrastructure import Part


async def said(company: Company, conversation_id: str) -> list[str]:
    shown = await company.admin.get(f"/api/conversations/{conversation_id}/messages", limit=200)
    return [message["content"] for message in shown.json()["messages"]]


async def first_run_is_over(world: World) -> None:
    """The schedule trims once when the hub has started, and not again within the hour."""

    async def has_run() -> bool:
        return bool(await world.rows("SELECT FROM hub.ticks WHERE name = 'trim-messages'"))

    await until(has_run)


async def test_old_messages_of_a_gateway_go_and_nothing_else_does(world: World, company: Company) -> None:
    await first_run_is_over(world)
    gateway = await company.session(routing="none")
    routed = await company.session(routing="departments")
    stopped = await company.session(routing="none")
    rounds = {}
    for session in (gateway, routed, stopped):
        phone = a_phone()
        await company.customer_writes(session, phone, "old")
        await world.settled(company)
        rounds[session["id"]] = await company.conversation(sessionId=session["id"])
        if session is stopped:  # what waits to be sent is never forgotten
            body = {"conversationId": rounds[session["id"]]["id"], "content": "waits"}
            await world.owner.execute(
                "UPDATE hub.paces SET hold_until = 'infinity' WHERE session_id = $1", UUID(session["id"])
            )
            assert (await company.admin.post("/api/messages/send", body)).status_code == 202
        await world.owner.execute(
            "UPDATE pooled.messages SET created_at = created_at - interval '8 days' WHERE session_id = $1",
            UUID(session["id"]),
        )
        await world.owner.execute(
            "UPDATE pooled.conversations SET created_at = created_at - interval '8 days' WHERE session_id = $1",
            UUID(session["id"]),
        )
        if session is not stopped:
            await company.customer_writes(session, phone, "new")
            await world.settled(company)
    storage = await world.parts[Part.WORKER].get(Storage)
    tenant_id = TenantId(UUID(company.id))
    await TrimMessages(storage, lambda: datetime.now(UTC), None)(tenant_id)
    assert await said(company, rounds[gateway["id"]]["id"]) == ["old", "new"]
    use = await world.parts[Part.WORKER].get(TrimMessages)
    assert use.keep == timedelta(days=7)
    for _ in range(2):
        await use(tenant_id)
    assert await said(company, rounds[gateway["id"]]["id"]) == ["new"]
    assert await said(company, rounds[routed["id"]]["id"]) == ["old", "new"]
    assert await said(company, rounds[stopped["id"]]["id"]) == ["waits"]


async def test_another_companys_messages_stay(world: World, company: Company) -> None:
    await first_run_is_over(world)
    session, phone = await company.session(routing="none"), a_phone()
    await company.customer_writes(session, phone, "old")
    await world.settled(company)
    conversation = await company.conversation(sessionId=session["id"])
    for table in ("messages", "conversations"):
        await world.owner.execute(
            f"UPDATE pooled.{table} SET created_at = created_at - interval '8 days' WHERE session_id = $1",
            UUID(session["id"]),
        )
    other = await world.hub.company()
    use = await world.parts[Part.WORKER].get(TrimMessages)
    await use(TenantId(UUID(other.id)))
    assert await said(company, conversation["id"]) == ["old"]
