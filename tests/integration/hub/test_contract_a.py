"""Contract A, sessions owned by AI agents: codes and bodies as CONTRACTS spell them."""

from __future__ import annotations

from uuid import UUID, uuid4

from tests.integration.http.conftest import Company, eventually
from tests.integration.hub.programs import Program, a_key, a_scannable_session, is_problem, program, shown_picture
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]


async def opened(program: Program, agent: str, **body: object) -> dict[str, str]:
    answer = await program.post(f"/whatsapp/{agent}/sessions/init", {"provider": "SANDBOX", **body})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_init_starts_a_session_of_the_agent(program: Program) -> None:
    agent, key = a_key("agent"), a_key()
    made = await opened(program, agent, sessionId=key)
    assert made == {"sessionId": key, "agentId": agent, "status": "CONNECTED", "qrCode": None}
    [session] = (await program.get("/api/sessions")).json()
    assert (session["routing"], session["agentId"], session["isActive"]) == ("none", agent, True)


async def test_init_without_a_session_id_makes_one_up(program: Program) -> None:
    agent = a_key("agent")
    first, second = await opened(program, agent), await opened(program, agent)
    assert first["sessionId"] != second["sessionId"]
    assert (await program.delete(f"/whatsapp/{agent}/sessions/{first['sessionId']}")).status_code == 204
    again = await opened(program, agent)
    assert again["sessionId"] == first["sessionId"]


async def test_init_takes_no_body_at_all(program: Program) -> None:
    answer = await program.post(f"/whatsapp/{a_key('agent')}/sessions/init")
    assert answer.status_code in (202, 400)  # WHATSAPP_PROVIDER is NEONIZE, which this hub may not have
    if answer.status_code == 400:
        assert is_problem(answer, 400, "/provider")


async def test_init_refuses_what_it_cannot_take(program: Program) -> None:
    agent, key = a_key("agent"), a_key()
    await opened(program, agent, sessionId=key)
    assert is_problem(await program.post(f"/whatsapp/{agent}/sessions/init", {"sessionId": key}), 409)
    other = await program.post(f"/whatsapp/{a_key('agent')}/sessions/init", {"sessionId": key})
    assert is_problem(other, 409)
    for bad in ("a b", "stream", "x" * 129, ""):
        answer = await program.post(f"/whatsapp/{agent}/sessions/init", {"sessionId": bad, "provider": "SANDBOX"})
        assert is_problem(answer, 400, "/sessionId"), bad
    answer = await program.post("/whatsapp/a%20b/sessions/init", {"provider": "SANDBOX"})
    assert is_problem(answer, 400, "/agentId")
    answer = await program.post(f"/whatsapp/{agent}/sessions/init", {"provider": "PIGEON", "sessionId": a_key()})
    assert is_problem(answer, 400, "/provider")


