"""Every route that changes what a colleague sees of a conversation, a message or a contact is an event of the log, and
the colleague's socket hears it."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.integration.conftest import HAPPENED
from tests.integration.http.conftest import Company, Listener, Person, RunningHub, eventually
from tests.integration.http.test_audit_of_routes import changing_routes
from tests.integration.http.test_conversation_rights import FILE
from whatsapp_hub.adapters.contracts.events.data import DATA
from whatsapp_hub.adapters.contracts.events.socket_payloads import PAYLOADS
from whatsapp_hub.domain.events import EventType

ABOUT_CUSTOMERS = re.compile(r"\w+ /api/(conversations|messages|contacts)\b")

TOLD = {
    "POST /api/conversations": "conversation.opened",
    "POST /api/conversations/ask-for": "note.added",
    "PATCH /api/conversations/{id}": "conversation.updated",
    "PATCH /api/conversations/{id}/customer-name": "conversation.updated",
    "POST /api/conversations/{id}/notes": "note.added",
    "PATCH /api/conversations/{id}/notes/{note_id}": "note.edited",
    "DELETE /api/conversations/{id}/notes/{note_id}": "note.deleted",
    "POST /api/conversations/{id}/read": "conversation.read",
    "POST /api/conversations/bulk": "conversation.updated",
    "POST /api/messages/{id}/send-again": "message.queued",
    "POST /api/conversations/{id}/unread": "conversation.updated",
    "POST /api/conversations/{id}/snooze": "conversation.updated",
    "POST /api/conversations/{id}/assign": "conversation.assigned",
    "POST /api/conversations/{id}/unassign": "conversation.unassigned",
    "POST /api/conversations/{id}/transfer": "conversation.transferred",
    "POST /api/conversations/{id}/resolve": "conversation.resolved",
    "POST /api/conversations/{id}/archive": "conversation.archived",
    "POST /api/conversations/{id}/reopen": "conversation.reopened",
    "POST /api/conversations/{id}/handover": "conversation.handed_over",
    "POST /api/messages": "message.queued",
    "POST /api/messages/send": "message.queued",
    "DELETE /api/messages/scheduled/{id}": "conversation.updated",
    "POST /api/messages/send-media": "message.queued",
    "POST /api/messages/{id}/retry": "message.queued",
    "POST /api/messages/{id}/fail": "message.failed",
    "PATCH /api/contacts/{id}": "contact.updated",
    "POST /api/contacts/csv": "contact.updated",
    "POST /api/contacts/{id}/block": "contact.updated",
    "POST /api/contacts/{id}/unblock": "contact.updated",
    "POST /api/contacts/{id}/opt-out": "contact.updated",
    "POST /api/contacts/{id}/opt-in": "contact.updated",
    "POST /api/contacts/{id}/merge": "contact.merged",
    "POST /api/contacts/{id}/split": "contact.updated",
    "POST /api/contacts/{id}/erase": "contact.erased",
}
SILENT = {"POST /api/contacts/{id}/export": "changes nothing that anybody sees"}
ELSEWHERE = {"POST /api/conversations/{id}/take-thread": "needs a number of Meta's: hub/test_threads.py"}


class Teller:
    """Makes calls, and remembers which events each was followed by, and at which positions."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._seen = 0

    async def __call__(
        self, method: str, path: str, body: object = None, by: Person | None = None, **of: str
    ) -> dict[str, Any]:
        await self._read()
        person, name = by or self.company.admin, f"{method} {path}"
        asked = {"data": body, "files": FILE} if path.endswith("-media") else {"json": body}
        answer = await person.http.request(method, path.format(**of), headers=person.headers, **asked)  # type: ignore[arg-type]
        assert answer.status_code < 300, (name, answer.text)

        async def told() -> bool:
            self.events[name] += await self._read()
            return name in SILENT or TOLD[name] in [event["type"] for event in self.events[name]]

        await eventually(told)
        return dict(answer.json()) if answer.content else {}

    async def table(self, text: str) -> None:
        name = "POST /api/contacts/csv"
        admin = self.company.admin
        answer = await admin.http.post("/api/contacts/csv", content=text, headers=admin.headers)
        assert answer.status_code == 200, answer.text

        async def told() -> bool:
            self.events[name] += await self._read()
            return TOLD[name] in [event["type"] for event in self.events[name]]

        await eventually(told)

    async def _read(self) -> list[dict[str, Any]]:
        found = (await self.company.admin.get("/api/events", after=self._seen, limit=200)).json()
        self._seen = max([self._seen, *(event["position"] for event in found)])
        return list(found)


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def _unread(company: Company, session: dict[str, Any], phone: str) -> dict[str, Any]:
    await company.customer_writes(session, phone, "Oi", "Ana")
    return await company.conversation(sessionId=session["id"])


