"""Contracts A to D, as a program with an API key uses them."""

from __future__ import annotations

from tests.walk.player import Person, Walk

SANDBOX = {"provider": "SANDBOX"}


async def play(w: Walk) -> None:
    program = w.people["program"]
    ear = await w.listen(program, "/whatsapp")
    await _agents(w, program)
    await _clients(w, program)
    await _instances(w, program)
    await _life(w, program)
    await w.settled()
    await w.tell(ear, "leave-session", {"sessionId": "cliente"})
    await w.tell(ear, "get-sessions")


async def _agents(w: Walk, program: Person) -> None:
    row, agent = "POST /whatsapp/{key}/sessions/init", {"key": "ia-1"}
    await w.ask(row, program, {**SANDBOX, "sessionId": "ia-numero"}, path=agent)
    await w.ask(row, program, {**SANDBOX, "sessionId": "ia-numero"}, "running", path=agent)
    await w.ask(row, program, {**SANDBOX, "sessionId": "a b"}, "bad key", path=agent)
    await w.ask(row, program, {"provider": "PIGEON"}, "no such provider", path=agent)
    send, body = "POST /whatsapp/{key}/send-message", {"to": "5511988880021", "message": "Olá"}
    await w.ask(send, program, body, path=agent, headers={"Idempotency-Key": "walk-2"})
    await w.ask(send, program, {**body, "message": "x"}, "another", path=agent, headers={"Idempotency-Key": "walk-2"})
    await w.ask(send, program, {"to": "ana", "message": "Olá"}, "no number", path=agent)
    await w.ask(send, program, {"to": "1203@g.us", "message": "Olá"}, "a group", path=agent)
    await w.ask(send, program, body, "no such key", path={"key": "nobody"})
    await w.settled()
    await w.ask("GET /whatsapp/{key}/status", program, path=agent)
    await w.ask("GET /whatsapp/{key}/status", program, note="nobody", path={"key": "nobody"})
    await w.ask("GET /debug/whatsapp/{key}/connection", program, path=agent)
    row = "DELETE /whatsapp/{key}/sessions/{session_id}"
    await w.ask(row, program, path={**agent, "session_id": "ia-numero"})
    await w.ask(row, program, note="logged out", path={**agent, "session_id": "ia-numero"}, query={"logout": "true"})
    await w.ask(row, program, note="nobody", path={**agent, "session_id": "nobody"})
    await w.ask("POST /whatsapp/{key}/send-message", program, body, "closed", path=agent)


async def _clients(w: Walk, program: Person) -> None:
    ear, row = w.ears[-1], "POST /whatsapp/session"
    await w.ask(row, program, {**SANDBOX, "sessionId": "cliente"})
    await w.ask(row, program, {**SANDBOX, "sessionId": "cliente"}, "running")
    await w.ask(row, program, {**SANDBOX, "sessionId": "send"}, "bad key")
    await w.tell(ear, "join-session", {"sessionId": "cliente"})
    await w.tell(ear, "join-session", {"sessionId": "nobody"}, "no session")
    await w.hears(ear, "status-change", sessionId="cliente")
    body = {"sessionId": "cliente", "to": "5511988880022", "message": "Olá"}
    await w.ask("POST /whatsapp/send", program, body)
    await w.ask("POST /whatsapp/send", program, {**body, "sessionId": "nobody"}, "no session")
    await w.ask("POST /whatsapp/send", program, {**body, "message": "x" * 4097}, "too long")
    await w.settled()
    sent = await w.tell(ear, "send-message", {**body, "message": "Por aqui", "idempotencyKey": "walk-3"})
    w.record.names.name(str(sent.get("messageId", "")), "message of a socket")
    await w.tell(ear, "send-message", {"sessionId": "cliente", "to": "5511988880022"}, "no text")
    await w.settled()
    write = {"from": "5511988880022", "name": "Eva", "text": "Oi"}
    [session] = [s for s in await w.look("/api/sessions") if s["sessionId"] == "cliente"]
    w.record.names.name(session["id"], "client session")
    await w.ask("POST /sandbox/{id}/messages", body=write, note="to a client", path={"id": session["id"]})
    await w.settled()
    await w.hears(ear, "message-received", sessionId="cliente")
    await w.tell(ear, "get-sessions", note="running")
    await w.ask("GET /whatsapp/sessions", program)
    await w.ask("GET /whatsapp/sessions", program, note="all", query={"all": "true", "limit": 2})
    await w.ask("GET /whatsapp/messages", program, query={"sessionId": "cliente", "limit": 1})
    await w.ask("GET /whatsapp/messages", program, note="all", query={"sessionId": "cliente"})
    await w.ask("GET /whatsapp/messages", program, note="no session")
    async with w.stream("GET /whatsapp/stream", program, "of a session", {"sessionId": "cliente"}):
        pass


async def _instances(w: Walk, program: Person) -> None:
    row = "POST /instances/create"
    body = {"user_id": "u1", "instance_name": "loja", "webhook_url": f"{w.site.receiver.url}/c", **SANDBOX}
    made = await w.ask(row, program, body)
    here = {"id": made.get("id", "")}
    w.record.names.name(here["id"], "instance")
    await w.ask(row, program, {**body, "instance_name": ""}, "bad name")
    await w.ask(row, program, {"user_id": "u1"}, "no name")
    await w.ask("GET /instances", program)
    await w.ask("GET /instances", program, note="a page", query={"limit": 1})
    await w.ask("GET /instances/{id}", program, path=here)
    await w.ask("GET /instances/{id}/qr", program, note="connected", path=here)
    await w.ask("POST /instances/{id}/restart", program, path=here)

    async def connected() -> bool:
        return bool((await w.look(f"/instances/{here['id']}")).get("connection_status") == "connected")

    await w.until(connected, "the instance is connected")
    await w.ask("POST /instances/{id}/send", program, {"number": "5511988880023", "message": "Olá"}, path=here)
    await w.ask("POST /instances/{id}/send", program, {"number": "x", "message": ""}, "bad", path=here)
    await w.settled()
    await w.ask("DELETE /instances/{id}", program, path=here)
    await w.ask("GET /instances/{id}", program, note="deleted", path=here)


async def _life(w: Walk, program: Person) -> None:
    row = "POST /whatsapp"
    made = await w.ask(row, program, {**SANDBOX, "sessionId": "vida"})
    w.record.names.name(made.get("id", ""), "life session")
    await w.ask(row, program, {**SANDBOX, "sessionId": "vida"}, "taken")
    await w.ask("GET /whatsapp/{key}/qr", program, note="none yet", path={"key": "vida"})
    await w.ask("POST /whatsapp/{key}/activate", program, path={"key": "vida"})

    async def connected() -> bool:
        return any(s["sessionId"] == "vida" and s["status"] == "CONNECTED" for s in await w.look("/api/sessions"))

    await w.until(connected, "the session is connected")
    await w.ask("POST /whatsapp/{key}/activate", program, note="again", path={"key": "vida"})
    await w.ask("GET /whatsapp/{key}/qr", program, note="connected", path={"key": "vida"})
