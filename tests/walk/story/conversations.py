"""A customer writes, is routed and answered, while sockets listen."""

from __future__ import annotations

import base64
from typing import Any

from tests.walk.player import Ear, Walk

BEA, CAIO, DORA, SILENT = "5511988880011", "5511988880012", "5511988880013", "99900000002"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ROW = "/api/conversations"


async def play(w: Walk) -> None:
    admin, rita = await w.listen(w.admin), await w.listen(w.people["Rita"])
    await w.hears(admin, "connected")
    await w.hears(rita, "connected")
    await _socket_events(w, admin, rita)
    await _arrives(w)
    await _reads(w)
    await _works(w, rita)
    await _moves(w)
    await _begins(w)
    await _bot(w)
    await _ends(w)


async def writes(w: Walk, phone: str, text: str, name: str = "Bea") -> None:
    """A customer's text in the sandbox, and all that follows from it."""
    body = {"from": phone, "name": name, "text": text}
    await w.ask("POST /sandbox/{id}/messages", body=body, note=f"{name}: {text}", path={"id": w.ids["sandbox"]})
    await w.settled()


async def of(w: Walk, phone: str, name: str) -> str:
    """Find and name a customer's newest conversation."""

    async def newest() -> Any:
        found = await w.look(ROW, search=phone)
        return max(found, key=lambda one: one["createdAt"], default=None)

    found = await w.until(newest, f"a conversation of {phone}")
    w.ids[name] = found["id"]
    w.record.names.name(found["id"], name)
    w.record.names.name(found["contactId"], f"contact {phone}")
    return str(found["id"])


async def _socket_events(w: Walk, admin: Ear, rita: Ear) -> None:
    await w.tell(admin, "join-company", {"companyId": w.ids["company"]})
    await w.tell(rita, "join-company", {"companyId": w.ids["other company"]}, "another")
    await w.tell(rita, "heartbeat")
    await w.tell(rita, "agent-status", {"status": "BUSY"})
    await w.tell(rita, "agent-status", {"status": "AWAY"}, "bad")
    await w.tell(rita, "agent-status", {"status": "ONLINE"}, "ready")
    await w.tell(admin, "subscribe:session", {"sessionId": "balcao"})
    await w.tell(admin, "subscribe:session", {"agentId": "nobody"}, "no agent")
    await w.tell(rita, "subscribe:session", {"sessionId": "balcao"}, "as an agent")
    await w.hears(admin, "subscribed")


async def _arrives(w: Walk) -> None:
    await writes(w, BEA, "Oi")
    await writes(w, BEA, "não sei")
    await writes(w, BEA, "1")
    await writes(w, BEA, "Preciso de ajuda, é urgente")
    await of(w, BEA, "Bea's conversation")
    await w.ask("GET /sandbox/{id}/phones/{phone}/messages", path={"id": w.ids["sandbox"], "phone": BEA})
    await w.ask(
        "POST /sandbox/{id}/messages", body={"from": "x", "text": ""}, note="bad", path={"id": w.ids["sandbox"]}
    )


async def _reads(w: Walk) -> None:
    here, rita = {"id": w.ids["Bea's conversation"]}, w.people["Rita"]
    await w.ask(f"GET {ROW}", rita)
    await w.ask(f"GET {ROW}", w.people["Paulo"], note="nothing")
    for note, query in (
        *(("some", {"status": "ASSIGNED", "departmentId": w.ids["Vendas"], "limit": 1}), ("bad", {"status": "NOPE"})),
        *(("mine, waiting", {"view": "mine", "sort": "waiting"}), ("bad view", {"view": "nope"})),
        *(
            ("unread of a label", {"view": "all", "unread": "true", "label": "vip"}),
            ("bad sort", {"sort": "due", "status": "RESOLVED"}),
        ),
        *(("breached", {"breached": "true"}), ("found", {"search": "Bea", "sessionId": w.ids["sandbox"]})),
    ):
        await w.ask(f"GET {ROW}", note=note, query=query)
    await w.ask(f"GET {ROW}/counts", rita)
    await w.ask(f"GET {ROW}/{{id}}/copy", rita, note="to keep", path=here, query={"format": "json", "notes": "true"})
    await w.ask(f"GET {ROW}/{{id}}/copy", w.people["Paulo"], note="out of sight", path=here)
    await w.ask(f"POST {ROW}/ask-for", w.people["Paulo"], {"sessionId": w.ids["sandbox"], "to": BEA})
    await w.ask(f"POST {ROW}/ask-for", rita, {"sessionId": w.ids["sandbox"], "to": BEA}, "her own")
    await w.ask(f"GET {ROW}/{{id}}", rita, path=here)
    await w.ask(f"GET {ROW}/{{id}}", w.people["Paulo"], note="out of sight", path=here)
    first = await w.ask(f"GET {ROW}/{{id}}/messages", rita, path=here, query={"limit": 2})
    query = {"limit": 2, "cursor": first.get("nextCursor")}
    await w.ask(f"GET {ROW}/{{id}}/messages", rita, note="older", path=here, query=query)
    middle = {"around": first["messages"][0]["id"], "limit": 2}
    around = await w.ask(f"GET {ROW}/{{id}}/messages", rita, note="around one", path=here, query=middle)
    onwards = {"after": around["messages"][-1]["seq"]}
    await w.ask(f"GET {ROW}/{{id}}/messages", rita, note="onwards", path=here, query=onwards)
    await w.ask(f"GET {ROW}/{{id}}/assignments", rita, path=here)
    await w.ask("GET /api/messages/search", rita, query={"query": "ajuda"})
    await w.ask("GET /api/messages/search", rita, note="in one", query={"query": "nada", "conversationId": here["id"]})
    await w.ask("GET /api/messages/search", rita, note="bad")
    raw = {"id": around["messages"][0]["id"]}
    await w.ask("GET /api/messages/{id}/raw", path=raw)
    await w.ask("GET /api/messages/{id}/raw", rita, note="as an agent", path=raw)


