"""Contract B, client sessions: codes and bodies as CONTRACTS spell them."""

from __future__ import annotations

from typing import Any

from tests.integration.http.conftest import Company, eventually
from tests.integration.hub.programs import Program, a_key, a_scannable_session, is_problem, program, shown_picture
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]

SANDBOX = {"provider": "SANDBOX"}


async def opened(program: Program) -> str:
    key = a_key()
    made = await program.post("/whatsapp/session", {"sessionId": key, **SANDBOX})
    assert made.status_code == 201, made.text
    return key


async def test_a_session_is_made_and_started(program: Program) -> None:
    key = a_key()
    made = await program.post("/whatsapp/session", {"sessionId": key, **SANDBOX})
    client = (await program.get("/api/companies/me")).json()["slug"]
    whole = {"sessionId": key, "clientId": client, "status": "connected", "qrCode": None}
    assert (made.status_code, made.json()) == (201, whole)
    assert is_problem(await program.post("/whatsapp/session", {"sessionId": key, **SANDBOX}), 409)
    await program.delete(f"/whatsapp/{key}/sessions/{key}")
    again = await program.post("/whatsapp/session", {"sessionId": key, **SANDBOX})
    assert (again.status_code, again.json()["status"]) == (201, "connected")


async def test_what_cannot_be_a_session_is_refused(program: Program) -> None:
    for bad in ("send", "a b", "", "x" * 129):
        assert is_problem(await program.post("/whatsapp/session", {"sessionId": bad, **SANDBOX}), 400, "/sessionId")
    assert is_problem(await program.post("/whatsapp/session", SANDBOX), 400, "/sessionId")
    odd = {"sessionId": a_key(), "provider": "PIGEON"}
    assert is_problem(await program.post("/whatsapp/session", odd), 400, "/provider")


async def test_the_active_ones_are_listed_or_all(world: World, company: Company, program: Program) -> None:
    first, second = await opened(program), await opened(program)
    await program.delete(f"/whatsapp/{first}/sessions/{first}")
    listed = await program.get("/whatsapp/sessions")
    assert listed.status_code == 200
    assert [(s["sessionId"], s["status"]) for s in listed.json()] == [(second, "connected")]
    everything = (await program.get("/whatsapp/sessions", all="true")).json()
    assert [(s["sessionId"], s["status"]) for s in everything] == [(first, "disconnected"), (second, "connected")]
    scannable = await a_scannable_session(world, company)
    [*_, last] = (await program.get("/whatsapp/sessions")).json()
    assert (last["sessionId"], last["status"]) == (scannable["sessionId"], "qr_pending")
    assert shown_picture(last["qrCode"])[0] > 100
    agent = await company.agent()
    assert [s["qrCode"] for s in (await agent.get("/whatsapp/sessions")).json()] == [None, None]


async def test_lists_come_in_pages(program: Program) -> None:
    keys = [await opened(program) for _ in range(3)]
    first = await program.get("/whatsapp/sessions", limit=2)
    assert [s["sessionId"] for s in first.json()] == keys[:2]
    rest = await program.get("/whatsapp/sessions", limit=2, cursor=first.headers["X-Next-Cursor"])
    assert [s["sessionId"] for s in rest.json()] == keys[2:]
    assert "X-Next-Cursor" not in rest.headers
    assert is_problem(await program.get("/whatsapp/sessions", cursor="nonsense"), 400, "/cursor")
    assert (await program.get("/whatsapp/sessions", limit=201)).status_code == 400


async def test_a_text_is_sent(program: Program) -> None:
    key, phone = await opened(program), a_phone()
    sent = await program.post("/whatsapp/send", {"sessionId": key, "to": phone, "message": "x" * 4096})
    assert (sent.status_code, set(sent.json())) == (202, {"messageId", "status"})
    assert sent.json()["status"] == "pending"

    async def there() -> bool:
        return await program.shown_to(phone, key) == ["x" * 4096]

    await eventually(there)


async def test_what_cannot_be_sent_is_refused_by_field(program: Program) -> None:
    key, phone = await opened(program), a_phone()
    good = {"sessionId": key, "to": phone, "message": "olá"}
    for name in good:
        lacking = {field: value for field, value in good.items() if field != name}
        assert is_problem(await program.post("/whatsapp/send", lacking), 400, f"/{name}")
    assert is_problem(await program.post("/whatsapp/send", {**good, "message": "x" * 4097}), 400, "/message")
    assert is_problem(await program.post("/whatsapp/send", {**good, "to": "ana"}), 400, "/to")
    assert is_problem(await program.post("/whatsapp/send", {**good, "sessionId": a_key()}), 404)
    await program.delete(f"/whatsapp/{key}/sessions/{key}")
    assert is_problem(await program.post("/whatsapp/send", good), 409)


async def test_another_company_has_none_of_it(world: World, program: Program) -> None:
    key = await opened(program)
    other = (await world.hub.company()).admin
    assert (await other.get("/whatsapp/sessions", all="true")).json() == []
    body = {"sessionId": key, "to": a_phone(), "message": "olá"}
    assert is_problem(await other.post("/whatsapp/send", body), 404)
    assert (await other.post("/whatsapp/session", {"sessionId": key, **SANDBOX})).status_code == 201


async def test_a_sessions_messages_are_listed_newest_first_with_their_contacts(
    world: World, company: Company, program: Program
) -> None:
    keys = [await opened(program), await opened(program)]
    sessions = {s["sessionId"]: s for s in (await program.get("/api/sessions")).json()}
    ana, bia = a_phone(), a_phone()
    for key, phone, name in ((keys[0], ana, "Ana"), (keys[1], ana, "Ana"), (keys[0], bia, "Bia")):
        await company.customer_writes(sessions[key], phone, f"oi de {name}", name)
        await world.settled(company)
    sent = (await program.post("/whatsapp/send", {"sessionId": keys[0], "to": ana, "message": "olá"})).json()

    async def listed() -> list[dict[str, Any]]:
        found = (await program.get("/whatsapp/messages", sessionId=keys[0])).json()
        return found if len(found) == 3 and found[0]["status"] == "read" else []

    newest, second, oldest = await until(listed)
    assert (newest["messageId"], newest["content"], newest["direction"]) == (sent["messageId"], "olá", "outbound")
    assert (newest["from"], newest["to"]) == (None, ana)
    assert (second["content"], second["from"], second["contact"]["name"]) == ("oi de Bia", bia, "Bia")
    assert (oldest["contact"]["phoneNumber"], oldest["type"], oldest["sessionId"]) == (ana, "text", keys[0])
    assert {m["messageId"] == m["id"] for m in (newest, second, oldest)} == {True}
    assert "whatsappMessageId" in oldest
    first = await program.get("/whatsapp/messages", sessionId=sessions[keys[0]]["id"], limit=2)
    rest = await program.get("/whatsapp/messages", sessionId=keys[0], limit=2, cursor=first.headers["X-Next-Cursor"])
    assert [*first.json(), *rest.json()] == [newest, second, oldest]
    assert "X-Next-Cursor" not in rest.headers
    assert is_problem(await program.get("/whatsapp/messages", sessionId=a_key()), 404)
    assert is_problem(await program.get("/whatsapp/messages", sessionId=keys[0], cursor="x"), 400, "/cursor")
    assert (await program.get("/whatsapp/messages")).status_code == 400
    other, agent = (await company.hub.company()).admin, await company.agent()
    assert is_problem(await other.get("/whatsapp/messages", sessionId=keys[0]), 404)
    assert is_problem(await agent.get("/whatsapp/messages", sessionId=keys[0]), 403)
