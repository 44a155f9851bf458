"""Socket.IO of contract E: rooms joined by right, events that come in and their acknowledgements, and what goes out,
with its payload, to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.http.conftest import Company, Listener, Person
from tests.integration.http.test_work import CONVERSATION_FIELDS, MESSAGE_FIELDS
from tests.integration.hub.world import Number, World, a_phone, until


async def asks(listener: Listener, name: str, data: object = None) -> dict[str, Any]:
    answer: dict[str, Any] = await listener.io.call(name, data, timeout=10)
    return answer


async def refused(listener: Listener, name: str, data: object = None) -> str:
    """Why it is refused."""
    answer = await asks(listener, name, data)
    assert set(answer) == {"ok", "error", "code"}, answer
    assert answer["ok"] is False
    return str(answer["error"])


def names(listener: Listener) -> list[str]:
    return [name for name, _ in listener.heard]


@asynccontextmanager
async def all_listening(world: World, *people: Person) -> AsyncIterator[list[Listener]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(world.hub.listening(person)) for person in people]


async def chosen(number: Number, option: str = "1", **like: object) -> tuple[str, dict[str, Any]]:
    """A customer who wrote and chose this option of the menu: the phone, and the conversation."""
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.writes(phone, option)
    return phone, await number.is_(phone, **like)


async def test_a_conversation_is_joined_and_left_by_right(world: World, company: Company, number: Number) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    seller, helper = await company.agent(sales, "ONLINE"), await company.agent(support)
    _, conversation = await chosen(number, status="ASSIGNED")
    about = {"conversationId": conversation["id"]}
    async with all_listening(world, seller, helper, company.admin) as (own, foreign, admin):
        for one in (own, admin):
            assert await asks(one, "join-conversation", about) == {"ok": True, **about}
            assert await asks(one, "leave-conversation", about) == {"ok": True, **about}
        assert "not found" in await refused(foreign, "join-conversation", about)
        assert "not found" in await refused(own, "join-conversation", {"conversationId": str(uuid4())})
        for nonsense in (
            None,
            {},
            [],
            "x",
            5,
            {"conversationId": 5},
            {"conversationId": "x"},
            {"conversationId": None},
        ):
            assert "conversationId" in await refused(own, "join-conversation", nonsense)
            assert "conversationId" in await refused(own, "leave-conversation", nonsense)
            assert "conversationId" in await refused(own, "typing", nonsense)
        assert await asks(own, "heartbeat") == {"ok": True}


async def test_a_company_is_joined_by_its_people_and_masters(world: World, company: Company, number: Number) -> None:
    other = await world.hub.company()
    agent, stranger = await company.agent(), await other.agent()
    async with all_listening(world, agent, stranger, world.hub.master) as (own, foreign, master):
        for data in (None, {}, {"companyId": company.id}):
            assert await asks(own, "join-company", data) == {"ok": True, "companyId": company.id}
        assert "not found" in await refused(foreign, "join-company", {"companyId": company.id})
        assert "companyId" in await refused(own, "join-company", {"companyId": "x"})
        await number.writes(a_phone(), "antes")
        await own.hears("message-received")
        assert names(master) == []
        assert await asks(master, "join-company", {"companyId": company.id}) == {"ok": True, "companyId": company.id}
        await number.writes(a_phone(), "depois")
        await master.hears("message-received")
        assert names(foreign) == []


async def test_presence_set_on_a_socket_is_told_to_the_company_and_serves_the_queue(
    world: World, company: Company, number: Number
) -> None:
    sales = await company.department("Vendas")
    agent, colleague = await company.agent(sales), await company.agent(await company.department("Suporte"))
    _, waiting = await chosen(number, status="OPEN", departmentId=sales["id"])
    outsider = (await world.hub.company()).admin
    async with all_listening(world, agent, colleague, outsider) as (own, other, foreign):
        answer = await asks(own, "agent-status", {"status": "ONLINE"})
        assert (answer["ok"], answer["user"]["id"], answer["user"]["onlineStatus"]) == (True, agent.id, "ONLINE")
        for one in (own, other):
            assert await one.hears("agent-status") == {"userId": agent.id, "status": "ONLINE"}
        assigned = await own.hears("conversation-assigned")
        assert (assigned["conversation"]["id"], assigned["conversation"]["assignedUserId"]) == (waiting["id"], agent.id)
        await asks(own, "agent-status", {"status": "BUSY"})
        await other.hears("agent-status", userId=agent.id, status="BUSY")
        for nonsense in (None, {}, {"status": "AWAY"}, {"status": 5}, {"status": "online"}):
            assert "status" in await refused(own, "agent-status", nonsense)
        assert names(foreign) == []
    assert (await agent.get("/api/auth/me")).json()["onlineStatus"] == "BUSY"


async def test_a_heartbeat_is_stored_and_keeps_its_user_there(world: World, company: Company) -> None:
    agent = await company.agent(None, "ONLINE")
    await world.owner.execute(
        "UPDATE hub.users SET last_heartbeat = now() - interval '119 s' WHERE id = $1", UUID(agent.id)
    )
    async with world.hub.listening(agent) as own:
        assert await asks(own, "heartbeat") == {"ok": True}
    [row] = await world.rows(
        "SELECT now() - last_heartbeat < interval '10 s' AS fresh FROM hub.users WHERE id = $1", UUID(agent.id)
    )
    assert row["fresh"]


async def test_typing_is_told_to_those_who_look_and_carries_no_position(
    world: World, company: Company, number: Number
) -> None:
    sales = await company.department("Vendas")
    seller, colleague = await company.agent(sales, "ONLINE"), await company.agent(sales)
    stranger = await company.agent(await company.department("Suporte"))
    _, conversation = await chosen(number, status="ASSIGNED")
    about = {"conversationId": conversation["id"]}
    async with all_listening(world, seller, colleague, company.admin, stranger) as (own, looks, elsewhere, foreign):
        for one in (own, looks):
            await asks(one, "join-conversation", about)
        for typing in (True, False):
            assert await asks(own, "typing", {**about, "typing": typing}) == {"ok": True}
            told = await looks.hears("typing", typing=typing)
            assert told == {**about, "userId": seller.id, "customer": False, "typing": typing}
        assert "not found" in await refused(foreign, "typing", {**about, "typing": True})
        await asks(looks, "leave-conversation", about)
        looks.heard.clear()
        await asks(own, "typing", {**about, "typing": True})
        await asks(looks, "heartbeat")
        for one in (looks, own, elsewhere, foreign):
            assert "typing" not in names(one)


async def test_every_event_carries_what_the_contract_says_and_a_position(
    world: World, company: Company, number: Number
) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    seller, helper = await company.agent(sales), await company.agent(support, "ONLINE")
    async with world.hub.listening(company.admin) as watcher, world.hub.listening(helper) as target:
        phone, conversation = await chosen(number, status="OPEN", departmentId=sales["id"])
        await seller.patch("/api/users/me/status", {"status": "ONLINE"})
        await number.is_(phone, status="ASSIGNED")
        sent = await number.answers(seller, phone, "Bom dia")
        await number.message(sent["id"], status="SENT")
        body = {"departmentId": support["id"]}
        assert (await seller.post(f"/api/conversations/{conversation['id']}/transfer", body)).status_code == 200
        assert (await helper.post(f"/api/conversations/{conversation['id']}/resolve")).status_code == 200
        await watcher.hears("conversation-resolved")
        notified = await target.hears("notification")
    of = dict(reversed(watcher.heard))  # the first of each name
    for name in ("message-received", "message-sent"):
        assert set(of[name]) == {"conversationId", "message", "position"}
        assert (of[name]["conversationId"], set(of[name]["message"])) == (conversation["id"], MESSAGE_FIELDS)
    status = await watcher.hears("message-status", messageId=sent["id"], status="SENT")
    assert set(status) == {"messageId", "conversationId", "status", "whatsappMessageId", "position"}
    for name in ("queued", "assigned", "transferred", "resolved"):
        payload = of[f"conversation-{name}"]
        assert set(payload["conversation"]) == CONVERSATION_FIELDS, name
        assert payload["conversation"]["id"] == conversation["id"]
    assert of["conversation-queued"]["conversation"]["status"] == "OPEN"
    assert of["conversation-assigned"]["conversation"]["assignedUserId"] == seller.id
    assert of["conversation-transferred"]["conversation"]["departmentId"] == support["id"]
    assert of["conversation-resolved"]["conversation"]["status"] == "RESOLVED"
    assert set(of["agent-status"]) == {"userId", "status"}
    assert set(notified) == {"id", "userId", "kind", "conversation", "position"}
    assert notified["conversation"]["id"] == conversation["id"]
    assert (notified["userId"], notified["kind"]) == (helper.id, "conversation.assigned")
    positions = [data["position"] for name, data in watcher.heard if name != "agent-status"]
    assert positions == sorted(set(positions))


async def test_a_notification_is_heard_by_its_person_alone(world: World, company: Company, number: Number) -> None:
    sales = await company.department("Vendas")
    seller, colleague = await company.agent(sales, "ONLINE"), await company.agent(sales)
    async with all_listening(world, seller, colleague, company.admin) as (own, other, admin):
        await chosen(number, status="ASSIGNED")
        assert (await own.hears("notification"))["userId"] == seller.id
        await world.settled(company)
        for one in (other, admin):
            await asks(one, "heartbeat")
            assert "notification" not in names(one)


async def test_whoever_comes_back_with_a_position_gets_what_they_missed_and_no_more(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas", isRoot=True)
    phone = a_phone()
    async with world.hub.listening(company.admin) as before:
        await number.writes(phone, "um")
        seen = await before.hears("message-received")
    await number.writes(phone, "dois")
    await world.settled(company)
    missed = Listener(type(before.io)(reconnection=False))
    missed.io.on("*", lambda name, data: missed.heard.append((name, data)))
    auth = {"token": company.admin.token, "after": seen["position"]}
    await missed.io.connect(world.hub.url, auth=auth, transports=["websocket"])
    await number.writes(phone, "três")

    async def all_there() -> bool:
        return [d["message"]["content"] for n, d in missed.heard if n == "message-received"] == ["dois", "três"]

    await until(all_there)
    await missed.io.disconnect()
    assert min(d["position"] for n, d in missed.heard if n not in ("connected", "agent-status")) > seen["position"]


@pytest.mark.parametrize(
    "event", ["join-company", "join-conversation", "agent-status", "heartbeat", "typing", "nonsense"]
)
async def test_nonsense_on_a_socket_is_answered_and_ends_nothing(world: World, company: Company, event: str) -> None:
    async with world.hub.listening(await company.agent()) as own:
        strange: list[Any] = [True, 1.5, "\x00", "x" * 10_000, [[]], {"a": {"b": []}}, {"status": ["ONLINE"]}]
        for data in strange:
            if event == "nonsense":
                await own.io.emit(event, data)
                continue
            answer = await asks(own, event, data)
            assert answer["ok"] in (True, False)
            assert answer.get("error") != "internal error", (event, data)
        assert await asks(own, "heartbeat") == {"ok": True}
        await asyncio.sleep(0)
        assert own.io.connected