async def test_a_session_that_waits_for_its_scan_is_loading(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    status = (await program.get(f"/whatsapp/{session['agentId']}/status")).json()
    assert [s["status"] for s in status["sessions"]] == ["LOADING_QR"]
    world.waha.after_start = "SCAN_QR_CODE"
    try:
        again = await program.post(f"/whatsapp/{session['agentId']}/sessions/init", {"sessionId": session["sessionId"]})
    finally:
        world.waha.after_start = "WORKING"
    assert (again.status_code, again.json()["status"]) == (202, "LOADING_QR")
    assert shown_picture(again.json()["qrCode"])[0] > 100


async def test_delete_disconnects_and_keeps_the_session(program: Program) -> None:
    agent, key = a_key("agent"), a_key()
    await opened(program, agent, sessionId=key)
    for _ in range(2):
        gone = await program.delete(f"/whatsapp/{agent}/sessions/{key}")
        assert (gone.status_code, gone.content) == (204, b"")
    status = (await program.get(f"/whatsapp/{agent}/status")).json()
    assert [(s["sessionId"], s["status"]) for s in status["sessions"]] == [(key, "DISCONNECTED")]
    assert is_problem(await program.delete(f"/whatsapp/{agent}/sessions/{a_key()}"), 404)
    assert is_problem(await program.delete(f"/whatsapp/{a_key('agent')}/sessions/{key}"), 404)


async def test_delete_logs_out_of_the_phone_too_if_asked(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    agent, key = session["agentId"], session["sessionId"]
    path = f"/whatsapp/{agent}/sessions/{key}"
    assert (await program.delete(path)).status_code == 204
    assert key not in world.waha.logged_out
    assert (await program.delete(f"{path}?logout=true")).status_code == 204
    assert world.waha.logged_out.count(key) == 1
    assert world.waha.sessions[key] == "STOPPED"
    status = (await program.get(f"/whatsapp/{agent}/status")).json()
    assert [s["status"] for s in status["sessions"]] == ["LOGGED_OUT"]
    sandbox = await opened(program, agent)
    assert (await program.delete(f"/whatsapp/{agent}/sessions/{sandbox['sessionId']}?logout=true")).status_code == 204


async def test_a_message_is_stored_queued_and_delivered(program: Program) -> None:
    agent, key, phone = a_key("agent"), a_key(), a_phone()
    await opened(program, agent, sessionId=key)
    [session] = (await program.get("/api/sessions")).json()
    for number, name in enumerate((key, session["id"], agent)):
        sent = await program.post(f"/whatsapp/{name}/send-message", {"to": phone, "message": f"olá {number}"})
        assert sent.status_code == 202, sent.text
        assert set(sent.json()) == {"messageId", "status"}
        assert sent.json()["status"] == "PENDING"
        assert UUID(sent.json()["messageId"])

    async def there() -> bool:
        return await program.shown_to(phone, key) == ["olá 0", "olá 1", "olá 2"]

    await eventually(there)


async def test_an_agent_is_a_key_while_exactly_one_of_its_sessions_is_connected(program: Program) -> None:
    agent, body = a_key("agent"), {"to": a_phone(), "message": "olá"}
    first, second = await opened(program, agent), await opened(program, agent)
    path = f"/whatsapp/{agent}/send-message"
    assert is_problem(await program.post(path, body), 409)
    await program.delete(f"/whatsapp/{agent}/sessions/{first['sessionId']}")
    assert (await program.post(path, body)).status_code == 202
    await program.delete(f"/whatsapp/{agent}/sessions/{second['sessionId']}")
    assert is_problem(await program.post(path, body), 409)
    assert is_problem(await program.post(f"/whatsapp/{a_key('agent')}/send-message", body), 404)


async def test_a_session_is_meant_before_an_agent_of_that_name(program: Program) -> None:
    name, phone = a_key(), a_phone()
    await opened(program, a_key("agent"), sessionId=name)
    await opened(program, name, sessionId=a_key())
    sent = await program.post(f"/whatsapp/{name}/send-message", {"to": phone, "message": "olá"})
    assert sent.status_code == 202

    async def there() -> bool:
        return await program.shown_to(phone, name) == ["olá"]

    await eventually(there)


async def test_what_cannot_be_sent_is_refused_by_field(program: Program) -> None:
    key, phone = a_key(), a_phone()
    await opened(program, a_key("agent"), sessionId=key)
    path = f"/whatsapp/{key}/send-message"
    assert is_problem(await program.post(path, {"to": phone}), 400, "/message")
    assert is_problem(await program.post(path, {"message": "olá"}), 400, "/to")
    assert is_problem(await program.post(path, {"to": "ana", "message": "olá"}), 400, "/to")
    assert is_problem(await program.post(path, {"to": phone, "message": ""}), 400, "/message")
    assert is_problem(await program.post(path, {"to": phone, "message": "x" * 4097}), 400, "/message")
    assert is_problem(await program.post(path, {"to": "1203@g.us", "message": "olá"}), 422)
    for to in (f"+{phone}", f"{phone}@s.whatsapp.net"):
        assert (await program.post(path, {"to": to, "message": "olá"})).status_code == 202


async def test_an_idempotency_key_sends_once(program: Program) -> None:
    key, phone = a_key(), a_phone()
    await opened(program, a_key("agent"), sessionId=key)
    path, once = f"/whatsapp/{key}/send-message", {"Idempotency-Key": uuid4().hex}
    sent = [await program.post(path, {"to": phone, "message": "olá"}, **once) for _ in range(3)]
    assert [answer.status_code for answer in sent] == [202, 202, 202]
    assert len({answer.json()["messageId"] for answer in sent}) == 1
    assert is_problem(await program.post(path, {"to": phone, "message": "adeus"}, **once), 422)


async def test_status_lists_the_agents_sessions(program: Program) -> None:
    agent, key = a_key("agent"), a_key()
    await opened(program, agent, sessionId=key)

    async def seen() -> dict[str, object] | None:
        answer = await program.get(f"/whatsapp/{agent}/status")
        assert answer.status_code == 200
        return dict(answer.json()) if answer.json()["sessions"][0]["lastSeenAt"] else None

    status = await until(seen)
    assert status
    [session] = status["sessions"]  # type: ignore[misc]
    assert set(status) == {"agentId", "sessions"}
    assert set(session) == {"sessionId", "status", "phoneNumber", "lastSeenAt"}
    assert (status["agentId"], session["sessionId"], session["status"]) == (agent, key, "CONNECTED")
    assert is_problem(await program.get(f"/whatsapp/{a_key('agent')}/status"), 404)


async def test_debug_tells_what_is_known_of_a_connection(company: Company, program: Program) -> None:
    agent, key = a_key("agent"), a_key()
    await opened(program, agent, sessionId=key)
    await program.delete(f"/whatsapp/{agent}/sessions/{key}")
    path = f"/debug/whatsapp/{agent}/connection"

    async def told() -> dict[str, object] | None:
        answer = await program.get(path)
        assert answer.status_code == 200, answer.text
        [session] = answer.json()["sessions"]
        return dict(session) if session["lastDisconnect"] and session["lastConnect"] else None

    session = await until(told)
    assert session
    assert {
        "sessionId", "provider", "leaseOwner", "leaseAgeSeconds", "lastConnect", "lastDisconnect", "retries",
        "laneDepth", "lastEvent", "lastError",
    } <= set(session)  # fmt: skip
    assert (session["sessionId"], session["provider"], session["laneDepth"]) == (key, "SANDBOX", 0)
    assert session["lastDisconnect"]["reason"] == "stopped"  # type: ignore[index]
    assert session["lastEvent"]["type"] == "session.disconnected"  # type: ignore[index]
    assert session["lastError"] is None
    agent_person = await company.agent()
    assert is_problem(await agent_person.get(path), 403)
    assert is_problem(await program.get(f"/debug/whatsapp/{a_key('agent')}/connection"), 404)


async def test_another_companys_agent_does_not_exist(world: World, program: Program) -> None:
    agent, key = a_key("agent"), a_key()
    await opened(program, agent, sessionId=key)
    other = (await world.hub.company()).admin
    [session] = (await program.get("/api/sessions")).json()
    for path in (f"/whatsapp/{agent}/status", f"/debug/whatsapp/{agent}/connection"):
        assert is_problem(await other.get(path), 404)
    for name in (agent, key, session["id"]):
        answer = await other.post(f"/whatsapp/{name}/send-message", {"to": a_phone(), "message": "olá"})
        assert is_problem(answer, 404)
        assert is_problem(await other.delete(f"/whatsapp/{agent}/sessions/{name}"), 404)


async def test_an_agent_of_the_company_sends_but_opens_nothing(company: Company, program: Program) -> None:
    key = a_key()
    await opened(program, a_key("agent"), sessionId=key)
    person = await company.agent()
    body = {"to": a_phone(), "message": "olá"}
    assert (await person.post(f"/whatsapp/{key}/send-message", body)).status_code == 202
    assert is_problem(await person.post(f"/whatsapp/{a_key()}/sessions/init", {"provider": "SANDBOX"}), 403)
    assert is_problem(await person.delete(f"/whatsapp/{key}/sessions/{key}"), 403)
    assert (await company.hub.http.get(f"/whatsapp/{key}/status")).status_code == 401