async def _of_a_conversation(call: Teller, company: Company) -> str:
    sales = await company.department()
    session = await company.session(routing="none")
    conversation = await _unread(company, session, "5511988887777")
    of = {"id": conversation["id"]}
    await call("POST", "/api/conversations/{id}/read", **of)
    await call("POST", "/api/conversations/{id}/unread", **of)
    await call("POST", "/api/conversations/{id}/snooze", {"until": tomorrow()}, **of)
    await call("POST", "/api/conversations/bulk", {"action": "classify", "ids": [of["id"]], "addLabels": ["b"]})
    await call("POST", "/api/conversations/{id}/assign", {}, **of)
    await call("POST", "/api/conversations/{id}/unassign", **of)
    await call("PATCH", "/api/conversations/{id}", {"labels": ["a"], "priority": "HIGH"}, **of)
    await call("PATCH", "/api/conversations/{id}/customer-name", {"name": "Bia"}, **of)
    note = await call("POST", "/api/conversations/{id}/notes", {"content": "n"}, **of)
    await call("PATCH", "/api/conversations/{id}/notes/{note_id}", {"content": "m"}, **of, note_id=note["id"])
    await call("DELETE", "/api/conversations/{id}/notes/{note_id}", **of, note_id=note["id"])
    await call("POST", "/api/messages/send", {"conversationId": of["id"], "content": "x"})
    later = {"conversationId": of["id"], "content": "x", "sendAt": tomorrow()}
    waits = (await company.admin.post("/api/messages/send", later)).json()
    await call("DELETE", "/api/messages/scheduled/{id}", id=waits["id"])
    text = {"kind": "text", "text": "x"}
    await call("POST", "/api/messages", {"conversationId": of["id"], "content": text})
    await call("POST", "/api/messages/send-media", {"conversationId": of["id"]})
    await call("POST", "/api/conversations/{id}/transfer", {"departmentId": sales["id"]}, **of)
    asked = {"sessionId": session["id"], "to": "5511988887777"}
    await call("POST", "/api/conversations/ask-for", asked, by=await company.agent(await company.department()))
    for verb in ("resolve", "reopen", "archive"):
        await call("POST", f"/api/conversations/{{id}}/{verb}", **of)
    started = {"sessionId": session["id"], "to": "5511944443333", "content": "Oi"}
    await call("POST", "/api/conversations", started)
    return str(conversation["contactId"])


async def _of_messages(call: Teller, company: Company, owner: Any) -> None:
    session = await company.session(routing="none")
    conversation = await _unread(company, session, "5511922221111")
    for verb in ("retry", "fail"):
        body = {"conversationId": conversation["id"], "content": verb}
        message = (await company.admin.post("/api/messages/send", body)).json()

        async def is_sent(id: str = message["id"]) -> bool:
            row = await owner.fetchval("SELECT status FROM pooled.messages WHERE id = $1::text::uuid", id)
            return str(row) != "PENDING"

        await eventually(is_sent)
        await owner.execute(
            "UPDATE pooled.messages SET status = 'PENDING', outcome = 'unknown' WHERE id = $1::text::uuid",
            message["id"],
        )
        await call("POST", f"/api/messages/{{id}}/{verb}", id=message["id"])
    await call("POST", "/api/messages/{id}/send-again", id=message["id"])


async def _of_a_bot(call: Teller, company: Company) -> None:
    bots = await company.session()
    bot = {"url": "http://127.0.0.1:9/bot"}
    put = await company.admin.http.put(f"/api/sessions/{bots['id']}/bot", json=bot, headers=company.admin.headers)
    assert put.status_code == 200, put.text
    theirs = await _unread(company, bots, "5511977776666")
    await call("POST", "/api/conversations/{id}/handover", {"note": "quer o boleto"}, id=theirs["id"])


async def _of_a_contact(call: Teller, company: Company, contact_id: str) -> None:
    await call("PATCH", "/api/contacts/{id}", {"name": "Ana Souza"}, id=contact_id)
    await call.table("phone,name\n+5511966663333,Caio\n")
    await call("POST", "/api/contacts/{id}/block", id=contact_id)
    await call("POST", "/api/contacts/{id}/unblock", id=contact_id)
    await call("POST", "/api/contacts/{id}/opt-out", id=contact_id)
    await call("POST", "/api/contacts/{id}/opt-in", id=contact_id)
    [other] = (await company.admin.get("/api/contacts", search="5511977776666")).json()
    await call("POST", "/api/contacts/{id}/merge", {"contactId": other["id"]}, id=contact_id)
    await call("POST", "/api/contacts/{id}/split", {"identities": other["identities"]}, id=contact_id)


