"""Contract E: an agent works on what is its own, its department's, or nobody's yet. All else does not exist (404)."""

from typing import Any
from uuid import uuid4

from tests.integration.http.conftest import Company, Person, RunningHub, eventually
from tests.integration.http.test_service import ANA, routed, url

FILE = {"file": ("a.txt", b"x", "text/plain")}


async def everything(by: Person, conversation: dict[str, Any], message_id: str, department_id: str) -> dict[str, int]:
    """What each thing that can be done with a conversation answers; the mild ones first."""
    answers = {
        "get": await by.get(url(conversation)),
        "messages": await by.get(url(conversation, "messages")),
        "notes": await by.get(url(conversation, "notes")),
        "note": await by.post(url(conversation, "notes"), {"content": "x"}),
        "edit a note": await by.patch(url(conversation, f"notes/{uuid4()}"), {"content": "x"}),
        "delete a note": await by.delete(url(conversation, f"notes/{uuid4()}")),
        "read": await by.post(url(conversation, "read")),
        "rename": await by.patch(url(conversation, "customer-name"), {"name": "x"}),
        "classify": await by.patch(url(conversation), {"priority": "HIGH"}),
        "send": await by.post("/api/messages/send", {"conversationId": conversation["id"], "content": "x"}),
        "send-media": await by.http.post(
            "/api/messages/send-media",
            data={"conversationId": conversation["id"]},
            files=FILE,
            headers=by.headers,
        ),
        "assign": await by.post(url(conversation, "assign")),
        "transfer": await by.post(url(conversation, "transfer"), {"departmentId": department_id}),
        "unassign": await by.post(url(conversation, "unassign")),
        "resolve": await by.post(url(conversation, "resolve")),
        "archive": await by.post(url(conversation, "archive")),
        "reopen": await by.post(url(conversation, "reopen")),
    }
    assert message_id not in "".join(answer.text for answer in answers.values() if answer.status_code >= 400)
    return {what: answer.status_code for what, answer in answers.items()}


async def served(company: Company) -> tuple[dict[str, Any], dict[str, Any], Person, str]:
    """A conversation of Vendas and its agent, with a message."""
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    shown = (await company.admin.get(url(conversation, "messages"))).json()
    return sales, conversation, agent, shown["messages"][0]["id"]


async def test_another_departments_conversation_does_not_exist(company: Company) -> None:
    sales, conversation, agent, message_id = await served(company)
    stranger = await company.agent(await company.department("Suporte"), "ONLINE")
    nowhere = await company.agent(None, "ONLINE")
    for one in (stranger, nowhere):
        answered = await everything(one, conversation, message_id, sales["id"])
        assert set(answered.values()) == {404}, answered
        assert (await one.get("/api/conversations")).json() == []
        assert (await one.get("/api/messages/search", query="Oi")).json() == []
    now = (await agent.get(url(conversation))).json()
    assert (now["status"], now["assignedUserId"], now["priority"]) == ("ASSIGNED", agent.id, "NORMAL")
    assert (await agent.get(url(conversation, "notes"))).json() == []


async def test_another_companys_conversation_does_not_exist_for_its_administrator(
    running: RunningHub, company: Company
) -> None:
    sales, conversation, _, message_id = await served(company)
    other = await running.company()
    answered = await everything(other.admin, conversation, message_id, sales["id"])
    assert set(answered.values()) == {404}, answered


async def test_who_waits_in_a_department_is_seen_by_its_people_alone(company: Company) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    seller, stranger = await company.agent(sales), await company.agent(support)
    waiting = [await routed(company, sales, f"551198765430{n}") for n in range(2)]
    queue = f"/api/departments/{sales['id']}/queue"
    for one in (seller, company.admin):
        assert [c["id"] for c in (await one.get(queue)).json()] == [c["id"] for c in waiting]
    hidden = await stranger.get(queue, limit=1)
    assert (hidden.status_code, hidden.json(), "X-Next-Cursor" in hidden.headers) == (200, [], False)
    assert (await stranger.get(f"/api/departments/{uuid4()}/queue")).status_code == 404


async def test_nobodys_conversation_is_everybodys_until_somebody_takes_it(company: Company) -> None:
    await company.department("Vendas")
    session = await company.session()
    await company.customer_writes(session, ANA, "Oi", "Ana")
    conversation = await company.conversation(sessionId=session["id"])
    one, other = await company.agent(), await company.agent()
    for agent in (one, other):
        assert [c["id"] for c in (await agent.get("/api/conversations")).json()] == [conversation["id"]]
    taken = await one.post(url(conversation, "assign"))
    assert (taken.status_code, taken.json()["assignedUserId"]) == (200, one.id)
    assert (await other.get(url(conversation))).status_code == 404
    assert (await other.post(url(conversation, "assign"))).status_code == 404


