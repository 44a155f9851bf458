"""Contract D, the session life cycle: codes and bodies as CONTRACTS spell them."""

from __future__ import annotations

from uuid import UUID

from tests.integration.http.conftest import Company, eventually
from tests.integration.hub.programs import Program, a_key, a_scannable_session, is_problem, program, shown_picture
from tests.integration.hub.world import World, a_phone

__all__ = ["program"]


async def prepared(program: Program, **more: object) -> dict[str, str]:
    made = await program.post("/whatsapp", {"sessionId": a_key(), "provider": "SANDBOX", **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_a_session_is_made_but_not_started(program: Program) -> None:
    key = a_key()
    made = await prepared(program, sessionId=key, phoneNumber="+55 11 98888-7777".replace(" ", "").replace("-", ""))
    assert made == {"id": made["id"], "sessionId": key, "status": "DISCONNECTED"}
    assert UUID(made["id"])
    [session] = (await program.get("/api/sessions")).json()
    assert (session["isActive"], session["phoneNumber"], session["routing"]) == (False, "5511988887777", "none")
    again = await program.post("/whatsapp", {"sessionId": key, "provider": "SANDBOX"})
    assert is_problem(again, 409)


async def test_what_cannot_be_a_session_is_refused(program: Program) -> None:
    good = {"sessionId": a_key(), "provider": "SANDBOX"}
    assert is_problem(await program.post("/whatsapp", {"provider": "SANDBOX"}), 400, "/sessionId")
    assert is_problem(await program.post("/whatsapp", {**good, "sessionId": "me"}), 400, "/sessionId")
    assert is_problem(await program.post("/whatsapp", {**good, "phoneNumber": "ana"}), 400, "/phoneNumber")
    assert is_problem(await program.post("/whatsapp", {**good, "provider": "PIGEON"}), 400, "/provider")


async def test_it_is_activated_by_its_id(program: Program) -> None:
    made = await prepared(program)
    begun = await program.post(f"/whatsapp/{made['id']}/activate")
    assert (begun.status_code, begun.json()) == (202, {**made, "status": "CONNECTING"})

    async def connected() -> bool:
        [session] = (await program.get("/api/sessions")).json()
        return bool(session["status"] == "CONNECTED")

    await eventually(connected)
    assert is_problem(await program.post(f"/whatsapp/{made['id']}/activate"), 409)
    assert is_problem(await program.post(f"/whatsapp/{a_key()}/activate"), 404)


async def test_the_code_to_scan(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    for name in (session["id"], session["sessionId"]):
        shown = await program.get(f"/whatsapp/{name}/qr")
        assert (shown.status_code, set(shown.json())) == (200, {"sessionId", "qr", "qrCode"})
        assert shown.json()["sessionId"] == session["sessionId"]
        assert shown.json()["qr"] == world.waha.qr_code
        assert shown_picture(shown.json()["qrCode"])[0] > 100
    made = await prepared(program)
    assert is_problem(await program.get(f"/whatsapp/{made['id']}/qr"), 404)
    await program.post(f"/whatsapp/{made['id']}/activate")
    assert is_problem(await program.get(f"/whatsapp/{made['id']}/qr"), 409)
    assert is_problem(await program.get(f"/whatsapp/{a_key()}/qr"), 404)


async def test_it_sends_by_its_id_and_by_its_session_id(program: Program) -> None:
    made, phone = await prepared(program), a_phone()
    body = {"to": phone, "message": "olá"}
    assert is_problem(await program.post(f"/whatsapp/{made['id']}/send-message", body), 409)
    await program.post(f"/whatsapp/{made['id']}/activate")
    for name in (made["id"], made["sessionId"]):
        sent = await program.post(f"/whatsapp/{name}/send-message", body)
        assert (sent.status_code, sent.json()["status"]) == (202, "PENDING")

    async def there() -> bool:
        return await program.shown_to(phone, made["sessionId"]) == ["olá", "olá"]

    await eventually(there)


async def test_another_companys_session_does_not_exist(world: World, program: Program) -> None:
    made = await prepared(program)
    other = (await world.hub.company()).admin
    for name in made["id"], made["sessionId"]:
        assert is_problem(await other.post(f"/whatsapp/{name}/activate"), 404)
        assert is_problem(await other.get(f"/whatsapp/{name}/qr"), 404)


async def test_an_agent_of_the_company_manages_nothing(company: Company, program: Program) -> None:
    made, person = await prepared(program), await company.agent()
    assert is_problem(await person.post("/whatsapp", {"sessionId": a_key(), "provider": "SANDBOX"}), 403)
    assert is_problem(await person.post(f"/whatsapp/{made['id']}/activate"), 403)
    assert is_problem(await person.get(f"/whatsapp/{made['id']}/qr"), 403)
