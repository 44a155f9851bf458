"""Contract C, scalable instances: codes and bodies as CONTRACTS spell them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.integration.http.conftest import Company, eventually
from tests.integration.hub.programs import Program, a_key, a_scannable_session, is_problem, program, shown_picture
from tests.integration.hub.world import World, a_phone

__all__ = ["program"]

MADE = {"id", "instance_name", "qr_code", "connection_status", "status_reason", "webhook_secret"}
FIELDS = {
    *("id", "user_id", "instance_name", "phone_number", "connection_status", "status_reason"),
    *("webhook_url", "created_at"),
}


async def created(program: Program, **more: object) -> dict[str, Any]:
    body = {"user_id": "user-1", "instance_name": a_key("Loja"), "provider": "SANDBOX", **more}
    made = await program.post("/instances/create", body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_an_instance_is_made_and_started(program: Program) -> None:
    made = await created(program, instance_name="Loja do João", user_id="auth0|42")
    assert set(made) == MADE
    assert UUID(made["id"])
    assert (made["instance_name"], made["qr_code"], made["connection_status"]) == ("Loja do João", None, "connected")
    one = await program.get(f"/instances/{made['id']}")
    assert (one.status_code, set(one.json())) == (200, FIELDS)
    assert one.json()["user_id"] == "auth0|42"
    assert one.json()["connection_status"] == "connected"
    assert datetime.fromisoformat(one.json()["created_at"]).tzinfo is not None
    assert (await program.get("/instances")).json() == [one.json()]
    [session] = (await program.get("/api/sessions")).json()
    assert session["routing"] == "none"


async def test_an_owner_has_one_instance_of_a_name(program: Program) -> None:
    made = await created(program, instance_name="main")
    again = await program.post(
        "/instances/create", {"user_id": "user-1", "instance_name": "main", "provider": "SANDBOX"}
    )
    assert is_problem(again, 409)
    other = await created(program, instance_name="main", user_id="user-2")
    assert other["id"] != made["id"]


async def test_what_cannot_be_an_instance_is_refused_by_field(program: Program) -> None:
    good = {"user_id": "u", "instance_name": "n", "provider": "SANDBOX"}
    for name in ("user_id", "instance_name"):
        for body in ({f: v for f, v in good.items() if f != name}, {**good, name: ""}, {**good, name: "x" * 129}):
            assert is_problem(await program.post("/instances/create", body), 400, f"/{name}")
    assert is_problem(await program.post("/instances/create", {**good, "provider": "PIGEON"}), 400, "/provider")


async def test_instances_come_in_pages(program: Program) -> None:
    ids = [(await created(program))["id"] for _ in range(3)]
    first = await program.get("/instances", limit=2)
    rest = await program.get("/instances", limit=2, cursor=first.headers["X-Next-Cursor"])
    assert [one["id"] for one in [*first.json(), *rest.json()]] == ids


async def test_the_code_to_scan(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    shown = await program.get(f"/instances/{session['id']}/qr")
    assert (shown.status_code, set(shown.json())) == (200, {"qr_code", "expires_at"})
    assert shown_picture(shown.json()["qr_code"])[0] > 100
    left = datetime.fromisoformat(shown.json()["expires_at"]) - datetime.now(UTC)
    assert 30 < left.total_seconds() <= 60
    assert (await program.get(f"/instances/{session['id']}")).json()["connection_status"] == "qr_pending"
    connected = await created(program)
    assert is_problem(await program.get(f"/instances/{connected['id']}/qr"), 409)


async def test_restart_and_delete(program: Program) -> None:
    made = await created(program)
    restarted = await program.post(f"/instances/{made['id']}/restart")
    assert (restarted.status_code, restarted.json()["connection_status"]) == (202, "connected")
    gone = await program.delete(f"/instances/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert is_problem(await program.get(f"/instances/{made['id']}"), 404)
    assert is_problem(await program.delete(f"/instances/{made['id']}"), 404)
    assert is_problem(await program.post(f"/instances/{made['id']}/restart"), 404)


async def test_an_instance_sends(program: Program) -> None:
    made, phone = await created(program), a_phone()
    sent = await program.post(f"/instances/{made['id']}/send", {"number": phone, "message": "olá"})
    assert (sent.status_code, set(sent.json())) == (202, {"id", "status"})
    assert (UUID(sent.json()["id"]).version, sent.json()["status"]) == (7, "PENDING")

    async def there() -> bool:
        return await program.shown_to(phone, made["id"]) == ["olá"]

    await eventually(there)
    path = f"/instances/{made['id']}/send"
    assert is_problem(await program.post(path, {"number": phone}), 400, "/message")
    assert is_problem(await program.post(path, {"message": "olá"}), 400, "/number")
    assert is_problem(await program.post(path, {"number": "ana", "message": "olá"}), 400, "/number")
    assert is_problem(await program.post(path, {"number": phone, "message": " "}), 400, "/message")


async def test_another_companys_instance_does_not_exist(world: World, program: Program) -> None:
    made = await created(program)
    other = (await world.hub.company()).admin
    path = f"/instances/{made['id']}"
    for answer in (
        await other.get(path),
        await other.get(f"{path}/qr"),
        await other.post(f"{path}/restart"),
        await other.post(f"{path}/send", {"number": a_phone(), "message": "olá"}),
        await other.delete(path),
        await other.get(f"/instances/{uuid4()}"),
    ):
        assert is_problem(answer, 404)
    assert (await other.get("/instances")).json() == []
