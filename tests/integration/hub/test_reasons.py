"""Every failure says why, wherever it is shown: the walk over all that can fail."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company
from tests.integration.hub.programs import Program, a_key, a_scannable_session, program, waha_says
from tests.integration.hub.test_contract_live import B, D, line
from tests.integration.hub.world import World, a_phone, meta_number, until

__all__ = ["program"]

UNDELIVERABLE = {"code": "131026", "title": "Error 131026", "detail": "Error 131026", "retryable": False}


async def stream_of(world: World, program: Program, path: str, name: str, **like: object) -> dict[str, Any]:
    """The first event of this name on a stream of the log from its beginning on."""
    headers = {"X-Api-Key": program.key, "Last-Event-ID": "0"}
    async with world.hub.http.stream("GET", path, headers=headers, timeout=20) as answer:
        event = ""
        async for text in answer.aiter_lines():
            event = text.removeprefix("event: ") if text.startswith("event: ") else event
            if event == name and text.startswith("data: "):
                data = dict(json.loads(text.removeprefix("data: ")))
                if like.items() <= data.items():
                    return data
    raise AssertionError(f"no {name}")


async def test_a_message_that_failed_says_why_everywhere(world: World, company: Company, program: Program) -> None:
    number, phone = await meta_number(world, company, routing="none"), a_phone()
    key = number.session["sessionId"]
    world.graph.fail_with(131026, to=phone)
    async with line(world, program.key, D) as d, line(world, program.key, B) as b:
        await d.ask("subscribe:session", {"sessionId": key})
        await b.ask("join-session", {"sessionId": key})
        body = {"to": phone, "message": "olá"}
        sent = await program.post(f"/whatsapp/{key}/send-message", body, **{"Idempotency-Key": "once"})
        id = sent.json()["messageId"]
        told = await d.hears("message-status", messageId=id, status="FAILED")
    error = told["error"]
    assert {**error, "title": "", "detail": ""} == {**UNDELIVERABLE, "title": "", "detail": ""}
    assert error["title"]
    assert error["detail"]

    conversation = (await number.conversation(phone))["id"]
    shown = (await program.get(f"/api/conversations/{conversation}/messages")).json()["messages"][-1]
    assert (shown["id"], shown["status"], shown["error"]) == (id, "FAILED", error)
    whole = (await program.get(f"/api/conversations/{conversation}")).json()
    assert whole["messages"][-1]["error"] == error
    logged = [e for e in (await program.get("/api/events", after=0)).json() if e["type"] == "message.failed"]
    assert [e["data"]["message"]["error"] for e in logged if e["data"]["message"]["id"] == id] == [error]
    streamed = await stream_of(world, program, "/whatsapp/stream", "message-status", messageId=id, status="failed")
    assert streamed["error"] == error
    again = await program.post(f"/whatsapp/{key}/send-message", body, **{"Idempotency-Key": "once"})
    assert (again.status_code, again.json()["error"]) == (202, error)
    other = await program.post(f"/whatsapp/{key}/send-message", {"to": a_phone(), "message": "olá"})
    assert "error" not in other.json()


async def test_a_receipt_that_fails_says_why(world: World, company: Company, program: Program) -> None:
    number, phone = await meta_number(world, company, routing="none"), a_phone()
    key = number.session["sessionId"]
    sent = await program.post(f"/whatsapp/{key}/send-message", {"to": phone, "message": "olá"})
    await number.message(sent.json()["messageId"], status="SENT")
    wamid = number.wamid(phone, "olá")
    errors = [{"code": 131049, "title": "Not delivered", "error_data": {"details": "healthy ecosystem"}}]
    await number.receipt(wamid, phone, "failed", errors=errors)
    await number.message(sent.json()["messageId"], status="FAILED")
    assert (await number.messages(phone))[-1]["error"] == {
        "code": "131049",
        "title": "Not delivered",
        "detail": "Not delivered - healthy ecosystem",
        "retryable": True,
    }


async def test_an_unknown_outcome_says_why_until_it_is_settled(
    world: World, company: Company, program: Program, short_deadlines: None
) -> None:
    number, phone = await meta_number(world, company, routing="none"), a_phone()
    key = number.session["sessionId"]
    world.graph.fail_next("close", to=phone)
    sent = await program.post(f"/whatsapp/{key}/send-message", {"to": phone, "message": "olá"})
    id = sent.json()["messageId"]
    await number.message(id, outcome="unknown")
    [shown] = await number.messages(phone)
    assert (shown["status"], shown["outcome"], bool(shown["error"]["code"])) == ("PENDING", "unknown", True)
    failed = await program.admin.post(f"/api/messages/{id}/fail")
    assert failed.json()["error"]["code"] == "given_up"
    [shown] = await number.messages(phone)
    assert (shown["status"], shown["error"]["code"]) == ("FAILED", "given_up")


async def test_what_waited_in_a_deleted_session_says_why(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    phone = a_phone()
    sent = await program.post(f"/whatsapp/{session['id']}/send-message", {"to": phone, "message": "olá"})
    assert sent.status_code == 202, sent.text
    await company.admin.delete(f"/api/sessions/{session['id']}")
    [conversation] = (await program.get("/api/conversations", search=phone)).json()
    [shown] = (await program.get(f"/api/conversations/{conversation['id']}/messages")).json()["messages"]
    assert (shown["status"], shown["error"]["code"]) == ("FAILED", "session_deleted")


async def test_a_session_that_failed_says_why_everywhere(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    key, id = session["sessionId"], session["id"]
    async with line(world, program.key, D) as d, line(world, program.key, B) as b:
        await d.ask("subscribe:session", {"sessionId": key})
        await b.ask("join-session", {"sessionId": key})
        await waha_says(world, session, "FAILED")
        fault = await d.hears("session:error", sessionId=key)
        change = await b.hears("status-change", sessionId=key, status="failed")
        error = await b.hears("error", sessionId=key)
    reason = "waha_failed: WAHA reports FAILED"
    assert (fault["code"], fault["message"]) == (error["code"], error["message"]) == ("waha_failed", reason)
    assert change["statusReason"] == reason
    assert (await program.get(f"/api/sessions/{id}")).json()["statusReason"] == reason
    status = (await program.get(f"/whatsapp/{session['agentId']}/status")).json()
    assert [s["reason"] for s in status["sessions"]] == [reason]
    [listed] = [s for s in (await program.get("/whatsapp/sessions", all=True)).json() if s["sessionId"] == key]
    assert listed["statusReason"] == reason
    instance = (await program.get(f"/instances/{id}")).json()
    assert (instance["connection_status"], instance["status_reason"]) == ("failed", reason)
    for path, body in (
        (f"/whatsapp/{key}/send-message", {"to": a_phone(), "message": "olá"}),
        ("/whatsapp/send", {"sessionId": key, "to": a_phone(), "message": "olá"}),
        (f"/instances/{id}/send", {"number": a_phone(), "message": "olá"}),
    ):
        sent = await program.post(path, body)
        assert (sent.status_code, sent.json()["reason"]) == (202, f"FAILED: {reason}"), path
    await program.post(f"/api/sessions/{id}/stop")
    refused = await program.post(f"/whatsapp/{key}/send-message", {"to": a_phone(), "message": "olá"})
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"apiKey": "nonsense"}, "credentials_invalid"), ({"url": "http://127.0.0.1:1", "apiKey": "k"}, "connect")],
)
async def test_a_session_that_cannot_start_answers_with_the_reason(
    world: World, company: Company, program: Program, settings: dict[str, str], code: str
) -> None:
    session = await a_scannable_session(world, company)
    await company.admin.patch(f"/api/sessions/{session['id']}", {"settings": settings})
    begun = await program.post(f"/instances/{session['id']}/restart")
    assert (begun.status_code, begun.json()["connection_status"]) == (202, "failed")
    assert begun.json()["status_reason"].startswith(code)
    begun = await program.post(f"/whatsapp/{session['agentId']}/sessions/init", {"sessionId": session["sessionId"]})
    assert (begun.status_code, begun.json()["status"]) == (202, "FAILED")
    assert begun.json()["reason"].startswith(code)


async def test_a_delivery_that_fails_says_why(world: World, company: Company, program: Program) -> None:
    made = await company.admin.post("/api/webhooks", {"url": f"https://127.0.0.1/{uuid4().hex}", "events": ["*"]})
    if made.status_code == 400:  # addresses without a name are refused at once
        made = await company.admin.post("/api/webhooks", {"url": "https://nowhere.invalid/hook", "events": ["*"]})
    await program.post("/whatsapp/session", {"sessionId": a_key(), "provider": "SANDBOX"})
    path = f"/api/webhooks/{made.json()['id']}/deliveries"

    async def tried() -> list[dict[str, Any]]:
        return [d for d in (await company.admin.get(path)).json() if d["tries"]]

    deliveries = await until(tried)
    assert [(d["state"], bool(d["error"])) for d in deliveries] == [("pending", True)] * len(deliveries)


async def test_nothing_that_failed_is_without_a_reason(world: World) -> None:
    """After all that went wrong in the tests before."""
    unexplained = await world.rows(
        """SELECT id::text FROM pooled.messages WHERE (status = 'FAILED' OR outcome = 'unknown') AND error IS NULL
           UNION ALL SELECT id::text FROM hub.sessions
             WHERE status IN ('FAILED', 'BANNED', 'LOGGED_OUT') AND status_reason IS NULL
           UNION ALL SELECT id::text FROM hub.inbox WHERE state = 'quarantined' AND error IS NULL"""
    )
    assert unexplained == []
