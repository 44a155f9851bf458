"""A customer of a Meta number meets the bot, chooses, waits, is answered (contract E.1 to E.3, E.7)."""

import asyncio

import pytest

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company, Person
from tests.integration.hub.world import QUEUED, Number, World, a_phone, a_wamid, menu, now_s

HINT = "Não entendi. Responda com o número ou o nome de uma das opções."
CONFIRM = "Deseja falar com Vendas? (SIM/NÃO)"


async def two_departments(company: Company) -> tuple[dict[str, object], dict[str, object]]:
    return await company.department("Vendas"), await company.department("Suporte Técnico", isRoot=True)


async def queued_text_goes_last(number: Number, phone: str) -> None:
    await number.world.settled(number.company)
    assert number.sent(phone)[-1] == QUEUED


async def test_a_text_posted_three_times_is_one_message_and_one_menu(
    world: World, company: Company, number: Number
) -> None:
    await two_departments(company)
    phone, wamid = a_phone(), a_wamid()
    for _ in range(3):
        await number.writes(phone, "Oi", wamid)
    await number.reads(phone, menu("Vendas", "Suporte Técnico"))
    await world.settled(company)
    assert [(m["content"], m["direction"]) for m in await number.messages(phone)] == [
        ("Oi", "INBOUND"),
        (menu("Vendas", "Suporte Técnico"), "OUTBOUND"),
    ]
    assert len(await world.inbox(number.id)) == 1