async def _works(w: Walk, ear: Ear) -> None:
    rita, id = w.people["Rita"], w.ids["Bea's conversation"]
    here = {"id": id}
    await w.tell(ear, "join-conversation", {"conversationId": id})
    await w.tell(w.ears[0], "join-conversation", {"conversationId": id})
    await w.tell(ear, "typing", {"conversationId": id, "typing": True})
    await w.hears(w.ears[0], "typing")
    await w.tell(ear, "join-conversation", {"conversationId": "nonsense"}, "bad")
    await w.ask(f"POST {ROW}/{{id}}/read", rita, path=here)
    once, body = {"Idempotency-Key": "walk-1"}, {"conversationId": id, "content": "Olá Bea, em que posso ajudar?"}
    await w.ask("POST /api/messages/send", rita, body, headers=once)
    await w.settled()  # the repeated answer shows the message as it is by then
    await w.ask("POST /api/messages/send", rita, body, "the same", headers=once)
    await w.ask("POST /api/messages/send", rita, {**body, "content": "Outra"}, "another", headers=once)
    await w.ask("POST /api/messages/send", rita, {**body, "content": ""}, "empty")
    place = {"kind": "location", "latitude": -23.55, "longitude": -46.63, "name": "Praça da Sé"}
    await w.ask("POST /api/messages", rita, {"conversationId": body["conversationId"], "content": place})
    await w.ask("POST /api/messages", rita, {**body, "content": {"kind": "poll", "question": "Quando?"}}, "incomplete")
    await w.settled()
    form, files = {"conversationId": id, "caption": "Veja"}, {"file": ("a.png", PNG, "image/png")}
    sent = await w.ask("POST /api/messages/send-media", rita, data=form, files=files)
    await w.ask("POST /api/messages/send-media", rita, note="no file", data=form)
    later = {"conversationId": here["id"], "content": "Até amanhã", "sendAt": "2027-06-01T12:00:00Z"}
    waits = await w.ask("POST /api/messages/send", rita, later, "later")
    await w.ask("GET /api/messages/scheduled", rita, query={"conversationId": here["id"]})
    await w.ask("DELETE /api/messages/scheduled/{id}", rita, path={"id": waits["id"]})
    bad = {"file": ("a.exe", b"MZ", "application/x-msdownload")}
    await w.ask("POST /api/messages/send-media", rita, note="bad file", data=form, files=bad)
    await w.settled()
    media = (sent.get("mediaUrl") or "").rsplit("/")[-1]
    await w.ask("GET /api/media/{id}", rita, path={"id": media})
    await w.ask("GET /api/media/{id}", w.people["Paulo"], note="out of sight", path={"id": media})
    await w.ask("GET /api/media/{id}/thumbnail", rita, path={"id": media})
    link = await w.ask("POST /api/media/{id}/link", rita, path={"id": media})
    await w.ask("GET /api/media/links/{token}", rita, path={"token": (link.get("url") or "").rpartition("/")[2]})
    await w.ask("GET /api/media/links/{token}", rita, note="no such link", path={"token": "x"})
    await w.ask(f"POST {ROW}/{{id}}/notes", rita, {"content": "Cliente antiga"}, path=here, keep="note")
    await w.ask(f"POST {ROW}/{{id}}/notes", rita, {"content": ""}, "empty", path=here)
    await w.ask(f"GET {ROW}/{{id}}/notes", rita, path=here)
    mentions = [w.people["Rita"].id, w.people["Paulo"].id]
    await w.ask(
        f"POST {ROW}/{{id}}/notes", rita, {"content": "@Paulo", "mentions": mentions}, "out of sight", path=here
    )
    one = {**here, "note_id": w.ids["note"]}
    await w.ask(
        f"PATCH {ROW}/{{id}}/notes/{{note_id}}", rita, {"content": "Antiga", "mentions": mentions[:1]}, path=one
    )
    await w.ask(f"PATCH {ROW}/{{id}}/notes/{{note_id}}", body={"content": "no"}, note="somebody else's", path=one)
    await w.ask(f"DELETE {ROW}/{{id}}/notes/{{note_id}}", rita, path=one)
    await w.ask(f"DELETE {ROW}/{{id}}/notes/{{note_id}}", rita, note="again", path=one)
    await w.ask(f"PATCH {ROW}/{{id}}", rita, {"priority": "URGENT", "labels": ["vip", "novo"]}, path=here)
    await w.ask(f"PATCH {ROW}/{{id}}/customer-name", rita, {"name": "Beatriz"}, path=here)
    reply = {"id": w.ids["quick reply"]}
    await w.ask("POST /api/quick-replies/{id}/fill", rita, {"conversationId": id}, path=reply)
    await w.settled()


