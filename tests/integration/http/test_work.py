"""Sessions, conversations, messages, the log and live events: codes and bodies of contracts E and F."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company, RunningHub, eventually

ANA = "5511987654321"
CONVERSATION_FIELDS = {
    "id", "companyId", "sessionId", "contactId", "customerPhone", "customerName", "status", "flowState",
    "departmentId", "assignedUserId", "timeoutAt", "routedAt", "assignedAt", "greetingSentAt", "lastDepartmentId",
    "lastAttendantId", "routingReason", "routingReasonParts",
    "unreadCount", "priority", "labels", "metadata", "createdAt", "updatedAt",
    "firstResponseDueAt", "resolutionDueAt", "breaches", "rating", "bot", "resolveReason", "snoozedUntil",
    "threadHolder", "lastMessageAt", "waitingSince", "windowClosesAt", "resolvedAt",
}  # fmt: skip
MESSAGE_FIELDS = {
    "id", "whatsappMessageId", "sessionId", "conversationId", "contactId", "senderId", "direction", "type",
    "content", "mediaUrl", "status", "outcome", "error", "isBot", "timestamp", "createdAt", "replyTo", "author",
    "reactions", "editedAt", "revokedAt", "forwarded", "media", "referral", "data", "seq",
}  # fmt: skip


async def started(company: Company, by: Any = None, to: str = ANA, **more: object) -> dict[str, Any]:
    session = await company.session(routing="none")
    body = {"sessionId": session["id"], "to": to, "content": "Bom dia", **more}
    made = await (by or company.admin).post("/api/conversations", body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_a_session_lives_from_creation_to_deletion(company: Company) -> None:
    made = await company.admin.post("/api/sessions", {"name": "front desk", "provider": "SANDBOX"})
    assert made.status_code == 201
    session = made.json()
    assert (session["status"], session["isActive"], session["routing"]) == ("DISCONNECTED", False, "departments")
    url = f"/api/sessions/{session['id']}"
    assert [s["id"] for s in (await company.admin.get("/api/sessions")).json()] == [session["id"]]
    begun = await company.admin.post(f"{url}/start")
    assert (begun.status_code, begun.json()["status"]) == (200, "CONNECTED")
    assert (await company.admin.post(f"{url}/start")).status_code == 409
    again = await company.admin.post(f"{url}/restart")
    assert (again.status_code, again.json()["status"]) == (200, "CONNECTED")
    changed = await company.admin.patch(url, {"name": "back desk"})
    assert (changed.status_code, changed.json()["name"]) == (200, "back desk")
    ended = await company.admin.post(f"{url}/stop")
    assert (ended.status_code, ended.json()["status"], ended.json()["isActive"]) == (200, "DISCONNECTED", False)
    can = (await company.admin.get(f"{url}/capabilities")).json()
    assert can["provider"] == "SANDBOX"
    assert "TEXT" in can["sends"]
    gone = await company.admin.delete(url)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await company.admin.get(url)).status_code == 404


async def test_a_sessions_history_is_listed_from_its_end(company: Company) -> None:
    made = await company.admin.post("/api/sessions", {"name": "front desk", "provider": "SANDBOX"})
    url = f"/api/sessions/{made.json()['id']}"
    for what in ("start", "stop", "start"):
        assert (await company.admin.post(f"{url}/{what}")).status_code == 200
    page = await company.admin.get(f"{url}/history?limit=3")
    rest = await company.admin.get(f"{url}/history?cursor={page.headers['x-next-cursor']}")
    entries = [*page.json(), *rest.json()]
    assert [(e["kind"], e["status"], e["reason"], e["reasonCode"], e["count"]) for e in entries] == [
        ("status", "CONNECTED", None, None, 1),
        ("status", "CONNECTING", None, None, 1),
        ("status", "DISCONNECTED", "stopped", "stopped", 1),
        ("status", "CONNECTED", None, None, 1),
        ("status", "CONNECTING", None, None, 1),
    ]
    assert (await company.admin.get(f"{url}/history?cursor=x")).status_code == 400
    assert (await company.admin.get(f"/api/sessions/{uuid4()}/history")).status_code == 404


async def test_secrets_of_a_session_are_never_shown(company: Company) -> None:
    settings = {"phoneNumberId": "1065", "accessToken": "EAAtoken", "appSecret": "shh-app", "verifyToken": "shh-verify"}
    made = await company.admin.post("/api/sessions", {"name": "meta", "provider": "META", "settings": settings})
    assert made.status_code == 201, made.text
    assert made.json()["settings"]["phoneNumberId"] == "1065"
    for answer in (made, await company.admin.get(f"/api/sessions/{made.json()['id']}")):
        assert not any(secret in answer.text for secret in ("EAAtoken", "shh-app", "shh-verify"))
    agent = await company.agent()
    seen = (await agent.get(f"/api/sessions/{made.json()['id']}")).json()
    assert ("settings" in seen, seen["qrCode"]) == (False, None)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"provider": "SANDBOX"}, ["/name"]),
        ({"name": "x"}, ["/provider"]),
        ({"name": "x", "provider": "PIGEON"}, ["/provider"]),
        ({"name": "x", "provider": "SANDBOX", "sessionId": "init"}, ["/sessionId"]),
        ({"name": "x", "provider": "SANDBOX", "sessionId": "a b"}, ["/sessionId"]),
        ({"name": "x", "provider": "SANDBOX", "routing": "perhaps"}, ["/routing"]),
        ({"name": "x", "provider": "SANDBOX", "settings": {"what": 1}}, ["/settings/what"]),
    ],
)
async def test_a_bad_field_of_a_session_is_named(
    company: Company, body: dict[str, object], pointers: list[str]
) -> None:
    answer = await company.admin.post("/api/sessions", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_agents_do_not_manage_sessions(company: Company) -> None:
    agent, session = await company.agent(), await company.session()
    url = f"/api/sessions/{session['id']}"
    assert (await agent.post("/api/sessions", {"name": "x", "provider": "SANDBOX"})).status_code == 403
    for verb in ("start", "stop", "restart"):
        assert (await agent.post(f"{url}/{verb}")).status_code == 403
    assert (await agent.delete(url)).status_code == 403
    assert (await agent.get(url)).status_code == 200
    assert (await agent.get("/api/events")).status_code == 403
    assert (await agent.post(f"/sandbox/{session['id']}/messages", {"from": ANA, "text": "x"})).status_code == 403


async def test_an_agent_starts_a_conversation_and_the_customer_reads_it(company: Company) -> None:
    agent = await company.agent()
    session = await company.session(routing="none")
    body = {"sessionId": session["id"], "to": f"+{ANA}", "content": "Bom dia"}
    made = await agent.post("/api/conversations", body)
    assert made.status_code == 201
    conversation = made.json()
    assert set(conversation) == CONVERSATION_FIELDS
    assert (conversation["status"], conversation["assignedUserId"]) == ("ASSIGNED", agent.id)

    async def delivered() -> bool:
        return await company.phone(session, ANA) == ["Bom dia"]

    await eventually(delivered)
    whole = (await agent.get(f"/api/conversations/{conversation['id']}")).json()
    beside = {"lastMessage", "noteCount"}
    assert set(whole) == CONVERSATION_FIELDS | beside | {"contact", "messages", "nextCursor"}
    [message] = whole["messages"]
    assert set(message) == MESSAGE_FIELDS
    assert (message["direction"], message["content"], message["senderId"]) == ("OUTBOUND", "Bom dia", agent.id)


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"to": "nobody"}, 400, "/to"),
        ({"content": ""}, 400, "/content"),
        ({"content": "x" * 5000}, 400, "/content"),
        ({"content": "a\u0000b"}, 400, "/content"),
        ({"content": None}, 400, "/content"),
        ({"sessionId": "x"}, 400, "/sessionId"),
        ({"sessionId": str(uuid4())}, 400, "/sessionId"),
        ({"content": None, "template": {"name": "hello", "language": "pt_BR"}}, 422, None),
    ],
)
async def test_what_cannot_be_started_says_why(
    company: Company, change: dict[str, object], status: int, pointer: str | None
) -> None:
    session = await company.session(routing="none")
    body = {"sessionId": session["id"], "to": ANA, "content": "x", **change}
    answer = await company.admin.post("/api/conversations", body)
    assert answer.status_code == status, answer.text
    assert [error["pointer"] for error in answer.json().get("errors", [])] == ([pointer] if pointer else [])


async def test_a_send_is_accepted_and_its_key_gives_the_same_message(company: Company) -> None:
    conversation = await started(company)
    body = {"conversationId": conversation["id"], "content": "Olá"}
    key = {"Idempotency-Key": str(uuid4())}
    first = await company.admin.post("/api/messages/send", body, **key)
    assert first.status_code == 202
    assert set(first.json()) == MESSAGE_FIELDS
    assert (first.json()["status"], first.json()["type"]) == ("PENDING", "TEXT")
    second = await company.admin.post("/api/messages/send", body, **key)
    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    other = await company.admin.post("/api/messages/send", {**body, "content": "another"}, **key)
    assert other.status_code == 422
    nowhere = {**body, "conversationId": str(uuid4())}
    assert (await company.admin.post("/api/messages/send", nowhere)).status_code == 404
    message = first.json()["id"]
    for verb in ("retry", "fail"):
        assert (await company.admin.post(f"/api/messages/{message}/{verb}")).status_code == 409
        assert (await company.admin.post(f"/api/messages/{uuid4()}/{verb}")).status_code == 404


async def test_messages_are_paged_the_newest_first_and_ascending_inside(company: Company) -> None:
    conversation = await started(company)
    for number in range(4):
        body = {"conversationId": conversation["id"], "content": f"n{number}"}
        assert (await company.admin.post("/api/messages/send", body)).status_code == 202
    url = f"/api/conversations/{conversation['id']}/messages"
    newest = (await company.admin.get(url, limit=2)).json()
    assert [m["content"] for m in newest["messages"]] == ["n2", "n3"]
    older = (await company.admin.get(url, limit=2, cursor=newest["nextCursor"])).json()
    assert [m["content"] for m in older["messages"]] == ["n0", "n1"]
    oldest = (await company.admin.get(url, limit=2, cursor=older["nextCursor"])).json()
    assert [m["content"] for m in oldest["messages"]] == ["Bom dia"]
    assert "nextCursor" not in oldest
    for bad in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "nonsense"}):
        answer = await company.admin.get(url, **bad)
        assert answer.status_code == 400, bad
        assert [e["pointer"] for e in answer.json()["errors"]] == [f"/{next(iter(bad))}"]


async def test_conversations_are_listed_with_filters_and_a_cursor(company: Company) -> None:
    session = await company.session(routing="none")
    for number in range(3):
        body = {"sessionId": session["id"], "to": f"551198765432{number}", "content": "x"}
        assert (await company.admin.post("/api/conversations", body)).status_code == 201
    first = await company.admin.get("/api/conversations", limit=2)
    assert (first.status_code, len(first.json())) == (200, 2)
    rest = await company.admin.get("/api/conversations", limit=2, cursor=first.headers["x-next-cursor"])
    assert len(rest.json()) == 1
    assert "x-next-cursor" not in rest.headers
    ids = [c["id"] for c in [*first.json(), *rest.json()]]
    assert len(set(ids)) == 3
    for query, count in (
        ({"status": "ASSIGNED"}, 3),
        ({"status": "OPEN,RESOLVED"}, 0),
        ({"sessionId": session["id"]}, 3),
        ({"sessionId": str(uuid4())}, 0),
        ({"assignedUserId": company.admin.id}, 3),
        ({"departmentId": str(uuid4())}, 0),
        ({"search": "87654321"}, 1),
    ):
        found = await company.admin.get("/api/conversations", **query)
        assert (found.status_code, len(found.json())) == (200, count), query
    for bad in ({"status": "LOST"}, {"departmentId": "x"}, {"cursor": "x"}, {"limit": 1000}):
        assert (await company.admin.get("/api/conversations", **bad)).status_code == 400, bad


async def test_a_conversation_is_assigned_read_and_resolved(company: Company) -> None:
    agent, other = await company.agent(), await company.agent()
    conversation = await started(company)
    url = f"/api/conversations/{conversation['id']}"
    given = await company.admin.post(f"{url}/assign", {"userId": agent.id})
    assert (given.status_code, given.json()["assignedUserId"]) == (200, agent.id)
    assert given.json()["routingReason"]
    assert (await agent.post(f"{url}/assign")).json()["assignedUserId"] == agent.id
    assert (await other.get(url)).status_code == 404
    assert (await other.post(f"{url}/assign")).status_code == 404
    assert (await agent.post(f"{url}/assign", {"userId": other.id})).status_code == 403
    assert (await company.admin.post(f"{url}/assign", {"userId": str(uuid4())})).status_code == 400
    read = await agent.post(f"{url}/read")
    assert (read.status_code, read.json()["unreadCount"]) == (200, 0)
    done = await agent.post(f"{url}/resolve")
    assert (done.status_code, done.json()["status"], done.json()["lastAttendantId"]) == (200, "RESOLVED", agent.id)
    assert (await agent.post(f"{url}/resolve")).status_code == 409
    body = {"conversationId": conversation["id"], "content": "too late"}
    assert (await agent.post("/api/messages/send", body)).status_code == 409


async def test_who_had_a_conversation_is_listed_with_the_reasons(company: Company) -> None:
    agent, other = await company.agent(), await company.agent()
    conversation = await started(company)
    url = f"/api/conversations/{conversation['id']}"
    for user in (agent, other):
        await company.admin.post(f"{url}/assign", {"userId": user.id})
    listed = (await company.admin.get(f"{url}/assignments")).json()
    assert [one["userId"] for one in listed] == [company.admin.id, agent.id, other.id]
    assert {one["conversationId"] for one in listed} == {conversation["id"]}
    assert [one["unassignedAt"] is None for one in listed] == [False, False, True]
    assert [one["unassignedAt"] for one in listed[:2]] == [one["assignedAt"] for one in listed[1:]]
    assert all(one["reason"] for one in listed)
    await company.admin.post(f"{url}/resolve")
    ended = (await company.admin.get(f"{url}/assignments")).json()
    assert ended[-1]["unassignedAt"]
    first = await company.admin.get(f"{url}/assignments", limit=2)
    rest = await company.admin.get(f"{url}/assignments", limit=2, cursor=first.headers["x-next-cursor"])
    assert [*first.json(), *rest.json()] == ended
    assert (await agent.get(f"{url}/assignments")).status_code == 404
    assert (await company.admin.get(f"/api/conversations/{uuid4()}/assignments")).status_code == 404


async def test_the_log_is_read_by_position(company: Company) -> None:
    conversation = await started(company)

    async def there() -> bool:
        return len((await company.admin.get("/api/events")).json()) >= 4

    await eventually(there)
    events = (await company.admin.get("/api/events", limit=200)).json()
    assert set(events[0]) == {"id", "type", "position", "occurredAt", "tenantId", "sessionId", "data"}
    assert {event["tenantId"] for event in events} == {company.id}
    positions = [event["position"] for event in events]
    assert positions == sorted(set(positions))
    assert {"session.created", "session.connected", "conversation.opened"} <= {event["type"] for event in events}
    about = [e["data"]["conversation"]["id"] for e in events if e["type"] == "conversation.opened"]
    assert about == [conversation["id"]]
    page = await company.admin.get("/api/events", limit=2)
    rest = (await company.admin.get("/api/events", after=page.headers["x-next-cursor"], limit=200)).json()
    assert [*page.json(), *rest][: len(events)] == events
    assert (await company.admin.get("/api/events", after=-1)).status_code == 400


async def test_a_customer_is_routed_answered_and_everybody_concerned_hears_it(
    running: RunningHub, company: Company
) -> None:
    sales = await company.department("Vendas")
    await company.department("Suporte")
    agent = await company.agent(sales, "ONLINE")
    session = await company.session()
    async with running.listening(agent) as listener, running.listening(company.admin) as watcher:
        await company.customer_writes(session, ANA, "Oi", "Ana")
        conversation = await company.conversation(sessionId=session["id"])
        told = await watcher.hears("message-received", conversationId=conversation["id"])
        assert (told["message"]["content"], told["message"]["senderId"]) == ("Oi", None)
        assert isinstance(told["position"], int)

        async def menu() -> bool:
            return any("1 - Vendas" in text for text in await company.phone(session, ANA))

        await eventually(menu)
        await company.customer_writes(session, ANA, "vendas")
        assigned = await listener.hears("conversation-assigned")
        assert assigned["conversation"]["id"] == conversation["id"]
        assert assigned["conversation"]["assignedUserId"] == agent.id
        assert (await listener.hears("notification"))["userId"] == agent.id

        body = {"conversationId": conversation["id"], "content": "Em que posso ajudar?"}
        sent = (await agent.post("/api/messages/send", body)).json()
        told = await watcher.hears("message-sent", conversationId=conversation["id"])
        for status in ("SENT", "DELIVERED"):
            await listener.hears("message-status", messageId=sent["id"], status=status)
        assert (await company.phone(session, ANA))[-1] == "Em que posso ajudar?"
        assert (await agent.post(f"/api/conversations/{conversation['id']}/resolve")).status_code == 200
        await listener.hears("conversation-resolved")


async def test_nobody_free_is_a_queue_that_agents_hear_of(running: RunningHub, company: Company) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales)
    session = await company.session()
    async with running.listening(agent) as listener:
        await company.customer_writes(session, ANA, "Oi")
        await company.conversation(sessionId=session["id"])
        await company.customer_writes(session, ANA, "1")
        queued = await listener.hears("conversation-queued")
        assert queued["conversation"]["departmentId"] == sales["id"]
        queue = (await agent.get(f"/api/departments/{sales['id']}/queue")).json()
        assert [c["id"] for c in queue] == [queued["conversation"]["id"]]
        assert (await agent.patch("/api/users/me/status", {"status": "ONLINE"})).status_code == 200
        assert (await listener.hears("conversation-assigned"))["conversation"]["assignedUserId"] == agent.id


async def test_the_sandbox_is_for_sandbox_sessions(company: Company) -> None:
    settings = {"phoneNumberId": "1066", "accessToken": "x" * 20, "appSecret": "y" * 20, "verifyToken": "z" * 20}
    made = await company.admin.post("/api/sessions", {"name": "m", "provider": "META", "settings": settings})
    url = f"/sandbox/{made.json()['id']}/messages"
    assert (await company.admin.post(url, {"from": ANA, "text": "x"})).status_code == 409
    assert (await company.admin.post(f"/sandbox/{uuid4()}/messages", {"from": ANA, "text": "x"})).status_code == 404
    session = await company.session()
    url = f"/sandbox/{session['id']}/messages"
    for body, pointer in (
        ({"text": "x"}, "/from"),
        ({"from": ANA}, "/text"),
        ({"from": "nobody", "text": "x"}, "/from"),
        ({"from": ANA, "text": ""}, "/text"),
    ):
        answer = await company.admin.post(url, body)
        assert answer.status_code == 400, body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