async def test_writing_first_reveals_of_anothers_conversation_only_who_has_it(company: Company) -> None:
    sales = await company.department("Vendas")
    await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    stranger = await company.agent(await company.department("Suporte"))
    body = {"sessionId": conversation["sessionId"], "to": ANA, "content": "Oi, sou eu"}
    refused = await stranger.post("/api/conversations", body)
    assert refused.status_code == 409, refused.text
    told = refused.json()
    assert (told["type"], told["department"]) == ("urn:whatsapp-hub:problem:held_elsewhere", "Vendas")
    assert conversation["id"] not in refused.text
    shown = (await company.admin.get(url(conversation, "messages"))).json()["messages"]
    assert "Oi, sou eu" not in [m["content"] for m in shown]


async def test_one_asks_for_a_customer_whom_others_have(company: Company) -> None:
    sales = await company.department("Vendas")
    holder = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    stranger = await company.agent(await company.department("Suporte"))
    path, body = "/api/conversations/ask-for", {"sessionId": conversation["sessionId"], "to": ANA}
    assert (await stranger.post(path, body)).status_code == 204
    [note] = (await holder.get(url(conversation, "notes"))).json()
    assert (note["userId"], note["content"]) == (stranger.id, "Peço esta conversa.")
    kinds = [one["kind"] for one in (await holder.get("/api/notifications")).json()]
    assert kinds.count("conversation.requested") == 1
    assert (await stranger.get(url(conversation))).status_code == 404
    assert (await holder.post(path, body)).json()["type"].endswith("not_held")
    assert (await stranger.post(path, {**body, "to": "5511999990009"})).status_code == 404


async def test_a_colleague_of_the_department_reads_but_does_not_take_what_is_anothers(company: Company) -> None:
    _, conversation, agent, _ = await served(company)
    colleague = await company.agent({"id": conversation["departmentId"]})
    assert (await colleague.get(url(conversation))).status_code == 200
    assert (await colleague.post(url(conversation, "assign"))).status_code == 409
    assert (await agent.get(url(conversation))).json()["assignedUserId"] == agent.id
    given = await company.admin.post(url(conversation, "assign"), {"userId": colleague.id})
    assert (given.status_code, given.json()["assignedUserId"]) == (200, colleague.id)


async def test_what_the_customer_calls_themselves_stays_beside_what_they_are_called_here(company: Company) -> None:
    sales, conversation, agent, _ = await served(company)
    assert conversation["customerPhone"] == ANA
    assert (conversation["customerName"], conversation["metadata"]["profile"]) == ("Ana", {"name": "Ana"})
    assert conversation["metadata"]["chatId"]
    assert (await agent.patch(url(conversation, "customer-name"), {"name": "Dona Ana"})).status_code == 200
    await company.customer_writes({"id": conversation["sessionId"]}, ANA, "Mudei de nome", "Aninha")

    async def known() -> bool:
        return bool((await agent.get(url(conversation))).json()["metadata"]["profile"] == {"name": "Aninha"})

    await eventually(known)
    whole = (await agent.get(url(conversation))).json()
    assert (whole["customerName"], whole["contact"]["name"], whole["contact"]["phoneNumber"]) == (
        "Dona Ana",
        "Aninha",
        ANA,
    )
    assert (whole["contact"]["isGroup"], sales["id"]) == (False, whole["departmentId"])


async def test_the_next_round_remembers_department_and_attendant(company: Company) -> None:
    sales, conversation, agent, _ = await served(company)
    for verb in ("resolve", "archive"):
        ended = await agent.post(url(conversation, verb))
        assert ended.status_code == 200, ended.text
        kept = (ended.json()["lastDepartmentId"], ended.json()["lastAttendantId"])
        assert kept == (sales["id"], agent.id)
        assert ended.json()["flowState"] == "RESOLVED"
    await company.customer_writes({"id": conversation["sessionId"]}, ANA, "Oi de novo")
    following = await company.conversation(sessionId=conversation["sessionId"], status="OPEN,ASSIGNED")
    assert following["id"] != conversation["id"]
    assert (following["lastDepartmentId"], following["lastAttendantId"]) == (sales["id"], agent.id)
    assert following["flowState"] == "AWAITING_ROUTING_CONFIRMATION"