async def test_nothing_that_a_colleague_sees_changes_in_silence(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    call, colleague = Teller(company), await running.person(company.admin, "ADMIN")
    async with running.listening(colleague) as listener:
        contact_id = await _of_a_conversation(call, company)
        await _of_messages(call, company, hub_owner)
        await _of_a_bot(call, company)
        await _of_a_contact(call, company, contact_id)
        await call("POST", "/api/contacts/{id}/export", id=contact_id)
        await call("POST", "/api/contacts/{id}/erase", {"confirm": contact_id}, id=contact_id)
        routes = {route for route in await changing_routes(running) if ABOUT_CUSTOMERS.match(route)}
        assert routes == TOLD.keys() | SILENT.keys() | ELSEWHERE.keys()
        assert call.events.keys() == TOLD.keys() | SILENT.keys()
        for route, events in call.events.items():
            await _heard(listener, route, events)
    assert "note.added" in {event["type"] for event in call.events["POST /api/conversations/{id}/handover"]}
    rows = await hub_owner.fetch(f"SELECT type, body FROM {HAPPENED} WHERE tenant_id = $1::text::uuid", company.id)
    for row in rows:
        assert msgspec.json.encode(msgspec.json.decode(row["body"], type=DATA[EventType(row["type"])])) == row["body"]
    for name, data in listener.heard:
        assert msgspec.to_builtins(msgspec.convert(data, PAYLOADS[name], strict=False)) == data


async def _heard(listener: Listener, route: str, events: list[dict[str, Any]]) -> None:
    for event in events:
        if event["type"] == TOLD.get(route):
            async with asyncio.timeout(10):
                while event["position"] not in {data.get("position") for _, data in listener.heard}:
                    await asyncio.sleep(0.01)


async def _says(listener: Listener, name: str, **like: object) -> dict[str, Any]:
    data = await listener.hears(name, **like)
    assert isinstance(data.pop("position"), int)
    return data


async def test_changes_of_a_conversation_reach_those_who_may_see_it_alone(
    running: RunningHub, company: Company
) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    seller, helper = await company.agent(sales, "ONLINE"), await company.agent(support)
    stranger = (await running.company()).admin
    session = await company.session(routing="departments")
    await company.customer_writes(session, "5511988887777", "Oi", "Ana")
    await company.customer_writes(session, "5511988887777", "1")
    conversation = await company.conversation(sessionId=session["id"], status="ASSIGNED")
    path = f"/api/conversations/{conversation['id']}"
    async with (
        running.listening(seller) as own,
        running.listening(helper) as foreign,
        running.listening(stranger) as far,
    ):
        shown = (await company.admin.patch(path, {"labels": ["vip"], "priority": "HIGH"})).json()
        assert await _says(own, "conversation-changed") == {"conversation": shown, "reason": "updated"}
        shown = (await seller.post(f"{path}/read")).json()
        assert await _says(own, "conversation-changed", reason="read") == {"conversation": shown, "reason": "read"}
        note = (await seller.post(f"{path}/notes", {"content": "paga amanhã"})).json()
        assert await _says(own, "note-added") == {"conversationId": conversation["id"], "note": note}
        changed = (await seller.patch(f"{path}/notes/{note['id']}", {"content": "pagou"})).json()
        assert await _says(own, "note-edited") == {"conversationId": conversation["id"], "note": changed}
        assert (await seller.delete(f"{path}/notes/{note['id']}")).status_code == 204
        assert await _says(own, "note-deleted") == {"conversationId": conversation["id"], "noteId": note["id"]}
        assert (await company.admin.post(f"{path}/transfer", {"departmentId": support["id"]})).status_code == 200
        await foreign.hears("conversation-transferred")
        assert not {"conversation-changed", "note-added", "note-edited", "note-deleted"} & {
            name for name, _ in foreign.heard
        }
        assert far.heard == []


async def test_a_second_read_or_the_same_labels_tell_nothing(company: Company) -> None:
    session = await company.session(routing="none")
    conversation = await _unread(company, session, "5511988887777")
    path = f"/api/conversations/{conversation['id']}"
    for _ in range(2):
        assert (await company.admin.post(f"{path}/read")).status_code == 200
        assert (await company.admin.patch(path, {"labels": ["vip"]})).status_code == 200
    events = [e for e in await _logged(company.admin) if e["type"] in ("conversation.read", "conversation.updated")]
    assert [e["type"] for e in events] == ["conversation.read", "conversation.updated"]
    assert [e["data"].get("changed", e["data"].get("userId")) for e in events] == [company.admin.id, ["labels"]]


async def test_contacts_and_states_of_sessions_reach_those_who_may_read_them(
    running: RunningHub, company: Company
) -> None:
    agent, stranger = await company.agent(), (await running.company()).admin
    session = await company.session(routing="none")
    async with (
        running.listening(company.admin) as admin,
        running.listening(agent) as own,
        running.listening(stranger) as far,
    ):
        await company.customer_writes(session, "5511988887777", "Oi", "Ana")
        changed = await _says(admin, "contact-changed")
        shown = (await company.admin.get(f"/api/contacts/{changed['contact']['id']}")).json()
        assert changed == {"contact": {name: value for name, value in shown.items() if name != "providerBlocks"}}
        assert (await company.admin.post(f"/api/sessions/{session['id']}/stop")).status_code == 200
        state = {"sessionId": session["id"], "status": "DISCONNECTED", "statusReason": "stopped"}
        for one in (admin, own):
            assert await _says(one, "session-changed") == state
        assert "contact-changed" not in {name for name, _ in own.heard}
        assert far.heard == []


async def _logged(person: Person) -> list[dict[str, Any]]:
    return list((await person.get("/api/events", after=0, limit=200)).json())
