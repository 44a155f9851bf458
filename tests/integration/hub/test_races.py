"""Much at once: several workers, several agents, several webhooks about the same thing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import SHARED, Number, World, a_phone, a_wamid, menu, now_s
from whatsapp_hub.main.roles import worker


@pytest_asyncio.fixture
async def two_more_workers(world: World) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(worker.run(world.settings)) for _ in range(2)]
    await asyncio.sleep(0.5)
    assert not any(task.done() for task in tasks)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_workers_side_by_side_keep_each_chat_in_order_and_say_everything_once(
    world: World, company: Company, number: Number, two_more_workers: None
) -> None:
    sales = await company.department("Vendas", isRoot=True)
    await company.agent(sales, "ONLINE")
    phones = [a_phone() for _ in range(12)]

    async def talk(phone: str) -> None:
        for words in ("Oi", "1", "a", "b", "c"):
            id = a_wamid()
            await asyncio.gather(*(number.writes(phone, words, id) for _ in range(2)))

    await asyncio.gather(*map(talk, phones))
    conversations = [await number.is_(phone, status="ASSIGNED") for phone in phones]

    async def answer(phone: str) -> None:
        for n in range(4):
            await number.answers(company.admin, phone, f"{n}")

    await asyncio.gather(*map(answer, phones))
    await world.settled(company)
    assert len({c["id"] for c in conversations}) == 12
    for phone in phones:
        shown = await number.messages(phone)
        assert [m["content"] for m in shown if m["direction"] == "INBOUND"] == ["Oi", "1", "a", "b", "c"]
        assert number.sent(phone) == [menu("Vendas"), "0", "1", "2", "3"]
    assert {row["state"] for row in await world.inbox(number.id)} == {"done"}
    [log] = await world.rows("SELECT count(*), max(position) FROM hub.events")
    assert log["count"] == log["max"]


async def test_a_new_customers_first_texts_at_once_open_one_round_with_one_menu(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas")
    phone = a_phone()
    nine_less = phone[:4] + phone[5:]
    bodies = [number.body(meta.text_from(who, a_wamid(), "oi?", now_s())) for who in (phone, nine_less) * 4]
    paths = (SHARED, f"{SHARED}/{number.id}")
    answers = await asyncio.gather(*(number.post(body, path) for body in bodies for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    await world.settled(company)
    assert len(await world.inbox(number.id)) == 8
    [only] = (await company.admin.get("/api/conversations", sessionId=number.id)).json()
    shown = (await company.admin.get(f"/api/conversations/{only['id']}/messages")).json()["messages"]
    texts = Counter(m["content"] for m in shown)
    assert (texts["oi?"], texts[menu("Vendas")]) == (8, 1)


async def test_only_one_of_many_agents_gets_a_conversation(world: World, company: Company, number: Number) -> None:
    sales = await company.department("Vendas")
    agents = [await company.agent(sales) for _ in range(5)]
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.writes(phone, "1")
    conversation = await number.is_(phone, departmentId=sales["id"])
    url = f"/api/conversations/{conversation['id']}/assign"
    answers = await asyncio.gather(*(agent.post(url) for agent in agents))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    [winner] = [answer.json()["assignedUserId"] for answer in answers if answer.status_code == 200]
    assert (await number.conversation(phone))["assignedUserId"] == winner
    held = await world.rows(
        "SELECT user_id::text FROM pooled.assignments WHERE conversation_id = $1::text::uuid AND unassigned_at IS NULL",
        conversation["id"],
    )
    assert [row["user_id"] for row in held] == [winner]


async def test_nobody_gets_more_than_they_may_have_whatever_comes_at_once(
    world: World, company: Company, number: Number, two_more_workers: None
) -> None:
    sales = await company.department("Vendas")
    agents = [
        await world.hub.person(company.admin, "AGENT", departmentId=sales["id"], maxConversations=2) for _ in range(2)
    ]
    phones = [a_phone() for _ in range(8)]
    for phone in phones:
        await number.writes(phone, "Oi")
    await world.settled(company)
    online = (agent.patch("/api/users/me/status", {"status": "ONLINE"}) for agent in agents)
    await asyncio.gather(*(number.writes(phone, "1") for phone in phones), *online)
    await world.settled(company)

    async def load() -> Counter[str]:
        listed = (await company.admin.get("/api/conversations", status="ASSIGNED", limit=200)).json()
        return Counter(c["assignedUserId"] for c in listed)

    async with asyncio.timeout(20):
        while sum((await load()).values()) < 4:
            await asyncio.sleep(0.05)
    assert await load() == {agent.id: 2 for agent in agents}
    first = (await company.admin.get("/api/conversations", status="ASSIGNED", assignedUserId=agents[0].id)).json()
    done = await asyncio.gather(*(agents[0].post(f"/api/conversations/{c['id']}/resolve") for c in first for _ in "ab"))
    assert Counter(answer.status_code for answer in done) == {200: 2, 409: 2}
    async with asyncio.timeout(20):
        while (await load())[agents[0].id] < 2:
            await asyncio.sleep(0.05)
    assert await load() == {agent.id: 2 for agent in agents}
    queue = (await company.admin.get(f"/api/departments/{sales['id']}/queue")).json()
    assert len(queue) == 2


async def test_coming_online_and_going_while_customers_choose_leaves_nobody_forgotten(
    world: World, company: Company, number: Number
) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales)
    phones = [a_phone() for _ in range(6)]
    for phone in phones:
        await number.writes(phone, "Oi")
    await world.settled(company)

    async def restless() -> None:
        for status in ("ONLINE", "BUSY", "ONLINE", "BUSY", "ONLINE"):
            assert (await agent.patch("/api/users/me/status", {"status": status})).status_code == 200

    await asyncio.gather(restless(), *(number.writes(phone, "1") for phone in phones))
    for phone in phones:
        await number.is_(phone, status="ASSIGNED", assignedUserId=agent.id)
