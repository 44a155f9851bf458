"""What sockets are told, in which order, and who is told nothing (contract E, Socket.IO)."""

import asyncio
from typing import Any

import pytest
import socketio

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company, Listener
from tests.integration.hub.world import QUEUED, Number, World, a_phone, a_wamid, menu, now_s


def told(listener: Listener, conversation_id: str) -> list[tuple[str, Any, int]]:
    """Name, what it says, position: of everything about this conversation."""
    found = []
    for name, data in listener.heard:
        about = data.get("conversationId") or (data.get("conversation") or {}).get("id")
        if about == conversation_id:
            says = (data.get("message") or {}).get("content") or data.get("status") or data.get("kind")
            says = data["reason"] if name == "conversation-changed" else says
            found.append((name, says, data["position"]))
    return found


async def test_a_round_is_told_in_order_with_rising_positions(world: World, company: Company, number: Number) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales)
    phone = a_phone()
    async with world.hub.listening(company.admin) as watcher, world.hub.listening(agent) as listener:
        await number.writes(phone, "Oi")
        await number.reads(phone, menu("Vendas"))
        await world.settled(company)
        await number.writes(phone, "1")
        await number.reads(phone, menu("Vendas"), QUEUED)
        await world.settled(company)
        assert (await agent.patch("/api/users/me/status", {"status": "ONLINE"})).status_code == 200
        conversation = await number.is_(phone, status="ASSIGNED")
        sent = await number.answers(agent, phone, "Bom dia")
        wamid = (await number.message(sent["id"], status="SENT"))["whatsapp_message_id"]
        await number.receipt(wamid, phone, "delivered", "read")
        await number.message(sent["id"], status="READ")
        await agent.post(f"/api/conversations/{conversation['id']}/resolve")
        for one in (watcher, listener):
            await one.hears("conversation-resolved")
    expected = [
        ("conversation-changed", "opened"),
        ("message-received", "Oi"),
        ("message-sent", menu("Vendas")),
        ("message-status", "SENT"),
        ("message-received", "1"),
        ("conversation-queued", None),
        ("message-sent", QUEUED),
        ("message-status", "SENT"),
        ("conversation-assigned", None),
        ("message-sent", "Bom dia"),
        ("message-status", "SENT"),
        ("message-status", "DELIVERED"),
        ("message-status", "READ"),
        ("conversation-resolved", None),
    ]
    for one in (watcher, listener):
        heard = [event for event in told(one, conversation["id"]) if event[0] != "notification"]
        assert [(name, says) for name, says, _ in heard] == expected
        positions = [position for _, _, position in heard]
        assert positions == sorted(set(positions))
    assert (await listener.hears("notification", kind="conversation.assigned"))["userId"] == agent.id
    assigned = await listener.hears("conversation-assigned")
    assert (assigned["conversation"]["assignedUserId"], assigned["conversation"]["status"]) == (agent.id, "ASSIGNED")


async def test_another_company_hears_nothing(world: World, company: Company, number: Number) -> None:
    await company.department("Vendas")
    other = await world.hub.company()
    stranger = await other.agent(await other.department("Vendas"), "ONLINE")
    phone = a_phone()
    async with (
        world.hub.listening(stranger) as outside,
        world.hub.listening(other.admin) as above,
        world.hub.listening(company.admin) as watcher,
    ):
        await number.writes(phone, "segredo")
        conversation = await number.conversation(phone)
        await watcher.hears("message-sent", conversationId=conversation["id"])
        for one in (outside, above):
            answer = await one.io.call("join-conversation", {"conversationId": conversation["id"]})
            assert answer["ok"] is False
            answer = await one.io.call("join-company", {"companyId": company.id})
            assert answer["ok"] is False
        await number.writes(phone, "segredo outra vez")
        await watcher.hears("message-received", conversationId=conversation["id"])
        await world.settled(company)
        await asyncio.sleep(0.2)
        own = {"userId": stranger.id, "status": "ONLINE"}  # of their company, told as late as the log tells it
        for one in (outside, above):
            foreign = [(name, data) for name, data in one.heard if own.items() - data.items()]
            assert foreign == []


@pytest.mark.parametrize("auth", [None, {}, {"token": ""}, {"token": "nonsense"}, {"token": 7}, {"token": "a.b.c"}])
async def test_without_a_token_nobody_is_let_in(world: World, auth: Any) -> None:
    client = socketio.AsyncClient(reconnection=False)
    heard: list[Any] = []
    client.on("*", lambda *args: heard.append(args))
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(world.hub.url, auth=auth, transports=["websocket"], wait_timeout=5)
    await client.disconnect()
    assert heard == []


async def test_an_agent_of_another_department_hears_and_sees_nothing_of_it(
    world: World, company: Company, number: Number
) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    seller, supporter = await company.agent(sales, "ONLINE"), await company.agent(support, "ONLINE")
    phone = a_phone()
    async with (
        world.hub.listening(supporter) as foreign,
        world.hub.listening(seller) as own,
        world.hub.listening(company.admin) as watcher,
    ):
        await number.writes(phone, "Oi")
        await number.writes(phone, "1")
        conversation = await number.is_(phone, status="ASSIGNED", assignedUserId=seller.id)
        moved = await watcher.hears("conversation-assigned")
        await number.writes(phone, "o número do meu cartão")
        sent = await number.answers(seller, phone, "obrigado")
        for one in (own, watcher):
            await one.hears("message-status", messageId=sent["id"], status="SENT")
        later = [e for e in told(foreign, conversation["id"]) if e[2] > moved["position"]]
        assert later == []
        answer = await foreign.io.call("join-conversation", {"conversationId": conversation["id"]})
        assert answer["ok"] is False
    url = f"/api/conversations/{conversation['id']}"
    for path in (url, f"{url}/messages"):
        assert (await supporter.get(path)).status_code == 404
    for verb in ("assign", "resolve", "read"):
        assert (await supporter.post(f"{url}/{verb}")).status_code == 404
    body = {"conversationId": conversation["id"], "content": "x"}
    assert (await supporter.post("/api/messages/send", body)).status_code == 404
    assert (await supporter.get("/api/conversations")).json() == []
    assert (await seller.get(url)).status_code == 200


async def test_a_typed_answer_of_the_phone_is_told_once_as_sent(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    echo = {"from": "5511400010000", "to": phone, "id": a_wamid(), "timestamp": str(now_s()), "type": "text"}
    value = {"message_echoes": [{**echo, "text": {"body": "do celular"}}]}
    async with world.hub.listening(company.admin) as watcher:
        for _ in range(2):
            body = meta.webhook(number.phone_number_id, value, "smb_message_echoes")
            assert (await number.post(body)).status_code == 200
        conversation = await number.conversation(phone)
        await watcher.hears("message-sent", conversationId=conversation["id"])
        await world.settled(company)
        await asyncio.sleep(0.2)
        heard = [(name, says) for name, says, _ in told(watcher, conversation["id"])]
        assert heard == [("conversation-changed", "opened"), ("message-sent", "do celular")]