async def _moves(w: Walk) -> None:
    rita, here = w.people["Rita"], {"id": w.ids["Bea's conversation"]}
    await w.ask(f"POST {ROW}/{{id}}/assign", rita, {"userId": w.ids["Paulo"]}, "to another", path=here)
    await w.ask(f"POST {ROW}/{{id}}/unassign", rita, path=here)
    await w.settled()
    await w.ask(f"POST {ROW}/{{id}}/assign", body={"userId": w.ids["Rita"]}, path=here)
    await w.settled()
    await w.ask(f"POST {ROW}/{{id}}/transfer", rita, {"departmentId": w.ids["Suporte"]}, path=here)
    await w.settled()
    await w.ask("GET /api/departments/{id}/queue", note="somebody waits", path={"id": w.ids["Suporte"]})
    await w.ask(f"GET {ROW}/{{id}}/assignments", note="several", path=here)
    paulo = w.people["Paulo"]
    await w.ask("PATCH /api/users/me/status", paulo, {"status": "ONLINE"}, "takes from the queue")
    await w.settled()
    await w.ask(f"GET {ROW}/{{id}}", paulo, note="taken", path=here)
    notified = await w.ask("GET /api/notifications", paulo)
    one = notified[0]["id"] if isinstance(notified, list) and notified else ""
    await w.ask("POST /api/notifications/{id}/read", paulo, path={"id": one})
    await w.ask("GET /api/notifications", paulo, note="unread", query={"unread": "true"})
    await w.ask("POST /api/notifications/read", paulo)


async def _begins(w: Walk) -> None:
    paulo, row = w.people["Paulo"], f"POST {ROW}"
    body = {"sessionId": w.ids["sandbox"], "to": f"+{CAIO}", "content": "Olá Caio"}
    await w.ask(row, paulo, body)
    await w.ask(row, paulo, {**body, "to": "nobody"}, "no number")
    await w.ask(row, paulo, {"sessionId": w.ids["sandbox"], "to": CAIO}, "nothing to say")
    template = {"name": "hello", "language": "pt_BR", "components": []}
    await w.ask(row, paulo, {"sessionId": w.ids["sandbox"], "to": CAIO, "template": template}, "a template")
    await w.settled()
    await of(w, CAIO, "Caio's conversation")
    await w.ask(row, paulo, {**body, "to": SILENT, "content": "Oi?"}, "no answer ever")
    await w.settled()
    await of(w, SILENT, "a silent conversation")
    lost = await _message(w, "a silent conversation", "Oi?")
    await w.ask("POST /api/messages/{id}/retry", path={"id": lost})
    await w.settled()
    await w.ask("POST /api/messages/{id}/fail", path={"id": lost})
    await w.ask("POST /api/messages/{id}/fail", note="again", path={"id": lost})
    await w.ask("POST /api/messages/{id}/retry", note="too late", path={"id": lost})
    await w.ask(row, paulo, {**body, "to": "99900000001", "content": "Oi!"}, "rejected")
    await w.settled()
    await of(w, "99900000001", "a refused conversation")
    refused = await _message(w, "a refused conversation", "Oi!")
    await w.ask("POST /api/messages/{id}/send-again", paulo, path={"id": refused})
    await w.settled()
    sent = await _message(w, "Caio's conversation", "Olá Caio")
    await w.ask("POST /api/messages/{id}/send-again", paulo, note="not failed", path={"id": sent})