async def test_texts_posted_three_times_at_once_are_one_message_and_one_menu_each(
    world: World, company: Company, number: Number
) -> None:
    await two_departments(company)
    bodies = [(phone, number.body(meta.text_from(phone, a_wamid(), "Oi", now_s()))) for phone in (a_phone(), a_phone())]
    answers = await asyncio.gather(*(number.post(body) for _ in range(3) for _, body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    for phone, _ in bodies:
        await number.reads(phone, menu("Vendas", "Suporte Técnico"))
    await world.settled(company)
    for phone, _ in bodies:
        assert len(number.sent(phone)) == 1
        assert len(await number.messages(phone)) == 2


@pytest.mark.parametrize("answer", ["2", " 2. ", "suporte tecnico", "SUPORTE TÉCNICO"])
async def test_a_number_or_a_name_chooses_the_department(
    world: World, company: Company, number: Number, answer: str
) -> None:
    _, support = await two_departments(company)
    agent = await company.agent(support, "ONLINE")
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.reads(phone, menu("Vendas", "Suporte Técnico"))
    await number.writes(phone, answer)
    conversation = await number.is_(phone, status="ASSIGNED")
    assert (conversation["departmentId"], conversation["assignedUserId"]) == (support["id"], agent.id)
    assert conversation["flowState"] == "ASSIGNED"
    assert conversation["routingReason"]


async def test_after_three_misses_the_root_department_takes_it(world: World, company: Company, number: Number) -> None:
    _, root = await two_departments(company)
    agent = await company.agent(root, "ONLINE")
    phone = a_phone()
    names = ("Vendas", "Suporte Técnico")
    texts = [menu(*names)]
    await number.writes(phone, "Oi")
    await number.reads(phone, *texts)
    for words in ("hm", "9"):
        await number.writes(phone, words)
        texts.append(menu(*names, opening=HINT))
        await number.reads(phone, *texts)
    await number.writes(phone, "não sei")
    conversation = await number.is_(phone, status="ASSIGNED")
    assert (conversation["departmentId"], conversation["assignedUserId"]) == (root["id"], agent.id)
    await world.settled(company)
    assert number.sent(phone) == texts


async def test_without_a_root_department_a_customer_who_misses_three_times_stays_open(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas")
    phone = a_phone()
    async with world.hub.listening(company.admin) as supervisor:
        for words in ("Oi", "a", "b", "c"):
            await number.writes(phone, words)
        await supervisor.hears("notification", kind="conversation.unrouted")
    conversation = await number.is_(phone, status="OPEN", departmentId=None)
    await number.writes(phone, "d")
    await world.settled(company)
    assert len(number.sent(phone)) == 3
    assert (await number.conversation(phone))["id"] == conversation["id"]


async def served_once(company: Company, number: Number) -> tuple[str, Person, dict[str, object]]:
    """A customer whose first round in Vendas is resolved."""
    sales, _ = await two_departments(company)
    agent = await company.agent(sales, "ONLINE")
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.writes(phone, "1")
    conversation = await number.is_(phone, status="ASSIGNED")
    resolved = await agent.post(f"/api/conversations/{conversation['id']}/resolve")
    assert resolved.status_code == 200, resolved.text
    await number.world.settled(company)
    return phone, agent, sales


async def test_a_returning_customer_is_asked_and_sim_leads_to_the_last_attendant(
    world: World, company: Company, number: Number
) -> None:
    phone, agent, sales = await served_once(company, number)
    await company.agent(sales, "ONLINE")
    first = await number.conversation(phone)
    await number.writes(phone, "Oi de novo")
    await number.reads(phone, menu("Vendas", "Suporte Técnico"), CONFIRM)
    asked = await number.is_(phone, flowState="AWAITING_ROUTING_CONFIRMATION")
    assert asked["id"] != first["id"]
    assert (asked["lastDepartmentId"], asked["lastAttendantId"]) == (sales["id"], agent.id)
    await number.writes(phone, "Sim!")
    conversation = await number.is_(phone, status="ASSIGNED")
    assert (conversation["id"], conversation["assignedUserId"]) == (asked["id"], agent.id)


@pytest.mark.parametrize("answer", ["NÃO", "nao"])
async def test_a_returning_customer_who_says_nao_gets_the_menu(
    world: World, company: Company, number: Number, answer: str
) -> None:
    phone, _, _ = await served_once(company, number)
    await number.writes(phone, "Oi")
    await number.writes(phone, answer)
    await number.reads(phone, menu("Vendas", "Suporte Técnico"), CONFIRM, menu("Vendas", "Suporte Técnico"))
    assert (await number.conversation(phone))["status"] == "OPEN"


async def test_an_unclear_answer_is_asked_once_more_and_then_gets_the_menu(
    world: World, company: Company, number: Number
) -> None:
    phone, _, _ = await served_once(company, number)
    whole = menu("Vendas", "Suporte Técnico")
    for words in ("Oi", "talvez", "quem sabe"):
        await number.writes(phone, words)
    await number.reads(phone, whole, CONFIRM, f"Responda SIM ou NÃO, por favor.\n{CONFIRM}", whole)


async def test_nobody_online_is_a_queue_that_somebody_coming_online_serves_in_order(
    world: World, company: Company, number: Number
) -> None:
    sales, _ = await two_departments(company)
    agent = await world.hub.person(company.admin, "AGENT", departmentId=sales["id"], maxConversations=1)
    first, second = a_phone(), a_phone()
    for phone in (first, second):
        await number.writes(phone, "Oi")
        await number.writes(phone, "1")
        await number.reads(phone, menu("Vendas", "Suporte Técnico"), QUEUED)
        queued = await number.is_(phone, status="OPEN", departmentId=sales["id"])
        assert queued["flowState"] == "DEPARTMENT_SELECTED"
        assert queued["timeoutAt"]
    online = await agent.patch("/api/users/me/status", {"status": "ONLINE"})
    assert online.status_code == 200
    taken = await number.is_(first, status="ASSIGNED", assignedUserId=agent.id)
    assert (await number.conversation(second))["status"] == "OPEN"

    resolved = await agent.post(f"/api/conversations/{taken['id']}/resolve")
    assert (resolved.status_code, resolved.json()["status"]) == (200, "RESOLVED")
    await number.is_(second, status="ASSIGNED", assignedUserId=agent.id)
    await number.answers(agent, second, "Bom dia!")
    await number.reads(second, menu("Vendas", "Suporte Técnico"), QUEUED, "Bom dia!")


async def test_whoever_has_fewest_gets_the_next(world: World, company: Company, number: Number) -> None:
    sales, _ = await two_departments(company)
    agents = [await company.agent(sales, "ONLINE") for _ in range(2)]
    await company.agent(sales, "BUSY")
    got = []
    for _ in range(4):
        phone = a_phone()
        await number.writes(phone, "Oi")
        await number.writes(phone, "vendas")
        got.append((await number.is_(phone, status="ASSIGNED"))["assignedUserId"])
    assert sorted(got) == sorted([agent.id for agent in agents] * 2)


async def test_an_album_posted_at_once_or_in_a_row_gets_one_menu(
    world: World, company: Company, number: Number
) -> None:
    await two_departments(company)
    at_once, in_a_row = a_phone(), a_phone()

    def photo(phone: str, n: int) -> bytes:
        about = {"from": phone, "id": a_wamid(), "timestamp": str(now_s()), "type": "image"}
        return number.body({**about, "image": {"id": f"9{n}", "mime_type": "image/jpeg"}})

    await asyncio.gather(*(number.post(photo(at_once, n)) for n in range(8)))
    for n in range(8):
        await number.post(photo(in_a_row, n))
        await world.settled(company)
    await number.writes(in_a_row, "são estas as fotos")
    await world.settled(company)
    for phone, received in ((at_once, 8), (in_a_row, 9)):
        assert number.sent(phone) == [menu("Vendas", "Suporte Técnico")]
        assert len([m for m in await number.messages(phone) if m["direction"] == "INBOUND"]) == received
    await number.writes(in_a_row, "quero o suporte técnico")
    await queued_text_goes_last(number, in_a_row)
