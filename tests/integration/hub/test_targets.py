"""Targets and ratings, from a provider's webhook to what an agent's page shows, on the running hub."""

import asyncio
from uuid import UUID

from tests.integration.http.conftest import Company, Person
from tests.integration.hub.world import Number, World, a_phone, a_wamid, menu, until

QUESTION = "Seu atendimento foi encerrado. De 1 a 5, que nota você dá ao atendimento? (5 é a melhor)"
THANKS = "Obrigado pela sua avaliação!"


async def assigned(number: Number, phone: str) -> dict[str, object]:
    await number.writes(phone, "Oi")
    await number.writes(phone, "1")
    return await number.is_(phone, status="ASSIGNED")


async def events(company: Company, conversation: dict[str, object], kind: str) -> list[dict[str, object]]:
    """The bodies that the log has of it."""
    rows = await company.admin.get("/api/events", limit=200, after=0)
    found = [e for e in rows.json() if e["type"] == kind]
    return [e["data"] for e in found if e["data"]["conversation"]["id"] == conversation["id"]]


async def test_the_schedule_tells_a_breach_to_agent_supervisors_log_and_lists(
    world: World, company: Company, number: Number
) -> None:
    sales = await company.department("Vendas", firstResponseTargetMinutes=10, resolutionTargetMinutes=60)
    agent = await company.agent(sales, "ONLINE")
    one, other = await assigned(number, a_phone()), await assigned(number, a_phone())
    assert (one["breaches"], one["rating"]) == ([], None)
    assert one["firstResponseDueAt"]
    assert one["resolutionDueAt"]
    async with world.hub.listening(agent) as hears, world.hub.listening(company.admin) as supervisor:
        await world.owner.execute(
            """UPDATE pooled.conversations SET first_response_due_at = clock_timestamp() - interval '1 s',
                 target_look_at = clock_timestamp() - interval '1 s' WHERE id = $1""",
            UUID(str(one["id"])),
        )

        async def breached() -> bool:
            return bool((await company.admin.get("/api/conversations", breached="true")).json())

        await until(breached)  # the schedule comes by every 15 s
        for listener in (hears, supervisor):
            told = await listener.hears("notification", kind="conversation.target_breached")
            assert (told["conversation"]["id"], told["target"]) == (one["id"], "firstResponse")
    [body] = await events(company, one, "conversation.target_breached")
    assert body["target"] == "firstResponse"
    assert body["dueAt"] == body["conversation"]["firstResponseDueAt"]  # type: ignore[index] # JSON
    listed = (await company.admin.get("/api/conversations", breached="true")).json()
    assert [(c["id"], c["breaches"]) for c in listed] == [(one["id"], ["firstResponse"])]
    named = (await company.admin.get("/api/conversations", breached="true", search="Ana")).json()
    assert [c["id"] for c in named] == [one["id"]]
    mine = (await agent.get("/api/conversations", breached="true", status="ASSIGNED")).json()
    assert [c["id"] for c in mine] == [one["id"]]
    for conversation in (one, other):
        body = {"conversationId": conversation["id"], "content": "Bom dia"}
        assert (await agent.post("/api/messages/send", body)).status_code == 202
    assert (await agent.post(f"/api/conversations/{other['id']}/resolve")).status_code == 200
    shown = (await company.admin.get("/api/metrics/dashboard")).json()["targets"]
    assert shown["firstResponse"] == {"within": 1, "breached": 1, "share": 0.5}
    assert shown["resolution"] == {"within": 1, "breached": 0, "share": 1.0}


async def resolved_and_asked(number: Number, agent: Person, phone: str) -> dict[str, object]:
    one = await assigned(number, phone)
    assert (await agent.post(f"/api/conversations/{one['id']}/resolve")).status_code == 200
    await number.reads(phone, menu("Vendas"), QUESTION)
    return one


async def test_a_rating_that_is_delivered_twice_counts_once_and_opens_nothing(
    world: World, company: Company, number: Number
) -> None:
    agent = await company.agent(await company.department("Vendas", asksRating=True), "ONLINE")
    phone, wamid = a_phone(), a_wamid()
    one = await resolved_and_asked(number, agent, phone)
    await asyncio.gather(*(number.writes(phone, "4", wamid) for _ in range(3)))
    await number.reads(phone, menu("Vendas"), QUESTION, THANKS)
    await number.writes(phone, "4", wamid)
    for text in (QUESTION, THANKS):
        await number.receipt(number.wamid(phone, text), phone, "sent", "delivered", "read")
    await world.settled(company)
    rated = await number.conversation(phone)
    assert (rated["id"], rated["status"], rated["rating"], rated["unreadCount"]) == (one["id"], "RESOLVED", 4, 0)
    texts = [(m["content"], m["direction"], m["status"]) for m in await number.messages(phone)]
    assert texts[-3:] == [(QUESTION, "OUTBOUND", "READ"), ("4", "INBOUND", "DELIVERED"), (THANKS, "OUTBOUND", "READ")]
    assert [body["rating"] for body in await events(company, one, "conversation.rated")] == [4]
    assert (await company.admin.get("/api/metrics/dashboard")).json()["ratings"] == {"average": 4.0, "count": 1}
    [figures] = [a for a in (await agent.get("/api/metrics/agents")).json() if a["userId"] == agent.id]
    assert figures["ratings"] == {"average": 4.0, "count": 1}


async def test_what_is_no_rating_opens_the_next_round_as_ever(world: World, company: Company, number: Number) -> None:
    agent = await company.agent(await company.department("Vendas", asksRating=True), "ONLINE")
    phone = a_phone()
    one = await resolved_and_asked(number, agent, phone)
    await number.writes(phone, "Tenho outra dúvida")
    await number.reads(phone, menu("Vendas"), QUESTION, "Deseja falar com Vendas? (SIM/NÃO)")
    following = await number.conversation(phone)
    assert following["id"] != one["id"]


async def test_what_an_agent_starts_meanwhile_takes_the_number_as_a_message(
    world: World, company: Company, number: Number
) -> None:
    agent = await company.agent(await company.department("Vendas", asksRating=True), "ONLINE")
    phone = a_phone()
    one = await resolved_and_asked(number, agent, phone)
    started = await agent.post("/api/conversations", {"sessionId": number.id, "to": phone, "content": "Mais uma coisa"})
    assert started.status_code == 201, started.text
    await number.writes(phone, "5")
    await world.settled(company)

    async def unread() -> bool:
        return bool((await number.conversation(phone))["unreadCount"] == 1)

    await until(unread)
    assert (await number.conversation(phone))["id"] == started.json()["id"]
    before = (await company.admin.get(f"/api/conversations/{one['id']}")).json()
    assert before["rating"] is None
