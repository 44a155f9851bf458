"""Contract E over HTTP and sockets: what agents do with conversations, notes, notifications, pages of lists."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company, Person, RunningHub, eventually
from tests.integration.http.test_work import CONVERSATION_FIELDS

ANA = "5511987654321"
NOTE_FIELDS = {"id", "conversationId", "userId", "content", "mentions", "createdAt", "editedAt"}


async def routed(company: Company, department: dict[str, Any], phone: str = ANA) -> dict[str, Any]:
    """A customer who wrote to a number with a menu and chose this department."""
    session = await company.session()
    for text in ("Oi", department["name"]):
        await company.customer_writes(session, phone, text, "Ana")
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = (await company.admin.get("/api/conversations", departmentId=department["id"])).json()
        return any(c["sessionId"] == session["id"] for c in found)

    await eventually(there)
    return next(c for c in found if c["sessionId"] == session["id"])


def url(conversation: dict[str, Any], verb: str = "") -> str:
    return f"/api/conversations/{conversation['id']}" + (f"/{verb}" if verb else "")


async def test_transfer_tells_the_new_agent_and_everybody_who_watched(running: RunningHub, company: Company) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    seller, helper = await company.agent(sales, "ONLINE"), await company.agent(support, "ONLINE")
    conversation = await routed(company, sales)
    async with running.listening(helper) as hears, running.listening(seller) as former:
        moved = await seller.post(url(conversation, "transfer"), {"departmentId": support["id"]})
        assert moved.status_code == 200, moved.text
        assert set(moved.json()) == CONVERSATION_FIELDS
        assert (moved.json()["departmentId"], moved.json()["assignedUserId"]) == (support["id"], helper.id)
        told = await hears.hears("notification", kind="conversation.assigned")
        assert told["position"] > 0
        for listener in (hears, former):
            heard = await listener.hears("conversation-transferred")
            assert heard["conversation"]["id"] == conversation["id"]
        await hears.hears("conversation-assigned")
    listed = (await helper.get("/api/notifications")).json()
    assert [(n["kind"], n["conversationId"], n["readAt"]) for n in listed] == [
        ("conversation.assigned", conversation["id"], None)
    ]
    assert listed[0]["id"] == told["id"]


async def test_a_transfer_by_somebody_who_may_not_is_refused(company: Company) -> None:
    sales = await company.department()
    await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    colleague = await company.agent(sales)
    stranger = await company.agent(await company.department("Outro"))
    body = {"departmentId": sales["id"]}
    assert (await colleague.post(url(conversation, "transfer"), body)).status_code == 409
    assert (await stranger.post(url(conversation, "transfer"), body)).status_code == 404
    bad = await company.admin.post(url(conversation, "transfer"), {"departmentId": str(uuid4())})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, "/departmentId")


async def test_unassign_archive_and_reopen_answer_with_the_entity(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    assert (
        await agent.patch("/api/users/me/status", {"status": "BUSY"})
    ).status_code == 200  # or the queue gives it back
    back = await agent.post(url(conversation, "unassign"))
    assert (back.status_code, back.json()["status"], back.json()["assignedUserId"]) == (200, "OPEN", None)
    assert (await agent.post(url(conversation, "unassign"))).status_code == 409
    put_away = await agent.post(url(conversation, "archive"))
    assert (put_away.status_code, put_away.json()["status"]) == (200, "ARCHIVED")
    assert (await agent.post(url(conversation, "archive"))).status_code == 409
    assert (await agent.patch("/api/users/me/status", {"status": "ONLINE"})).status_code == 200
    again = await agent.post(url(conversation, "reopen"))
    assert (again.status_code, again.json()["status"]) == (200, "ASSIGNED")
    assert (await agent.post(url(conversation, "reopen"))).status_code == 409


async def test_a_customers_name_stays_for_the_next_round(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    named = await agent.patch(url(conversation, "customer-name"), {"name": "  Dona Ana "})
    assert (named.status_code, named.json()["customerName"]) == (200, "Dona Ana")
    bad = await agent.patch(url(conversation, "customer-name"), {"name": " "})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, "/name")
    assert (await agent.post(url(conversation, "resolve"))).status_code == 200
    await company.customer_writes({"id": conversation["sessionId"]}, ANA, "Oi de novo", "Aninha")
    following = await company.conversation(sessionId=conversation["sessionId"], status="OPEN")
    assert following["customerName"] == "Dona Ana"


async def test_notes_are_for_colleagues_who_may_see_the_conversation(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    contents = [f"note {n}" for n in range(3)]
    for content in contents:
        made = await agent.post(url(conversation, "notes"), {"content": content})
        assert (made.status_code, set(made.json()), made.json()["userId"]) == (201, NOTE_FIELDS, agent.id)
    listed = await company.admin.get(url(conversation, "notes"), limit=2)
    assert [note["content"] for note in listed.json()] == contents[:2]
    rest = await company.admin.get(url(conversation, "notes"), cursor=listed.headers["X-Next-Cursor"])
    assert [note["content"] for note in rest.json()] == contents[2:]
    assert "X-Next-Cursor" not in rest.headers
    stranger = await company.agent(await company.department("Outro"))
    assert (await stranger.get(url(conversation, "notes"))).status_code == 404
    assert (await stranger.post(url(conversation, "notes"), {"content": "x"})).status_code == 404
    empty = await agent.post(url(conversation, "notes"), {"content": " "})
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (400, "/content")
    await company.customer_writes({"id": conversation["sessionId"]}, ANA, "ainda aí?")
    assert not any("note" in text for text in await company.phone({"id": conversation["sessionId"]}, ANA))


async def test_notifications_are_ones_own_and_marked_read_one_by_one_or_all(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    for n in range(3):
        await routed(company, sales, f"551198765432{n}")
    listed = (await agent.get("/api/notifications")).json()
    assert len(listed) == 3
    assert [n["createdAt"] for n in listed] == sorted((n["createdAt"] for n in listed), reverse=True)
    other = await company.agent(sales)
    one = f"/api/notifications/{listed[0]['id']}/read"
    assert (await other.post(one)).status_code == 404
    assert [(await agent.post(one)).json() for _ in range(2)] == [{"read": 1}, {"read": 0}]
    unread = (await agent.get("/api/notifications", unread=True)).json()
    assert [n["id"] for n in unread] == [n["id"] for n in listed[1:]]
    assert (await agent.post("/api/notifications/read")).json() == {"read": 2}
    assert (await agent.get("/api/notifications", unread=True)).json() == []
    assert (await company.admin.get("/api/notifications")).json() == []


async def walked(person: Person, path: str, **query: object) -> list[dict[str, Any]]:
    """A list, two at a time."""
    items: list[dict[str, Any]] = []
    while True:
        answer = await person.get(path, limit=2, **query)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()) <= 2
        items += answer.json()
        if not (cursor := answer.headers.get("X-Next-Cursor")):
            return items
        query["cursor"] = cursor


async def test_every_list_is_walked_page_by_page(company: Company) -> None:
    departments = [await company.department(f"D{n}") for n in range(5)]
    people = [await company.agent(departments[0]) for _ in range(5)]
    sessions = [await company.session() for _ in range(3)]
    for n in range(5):
        await company.customer_writes(sessions[0], f"551198765432{n}", "Oi")
        await company.customer_writes(sessions[0], f"551198765432{n}", "D0")

    async def waiting() -> bool:
        return len((await company.admin.get(f"/api/departments/{departments[0]['id']}/queue")).json()) == 5

    await eventually(waiting)
    admin, first = company.admin, f"/api/departments/{departments[0]['id']}"
    assert [d["id"] for d in await walked(admin, "/api/departments")] == [d["id"] for d in departments]
    assert [s["id"] for s in await walked(admin, "/api/sessions")] == [s["id"] for s in sessions]
    agents = {p.id for p in people}
    assert {u["id"] for u in await walked(admin, f"{first}/agents")} == agents
    everybody = await walked(admin, "/api/users")
    assert len(everybody) == 6
    assert {u["id"] for u in everybody} == {*agents, admin.id}
    assert {u["id"] for u in await walked(admin, "/api/users", role="AGENT", status="active")} == agents
    queue = await walked(admin, f"{first}/queue")
    assert [c["routedAt"] for c in queue] == sorted(c["routedAt"] for c in queue)
    assert len({c["id"] for c in queue}) == 5
    assert len(await walked(admin, "/api/conversations", departmentId=departments[0]["id"])) == 5


@pytest.mark.parametrize("path", ["/api/users", "/api/departments", "/api/sessions", "/api/notifications"])
async def test_a_cursor_of_another_list_is_refused(company: Company, path: str) -> None:
    for query in ({"cursor": "nonsense"}, {"limit": 0}, {"limit": 201}):
        assert (await company.admin.get(path, **query)).status_code == 400


async def test_a_user_leaves_a_department_and_loses_a_bound_by_null(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales)
    path = f"/api/users/{agent.id}"
    bound = (await company.admin.patch(path, {"maxConversations": 3})).json()
    assert (bound["departmentId"], bound["maxConversations"]) == (sales["id"], 3)
    renamed = (await company.admin.patch(path, {"name": "Rita"})).json()
    assert (renamed["departmentId"], renamed["maxConversations"]) == (sales["id"], 3)
    cleared = (await company.admin.patch(path, {"departmentId": None, "maxConversations": None})).json()
    assert (cleared["departmentId"], cleared["maxConversations"], cleared["name"]) == (None, None, "Rita")


async def test_whoever_is_dismissed_hands_over_what_they_hold(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    assert conversation["assignedUserId"] == agent.id
    assert (await company.admin.patch(f"/api/users/{agent.id}", {"isActive": False})).status_code == 200
    now = (await company.admin.get(url(conversation))).json()
    assert (now["status"], now["assignedUserId"]) == ("OPEN", None)


async def test_the_real_schedule_redirects_what_is_overdue(company: Company, hub_owner: Any) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    conversation = await routed(company, sales)
    helper = await company.agent(support, "ONLINE")
    assert (await company.admin.get(url(conversation))).json()["status"] == "OPEN"
    await hub_owner.execute(
        "UPDATE pooled.conversations SET timeout_at = now() - interval '1 s' WHERE id = $1::text::uuid",
        conversation["id"],
    )
    await hub_owner.execute("DELETE FROM hub.ticks WHERE name = 'overdue'")  # its half minute is over

    async def taken() -> bool:
        return bool((await company.admin.get(url(conversation))).json()["assignedUserId"] == helper.id)

    await eventually(taken)
    assert (await company.admin.get(url(conversation))).json()["flowState"] == "TIMEOUT_REDIRECT"


async def test_the_real_schedule_notices_who_is_silent(running: RunningHub, company: Company, hub_owner: Any) -> None:
    agent = await company.agent(None, "ONLINE")
    async with running.listening(company.admin) as hears:
        await hub_owner.execute(
            "UPDATE hub.users SET last_heartbeat = now() - interval '121 s' WHERE id = $1::text::uuid", agent.id
        )
        await hub_owner.execute("DELETE FROM hub.ticks WHERE name = 'presence'")
        await hears.hears("agent-status", userId=agent.id, status="OFFLINE")