async def _message(w: Walk, conversation: str, text: str) -> str:
    shown = await w.look(f"{ROW}/{w.ids[conversation]}/messages")
    return str(next((m["id"] for m in shown["messages"] if m["content"] == text), ""))


async def _bot(w: Walk) -> None:
    session = {"id": w.ids["sandbox"]}
    body = {"url": f"{w.site.receiver.url}/bot", "departmentId": w.ids["Suporte"], "answerWithinMinutes": 2}
    await w.ask("PUT /api/sessions/{id}/bot", body={"url": "x"}, note="bad", path=session)
    await w.ask("PUT /api/sessions/{id}/bot", body=body, path=session)
    await writes(w, DORA, "Oi robô", "Dora")
    here = {"id": await of(w, DORA, "Dora's conversation")}
    await w.ask(
        "POST /api/messages/send", w.people["program"], {"conversationId": here["id"], "content": "Bip"}, "as bot"
    )
    await w.settled()
    await w.ask(f"POST {ROW}/{{id}}/handover", body={"note": "quer gente"}, path=here)
    await w.settled()
    await w.ask(f"POST {ROW}/{{id}}/handover", note="again", path=here)
    await w.ask("GET /api/sessions/{id}", note="with a bot", path=session)
    await w.ask("DELETE /api/sessions/{id}/bot", path=session)
    await w.ask("PATCH /api/sessions/{id}", body={"routing": "departments"}, note="again", path=session)


async def _ends(w: Walk) -> None:
    paulo, here = w.people["Paulo"], {"id": w.ids["Bea's conversation"]}
    await w.ask(f"POST {ROW}/{{id}}/unread", paulo, path=here)
    await w.ask(f"POST {ROW}/{{id}}/snooze", paulo, {"until": None}, path=here)
    await w.ask(f"POST {ROW}/{{id}}/snooze", paulo, {"until": "2020-01-01T00:00:00Z"}, "the past", path=here)
    await w.ask(f"GET {ROW}/{{id}}/events", paulo, path=here, query={"limit": 3})
    await w.ask("GET /api/labels", paulo)
    await w.ask(f"POST {ROW}/bulk", paulo, {"action": "read", "ids": [here["id"]]})
    await w.ask(f"POST {ROW}/bulk", paulo, {"action": "dance", "ids": [here["id"]]}, "unknown")
    await w.ask(f"POST {ROW}/{{id}}/resolve", paulo, {"reason": "Sold"}, "no such reason", path=here)
    await w.ask(f"POST {ROW}/{{id}}/resolve", paulo, path=here)
    await w.settled()
    await w.ask(f"POST {ROW}/{{id}}/resolve", paulo, note="again", path=here)
    await w.ask(f"POST {ROW}/{{id}}/reopen", paulo, path=here)
    await w.settled()
    await w.ask(f"POST {ROW}/{{id}}/archive", paulo, path=here)
    await w.ask("POST /api/messages/send", paulo, {"conversationId": here["id"], "content": "Oi"}, "archived")
    await w.settled()
    await w.tell(w.ears[1], "leave-conversation", {"conversationId": here["id"]})
    await w.tell(w.ears[0], "unsubscribe:session", {"sessionId": "balcao"})
    await writes(w, BEA, "Voltei")
    await of(w, BEA, "Bea's second conversation")
    await w.ask("GET /api/contacts")
    await w.ask("GET /api/contacts", note="found", query={"search": "Bea", "limit": 1})
    [found, *_] = await w.look("/api/contacts", search=BEA)
    one = {"id": found["id"]}
    await w.ask("GET /api/contacts/{id}", path=one)
    await w.ask("GET /api/contacts/{id}/conversations", path=one)
    await w.ask("PATCH /api/contacts/{id}", body={"labels": ["vip"], "fields": {"cidade": "Recife"}}, path=one)
    table = "phone,name,cidade\n+55 11 96666-3333,Caio,Recife\n"
    await w.ask("POST /api/contacts/csv", content=table)
    await w.ask("POST /api/contacts/csv", note="no phone", content="name\nCaio\n")
    await w.ask("GET /api/contacts/csv", query={"search": "Caio"})
    await w.ask("POST /api/contacts/{id}/block", path=one)
    await w.ask("POST /api/contacts/{id}/unblock", path=one)
    await w.ask("POST /api/contacts/{id}/opt-out", path=one)
    await w.ask("POST /api/contacts/{id}/opt-in", path=one)
    [other, *_] = [c for c in await w.look("/api/contacts") if c["id"] != one["id"] and not c["isGroup"]]
    await w.ask("POST /api/contacts/{id}/merge", body={"contactId": other["id"]}, path=one)
    await w.ask("POST /api/contacts/{id}/split", body={"identities": other["identities"]}, path=one)
