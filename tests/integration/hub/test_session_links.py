"""`/api/sessions/{id}/qr`, `/logout`, `/pairing-code` (contract F)."""

from __future__ import annotations

import io

import png

from tests.integration.http.conftest import Company
from tests.integration.hub.programs import Program, a_scannable_session, is_problem, program, shown_picture
from tests.integration.hub.world import World, until, waha_number

__all__ = ["program"]


async def test_the_code_is_json_or_a_picture_by_accept(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    path = f"/api/sessions/{session['id']}/qr"
    for accept in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        shown = await company.hub.http.get(path, headers={"X-Api-Key": program.key, **accept})
        assert shown.status_code == 200
        assert shown.json()["qr"] == world.waha.qr_code
        assert shown_picture(shown.json()["qrCode"])[0] > 100
    picture = await company.hub.http.get(path, headers={"X-Api-Key": program.key, "Accept": "image/png"})
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    width, height, _, _ = png.Reader(file=io.BytesIO(picture.content)).read()
    assert width == height > 100
    agent = await company.agent()
    assert is_problem(await agent.get(path), 403)
    assert is_problem(await (await world.hub.company()).admin.get(path), 404)


async def test_logging_out_unlinks_the_phone(world: World, company: Company) -> None:
    session = await a_scannable_session(world, company)
    path = f"/api/sessions/{session['id']}/logout"
    gone = await company.admin.post(path)
    assert (gone.status_code, gone.json()["status"], gone.json()["isActive"]) == (200, "LOGGED_OUT", False)
    assert gone.json()["statusReason"] == "logged_out"
    assert world.waha.logged_out.count(session["sessionId"]) == 1
    assert (await company.admin.post(path)).status_code == 200
    agent = await company.agent()
    assert is_problem(await agent.post(path), 403)


async def test_a_provider_that_is_away_keeps_nobody_from_logging_out(world: World, company: Company) -> None:
    session = await a_scannable_session(world, company)
    elsewhere = {"url": "http://127.0.0.1:9", "apiKey": "k"}
    moved = await company.admin.patch(f"/api/sessions/{session['id']}", {"settings": elsewhere})
    assert moved.status_code == 200, moved.text
    gone = await company.admin.post(f"/api/sessions/{session['id']}/logout")
    assert (gone.status_code, gone.json()["statusReason"]) == (200, "logged_out_here")


async def test_what_a_provider_cannot_do_is_refused_by_name(world: World, company: Company) -> None:
    session = await company.session()
    assert is_problem(await company.admin.post(f"/api/sessions/{session['id']}/logout"), 422)
    code = await company.admin.post(f"/api/sessions/{session['id']}/pairing-code", {"phoneNumber": "5511988887777"})
    assert is_problem(code, 422)


async def test_an_instance_that_is_deleted_is_logged_out_first(
    world: World, company: Company, program: Program
) -> None:
    session = await a_scannable_session(world, company)
    assert (await program.delete(f"/instances/{session['id']}")).status_code == 204
    assert world.waha.logged_out.count(session["sessionId"]) == 1

    async def gone() -> bool:
        return (await company.admin.get(f"/api/sessions/{session['id']}")).status_code == 404

    await until(gone)


async def test_a_waha_session_that_is_deleted_leaves_no_webhook_at_its_server(world: World, company: Company) -> None:
    """WAHA would go on posting to an address where nobody is, each event sixteen times."""
    waha = await waha_number(world, company)
    theirs = {"url": "https://n8n.example.com", "events": ["message"]}
    ours = {"url": f"https://old.example.com/webhooks/waha/{waha.session['id']}", "events": ["message.any"]}
    world.waha.configs[waha.name] = {"metadata": {"a": "b"}, "webhooks": [ours, theirs]}
    assert (await company.admin.delete(f"/api/sessions/{waha.session['id']}")).status_code == 204
    assert world.waha.configs[waha.name] == {"metadata": {"a": "b"}, "webhooks": [theirs]}


async def test_a_waha_server_that_is_away_keeps_no_session_from_being_deleted(world: World, company: Company) -> None:
    settings = {"url": "http://127.0.0.1:9", "apiKey": "x", "session": "gone"}
    made = await company.admin.post("/api/sessions", {"name": "gone", "provider": "WAHA", "settings": settings})
    assert (await company.admin.delete(f"/api/sessions/{made.json()['id']}")).status_code == 204
    assert (await company.admin.get(f"/api/sessions/{made.json()['id']}")).status_code == 404
