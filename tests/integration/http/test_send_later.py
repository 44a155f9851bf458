"""Messages to be sent later, in a whole hub: shown with `sendAt`, sent by the scheduler at their time, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.http.conftest import Company, RunningHub, eventually

PHONE = "5511999990001"


def within(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_it_waits_is_shown_can_be_cancelled_and_goes_at_its_time(running: RunningHub, company: Company) -> None:
    admin, session = company.admin, await company.session(routing="none")
    await company.customer_writes(session, PHONE, "oi")
    of = {"conversationId": (await company.conversation())["id"]}

    async def waiting() -> list[str]:
        return [one["content"] for one in (await admin.get("/api/messages/scheduled", **of)).json()]

    dropped = await admin.post("/api/messages/send", {**of, "content": "não", "sendAt": within(3600)})
    assert (dropped.status_code, dropped.json()["status"]) == (202, "PENDING")
    form, files = {**of, "sendAt": within(7200)}, {"file": ("a.txt", b"oi", "text/plain")}
    media = await admin.http.post("/api/messages/send-media", data=form, files=files, headers=admin.headers)
    assert (media.status_code, media.json()["type"]) == (202, "DOCUMENT")
    sent = await admin.post("/api/messages", {**of, "content": {"kind": "text", "text": "já"}, "sendAt": within(1)})
    assert sent.json()["sendAt"].endswith("Z")
    assert (await waiting())[-2:] == ["não", ""]
    assert (await admin.delete(f"/api/messages/scheduled/{dropped.json()['id']}")).status_code == 204
    assert (await admin.delete(f"/api/messages/scheduled/{dropped.json()['id']}")).status_code == 404

    async def arrived() -> bool:
        return await company.phone(session, PHONE) == ["já"]

    await eventually(arrived)
    assert await waiting() == [""]
    shown = (await admin.get(f"/api/conversations/{of['conversationId']}/messages")).json()["messages"]
    assert [(m["id"], "sendAt" in m) for m in shown if m["direction"] == "OUTBOUND"] == [(sent.json()["id"], False)]
    for past in ({"content": "x", "sendAt": within(-1)}, {"content": "x", "sendAt": "tomorrow"}):
        assert (await admin.post("/api/messages/send", {**of, **past})).status_code == 400
    first = await admin.post("/api/messages/send", {**of, "content": "depois", "sendAt": within(3600)})
    paged = await admin.get("/api/messages/scheduled", limit=1)
    assert [one["id"] for one in paged.json()] == [first.json()["id"]]
    rest = await admin.get("/api/messages/scheduled", limit=1, cursor=paged.headers["X-Next-Cursor"])
    assert [one["id"] for one in rest.json()] == [media.json()["id"]]
    assert (await admin.get("/api/messages/scheduled", cursor="x")).status_code == 400
    other = await running.company()
    assert (await other.admin.get("/api/messages/scheduled")).json() == []


@pytest.mark.parametrize("way", ["conversations", "agents", "clients", "instances", "lifecycle"])
async def test_every_contract_lets_its_text_wait(company: Company, way: str) -> None:
    """E and A to D: each in its own casing, on the socket of B too (`test_contract_live`)."""
    session = await company.session(routing="none")
    ask = {
        "conversations": ("/api/conversations", {"sessionId": session["id"], "to": PHONE, "content": "já"}, "sendAt"),
        "agents": (f"/whatsapp/{session['agentId']}/send-message", {"to": PHONE, "message": "já"}, "sendAt"),
        "clients": ("/whatsapp/send", {"sessionId": session["sessionId"], "to": PHONE, "message": "já"}, "sendAt"),
        "instances": (f"/instances/{session['id']}/send", {"number": PHONE, "message": "já"}, "send_at"),
        "lifecycle": (f"/whatsapp/{session['id']}/send-message", {"to": PHONE, "message": "já"}, "sendAt"),
    }
    path, body, name = ask[way]
    for wrong in ("yesterday", within(-5)):
        refused = await company.admin.post(path, {**body, name: wrong})
        assert refused.status_code == 400, refused.text
    assert refused.json()["errors"][0]["pointer"] == f"/{name}"
    waits = await company.admin.post(path, {**body, name: within(1.5)})
    assert waits.status_code in (201, 202), waits.text
    assert len((await company.admin.get("/api/messages/scheduled")).json()) == 1

    async def arrived() -> bool:
        return await company.phone(session, PHONE) == ["já"]

    await eventually(arrived)
    assert (await company.admin.get("/api/messages/scheduled")).json() == []
