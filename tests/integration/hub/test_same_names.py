"""Two WAHA servers with a session of one name and no key (contracts F and G, webhooks in)."""

from typing import Any
from uuid import uuid4

from tests.fakes import waha as waha_fake
from tests.integration.http.conftest import Company
from tests.integration.hub.world import World, a_phone, now_s, until


async def a_session(world: World, company: Company, name: str) -> dict[str, Any]:
    settings = {"url": world.waha.url, "apiKey": waha_fake.API_KEY, "session": name}
    body = {"name": f"s{uuid4().hex[:8]}", "provider": "WAHA", "routing": "none", "settings": settings}
    made = await company.admin.post("/api/sessions", body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def posted(world: World, name: str, path: str) -> str:
    id = uuid4().hex.upper()
    body = waha_fake.webhook("message", waha_fake.text_from(f"{a_phone()}@c.us", id, "Oi", now_s()), name)
    answer = await world.hub.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    return id


async def test_an_update_that_may_be_either_s_is_kept_and_administrators_of_both_are_notified(world: World) -> None:
    name, companies = f"w{uuid4().hex[:8]}", (await world.hub.company(), await world.hub.company())
    sessions = [await a_session(world, company, name) for company in companies]
    id = await posted(world, name, "/webhooks/waha")
    await posted(world, name, "/webhooks/waha")
    rows = [row for row in await world.inbox("app", state="unassigned") if id.encode() in row["body"]]
    assert len(rows) == 1
    for company, session in zip(companies, sessions, strict=True):

        async def notified(company: Company = company) -> list[dict[str, Any]]:
            events = (await company.admin.get("/api/events", limit=200)).json()
            return [event for event in events if event["type"] == "notification.created"]

        [event] = await until(notified)
        assert event["sessionId"] == session["id"]
        assert (event["data"]["kind"], event["data"]["role"]) == ("session.updates_unassigned", "ADMIN")


async def test_each_session_s_own_path_tells_them_apart(world: World) -> None:
    name, companies = f"w{uuid4().hex[:8]}", (await world.hub.company(), await world.hub.company())
    for company in companies:
        session = await a_session(world, company, name)
        id = await posted(world, name, f"/webhooks/waha/{session['id']}")
        [row] = [row for row in await world.inbox(session["id"]) if id.encode() in row["body"]]
        assert row["session_id"] is not None
