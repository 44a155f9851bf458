"""The stream of server-sent events of contract B, and the tickets that open it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.integration.http.conftest import Company, Person
from tests.integration.hub.programs import (
    Program,
    a_key,
    a_scannable_session,
    opened,
    program,
    shown_picture,
    waha_says,
)
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]


@dataclass
class Message:
    event: str
    data: dict[str, Any]
    id: int | None


async def messages(world: World, by: Person | Program, count: int, **query: Any) -> list[Message]:
    """The first `count` events of a stream."""
    found: list[Message] = []
    headers = {"Last-Event-ID": str(query.pop("last_event_id"))} if "last_event_id" in query else {}
    headers |= {"X-Api-Key": by.key} if isinstance(by, Program) else by.headers
    async with asyncio.timeout(20):
        async with world.hub.http.stream("GET", "/whatsapp/stream", params=query, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            one: dict[str, str] = {}
            async for text in answer.aiter_lines():
                name, _, value = text.partition(": ")
                if text:
                    one[name] = value
                    continue
                if "event" in one:
                    id = int(one["id"]) if "id" in one else None
                    found.append(Message(one["event"], json.loads(one["data"]), id))
                one = {}
                if len(found) >= count:
                    return found
    return found


async def position(program: Program) -> int:
    """Where the company's log ends."""
    events: list[dict[str, Any]] = (await program.get("/api/events", limit=200)).json()
    return int(events[-1]["position"])


async def test_the_stream_tells_what_happens_and_resumes(world: World, company: Company, program: Program) -> None:
    session, phone = await opened(program), a_phone()
    key = session["sessionId"]
    await world.settled(company)
    begin = await position(program)
    await company.customer_writes(session, phone, "oi")
    await world.settled(company)
    sent = (await program.post(f"/whatsapp/{key}/send-message", {"to": phone, "message": "olá"})).json()
    await world.settled(company)

    async def read() -> bool:
        told = (await program.get("/api/events", after=begin, limit=200)).json()
        return "message.read" in {event["type"] for event in told}

    await until(read)
    await program.delete(f"/whatsapp/{key}/sessions/{key}")
    whole = await messages(world, program, 5, after=begin)
    assert [(m.event, m.data.get("status")) for m in whole] == [
        ("message-received", None),
        ("message-status", "sent"),
        ("message-status", "delivered"),
        ("message-status", "read"),
        ("status-change", "disconnected"),
    ]
    assert {m.data["sessionId"] for m in whole} == {key}
    assert [m.data["messageId"] for m in whole[1:4]] == [sent["messageId"]] * 3
    assert [m.id for m in whole] == [m.data["position"] for m in whole]
    rest = await messages(world, program, 3, last_event_id=whole[1].id)
    assert rest == whole[2:]


async def test_the_stream_is_of_one_session_if_asked_for(world: World, company: Company, program: Program) -> None:
    first, second = await opened(program), await opened(program)
    begin = await position(program)
    for session in (first, second):
        await company.customer_writes(session, a_phone(), f"to {session['sessionId']}")
    for name in (second["sessionId"], second["id"]):
        [only] = await messages(world, program, 1, after=begin, sessionId=name)
        assert only.data["message"]["content"] == f"to {second['sessionId']}"
    answer = await program.get("/whatsapp/stream", sessionId=a_key())
    assert answer.status_code == 404


async def test_the_stream_shows_codes_and_faults(world: World, company: Company, program: Program) -> None:
    begin = await position(program) if (await program.get("/api/events")).json() else 0
    session = await a_scannable_session(world, company)
    await waha_says(world, session, "FAILED")
    told = await messages(world, program, 5, after=begin)
    assert [(m.event, m.data.get("status")) for m in told] == [
        ("status-change", "connecting"),
        ("status-change", "qr_pending"),
        ("qr-code", None),
        ("status-change", "failed"),
        ("error", None),
    ]
    assert shown_picture(told[2].data["qrCode"])[0] > 100
    assert told[1].id is None  # a position counts as seen when all that is told of it has been
    assert told[2].id == told[2].data["position"] == told[1].data["position"]


async def test_a_ticket_opens_one_stream_and_nothing_else(world: World, company: Company, program: Program) -> None:
    session = await opened(program)
    begin = await position(program)
    await company.customer_writes(session, a_phone(), "oi")
    agent = await company.agent()
    for path, by in (("/whatsapp/stream", program), ("/api/events/stream", company.admin)):
        issued = await by.post("/api/auth/ticket")
        assert (issued.status_code, set(issued.json())) == (201, {"ticket", "expiresIn"})
        ticket = {"ticket": issued.json()["ticket"], "after": begin}
        assert (await company.hub.http.get("/api/sessions", params=ticket)).status_code == 401
        async with asyncio.timeout(20):
            async with world.hub.http.stream("GET", path, params=ticket) as answer:
                assert answer.status_code == 200
                async for text in answer.aiter_lines():
                    if text.startswith("data: ") and '"oi"' in text:
                        break
        again = await company.hub.http.get(path, params=ticket)
        assert (again.status_code, again.json()["status"]) == (401, 401)
    weak = (await agent.post("/api/auth/ticket")).json()["ticket"]
    assert (await company.hub.http.get("/whatsapp/stream", params={"ticket": weak})).status_code == 403
    for bad in ("", "nonsense"):
        assert (await company.hub.http.get("/whatsapp/stream", params={"ticket": bad})).status_code == 401
    late = (await program.post("/api/auth/ticket")).json()["ticket"]
    await world.owner.execute("UPDATE hub.tickets SET expires_at = clock_timestamp() - interval '1 second'")
    assert (await company.hub.http.get("/whatsapp/stream", params={"ticket": late})).status_code == 401
    assert (await company.hub.http.post("/api/auth/ticket")).status_code == 401


async def test_the_stream_is_for_the_companys_administrators(world: World, company: Company, program: Program) -> None:
    session = await opened(program)
    agent, other = await company.agent(), (await world.hub.company()).admin
    assert (await agent.get("/whatsapp/stream")).status_code == 403
    assert (await other.get("/whatsapp/stream", sessionId=session["sessionId"])).status_code == 404
    assert (await company.hub.http.get("/whatsapp/stream")).status_code == 401


async def test_a_new_stream_of_one_session_begins_with_its_present_state(
    world: World, company: Company, program: Program
) -> None:
    session = await a_scannable_session(world, company)
    await world.settled(company)
    change, code = await messages(world, program, 2, sessionId=session["sessionId"])
    assert (change.event, change.data["status"], change.id) == ("status-change", "qr_pending", None)
    assert code.event == "qr-code"
    assert shown_picture(code.data["qrCode"])[0] > 100
    assert code.id == code.data["position"] == await position(program)
    await waha_says(world, session, "WORKING")
    [again] = await messages(world, program, 1, sessionId=session["sessionId"], last_event_id=code.id)
    assert (again.event, again.data["status"]) == ("status-change", "connected")
