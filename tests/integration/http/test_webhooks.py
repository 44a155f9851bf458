"""`/api/webhooks`, sessions' own webhooks and the bodies of contracts C, D and F, over a whole hub."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from standardwebhooks import Webhook as Verifier

from tests.fakes.receiver import CUT, OK, FakeReceiver, Posted, status
from tests.integration.http.conftest import Company, RunningHub, eventually
from whatsapp_hub.adapters.providers.waha.plugin import Waha
from whatsapp_hub.application.ports.provider.events import MessageSeen


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver() as receiver:
        yield receiver


async def subscribe(company: Company, receiver: FakeReceiver, **more: Any) -> dict[str, Any]:
    made = await company.admin.post("/api/webhooks", {"url": receiver.url} | more)
    assert made.status_code == 201, made.text
    receiver.secret = made.json()["secret"]
    return dict(made.json())


async def taken(receiver: FakeReceiver, count: int) -> list[dict[str, Any]]:
    async def there() -> bool:
        return len(receiver.taken) >= count

    await eventually(there)
    assert receiver.refused_signatures == 0
    return [posted.json() for posted in receiver.taken]


async def test_a_subscription_from_its_making_to_its_end(company: Company, receiver: FakeReceiver) -> None:
    made = await subscribe(company, receiver, events=["session.*"])
    shown = (await company.admin.get(f"/api/webhooks/{made['id']}")).json()
    assert "secret" not in shown
    assert (
        shown.items() >= {"url": receiver.url, "format": "standard", "events": ["session.*"], "isActive": True}.items()
    )
    assert shown.items() >= {"receiver": "up", "failures": 0, "pending": 0, "sessionId": None}.items()
    session = await company.session()
    events = await taken(receiver, 3)
    assert events[0]["type"] == "session.created"
    assert {event["sessionId"] for event in events} == {session["id"]}
    assert set(events[0]) == {"id", "type", "position", "occurredAt", "tenantId", "sessionId", "data"}

    async def delivered() -> bool:
        listed = (await company.admin.get(f"/api/webhooks/{made['id']}/deliveries", state="delivered")).json()
        return len(listed) == len(receiver.taken)

    await eventually(delivered)
    page = await company.admin.get(f"/api/webhooks/{made['id']}/deliveries", limit=1)
    [newest] = page.json()
    assert (newest["type"], newest["tries"], newest["attempts"][0]["status"]) == (events[-1]["type"], 1, 200)
    older = await company.admin.get(
        f"/api/webhooks/{made['id']}/deliveries", limit=1, cursor=page.headers["X-Next-Cursor"]
    )
    assert older.json()[0]["position"] < newest["position"]
    assert (await company.admin.patch(f"/api/webhooks/{made['id']}", {"isActive": False})).json()["isActive"] is False
    await company.session()
    await company.customer_writes(session, "5511999990000", "oi")
    assert (await company.admin.delete(f"/api/webhooks/{made['id']}")).status_code == 204
    assert (await company.admin.get(f"/api/webhooks/{made['id']}")).status_code == 404
    assert len(receiver.taken) == len(events)


async def test_a_test_says_what_came_back(company: Company, receiver: FakeReceiver) -> None:
    made = await subscribe(company, receiver)
    answer = (await company.admin.post(f"/api/webhooks/{made['id']}/test")).json()
    assert (answer["delivered"], answer["status"], answer["error"]) == (True, 200, None)
    [event] = await taken(receiver, 1)
    assert (event["type"], event["data"]) == ("webhook.test", {"webhookId": made["id"]})
    receiver.answer = lambda _: status(418)
    answer = (await company.admin.post(f"/api/webhooks/{made['id']}/test")).json()
    assert (answer["delivered"], answer["status"]) == (False, 418)


async def test_headers_and_a_urls_credentials_go_with_every_post_and_are_never_shown(
    database_url: str, company: Company, receiver: FakeReceiver
) -> None:
    url = receiver.url.replace("http://", "http://n8n:pa%3Ass@")
    made = await subscribe(company, receiver, url=url, headers={"X-Key": "k-secret-1"})
    assert (made["url"], made["headers"]) == (receiver.url, ["authorization", "x-key"])
    await company.admin.post(f"/api/webhooks/{made['id']}/test")
    sent = receiver.posted[0].headers
    assert (sent["authorization"], sent["x-key"]) == ("Basic bjhuOnBhOnNz", "k-secret-1")

    path = f"/api/webhooks/{made['id']}"
    await company.admin.patch(path, {"isActive": True})  # what is not named stays
    await company.admin.patch(path, {"url": receiver.url + "/other"})
    await company.admin.post(f"{path}/test")
    assert (receiver.posted[1].path, receiver.posted[1].headers["x-key"]) == ("/hook/other", "k-secret-1")
    shown = await company.admin.patch(path, {"headers": {"X-New": "n-secret-2"}})
    assert shown.json()["headers"] == ["x-new"]
    await company.admin.post(f"{path}/test")
    assert "authorization" not in receiver.posted[2].headers

    owner = await asyncpg.connect(database_url)
    row = await owner.fetchrow("SELECT * FROM hub.webhooks WHERE id = $1", UUID(made["id"]))
    await owner.close()
    for told in (made, shown.json(), (await company.admin.get("/api/webhooks")).json(), dict(row)):
        assert not any(secret in str(told) for secret in ("k-secret", "n-secret", "pa%3Ass", "pa:ss", "bjhuOn"))


async def test_credentials_in_a_sessions_webhook_are_sent_and_never_shown(
    company: Company, receiver: FakeReceiver
) -> None:
    """Of an instance, of a session and of a bot alike, at its making and after."""
    url = receiver.url.replace("http://", "http://me:hidden@")
    body = {"user_id": "u1", "instance_name": f"i{uuid4().hex[:8]}", "webhook_url": url, "provider": "SANDBOX"}
    made = await company.admin.post("/instances/create", body)
    assert made.status_code == 201
    session = await company.session(routing="none")
    patched = await company.admin.patch(f"/api/sessions/{session['id']}", {"webhookUrl": url})
    assert patched.json()["webhookUrl"] == receiver.url
    bound = await company.admin.http.put(
        f"/api/sessions/{session['id']}/bot", json={"url": url}, headers=company.admin.headers
    )
    assert bound.json()["bot"]["url"] == receiver.url
    webhooks = (await company.admin.get("/api/webhooks")).json()
    assert {webhook["url"] for webhook in webhooks} == {receiver.url}
    assert [webhook["headers"] for webhook in webhooks] == [["authorization"]] * 3
    for webhook in webhooks:
        await company.admin.post(f"/api/webhooks/{webhook['id']}/test")
    assert {posted.headers["authorization"] for posted in receiver.posted} == {"Basic bWU6aGlkZGVu"}
    events = (await company.admin.get("/api/events", limit=200)).json()
    assert events
    sessions = (await company.admin.get("/api/sessions")).json()
    assert "hidden" not in str((made.json(), patched.json(), bound.json(), events, sessions))


async def test_while_a_secret_changes_both_verify(company: Company, receiver: FakeReceiver) -> None:
    made = await subscribe(company, receiver)
    changed = await company.admin.post(f"/api/webhooks/{made['id']}/secret", {})
    assert changed.status_code == 200
    await company.admin.post(f"/api/webhooks/{made['id']}/test")
    [posted] = receiver.taken
    for secret in (made["secret"], changed.json()["secret"]):
        Verifier(secret).verify(posted.body, posted.headers)
    own = "whsec_" + "Q" * 44
    assert (await company.admin.post(f"/api/webhooks/{made['id']}/secret", {"secret": own})).json()["secret"] == own


async def test_one_delivery_and_a_range_are_replayed_with_the_same_ids(
    company: Company, receiver: FakeReceiver
) -> None:
    before = (await company.admin.get("/api/events", limit=200)).json()
    start = before[-1]["position"] if before else 0
    missed = await company.session()

    async def logged() -> bool:
        listed = (await company.admin.get("/api/events", after=start)).json()
        return any(event["type"] == "session.connected" for event in listed)

    await eventually(logged)
    made = await subscribe(company, receiver, events=["session.created"])
    await company.session()
    [first] = await taken(receiver, 1)

    async def delivered() -> bool:
        listed = (await company.admin.get(f"/api/webhooks/{made['id']}/deliveries", state="delivered")).json()
        return len(listed) == len({posted.id for posted in receiver.taken})

    await eventually(delivered)
    [record] = (await company.admin.get(f"/api/webhooks/{made['id']}/deliveries")).json()
    again = await company.admin.post(f"/api/webhooks/deliveries/{record['id']}/replay")
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert (await taken(receiver, 2))[1] == first
    await eventually(delivered)
    answer = await company.admin.post(f"/api/webhooks/{made['id']}/replay", {"after": start})
    assert (answer.status_code, answer.json()["replayed"]) == (202, 2)
    events = await taken(receiver, 4)
    assert {event["sessionId"] for event in events[2:]} == {missed["id"], first["sessionId"]}
    assert len({posted.id for posted in receiver.taken}) == 2
    bad = await company.admin.post(f"/api/webhooks/{made['id']}/replay", {"after": 10**12})
    assert bad.status_code == 410
    assert (await company.admin.post(f"/api/webhooks/{made['id']}/replay", {"after": 5, "upto": 4})).status_code == 400
    assert (await company.admin.post("/api/webhooks/deliveries/999999999/replay")).status_code == 404


async def test_what_is_not_acceptable_is_refused_by_its_field(company: Company) -> None:
    for body, pointer in (
        ({"url": "ftp://x/"}, "/url"),
        ({"url": "http://example.com/#part"}, "/url"),
        ({"url": "http://example.com/", "headers": {"Connection": "close"}}, "/headers/Connection"),
        ({"url": "http://example.com/", "headers": {"webhook-id": "x"}}, "/headers/webhook-id"),
        ({"url": "http://a:b@example.com/", "headers": {"Authorization": "x"}}, "/headers/authorization"),
        ({"url": "http://example.com/", "events": ["message.unheard"]}, "/events/0"),
        ({"url": "http://example.com/", "format": "flat", "events": ["*", "conversation.*"]}, "/events/1"),
        ({"url": "http://example.com/", "secret": "short"}, "/secret"),
        ({"url": "http://example.com/", "sessionId": str(uuid4())}, "/sessionId"),
        ({"url": "http://example.com/", "format": "xml"}, "/format"),
        ({"events": []}, "/url"),
    ):
        refused = await company.admin.post("/api/webhooks", body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer), body


async def test_webhooks_are_the_administrators_and_nobody_elses(
    running: RunningHub, company: Company, receiver: FakeReceiver
) -> None:
    made = await subscribe(company, receiver)
    agent, stranger = await company.agent(), (await running.company()).admin
    assert (await agent.get("/api/webhooks")).status_code == 403
    assert (await agent.post("/api/webhooks", {"url": receiver.url})).status_code == 403
    assert (await stranger.get("/api/webhooks")).json() == []
    session = await company.session()
    await taken(receiver, 1)
    [record, *_] = (await company.admin.get(f"/api/webhooks/{made['id']}/deliveries")).json()
    for path in (f"/api/webhooks/{made['id']}", f"/api/webhooks/{made['id']}/deliveries"):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.patch(f"/api/webhooks/{made['id']}", {"isActive": False})).status_code == 404
    assert (await stranger.delete(f"/api/webhooks/{made['id']}")).status_code == 404
    for path in (f"{made['id']}/test", f"{made['id']}/secret", f"deliveries/{record['id']}/replay"):
        assert (await stranger.post(f"/api/webhooks/{path}", {})).status_code == 404
    theirs = {"url": receiver.url, "sessionId": session["id"]}
    assert (await stranger.post("/api/webhooks", theirs)).status_code == 400


async def test_an_instance_posts_the_body_of_contract_c(company: Company, receiver: FakeReceiver) -> None:
    body = {"user_id": "u1", "instance_name": f"i{uuid4().hex[:8]}", "webhook_url": receiver.url, "provider": "SANDBOX"}
    made = await company.admin.post("/instances/create", body)
    assert made.status_code == 201, made.text
    receiver.secret = made.json()["webhook_secret"]
    assert receiver.secret.startswith("whsec_")
    await company.customer_writes(made.json(), "5511999990001", "Olá", "Ana")
    [event] = await taken(receiver, 1)
    message = event.pop("message")
    assert event == {"event": "message", "instance_id": made.json()["id"], "instance_name": body["instance_name"]}
    assert set(message) == {
        *("id", "from", "push_name", "type", "text", "media_url", "timestamp", "from_me", "is_group"),
    }
    assert message.items() >= {"from": "5511999990001", "push_name": "Ana", "text": "Olá", "from_me": False}.items()
    refused = await company.admin.post("/instances/create", {**body, "instance_name": "x", "webhook_url": "nonsense"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/webhook_url")


async def test_a_sessions_own_webhook_follows_its_session(company: Company, receiver: FakeReceiver) -> None:
    session = await company.session(routing="none")
    path = f"/api/sessions/{session['id']}"
    patched = await company.admin.patch(path, {"webhookUrl": receiver.url, "webhookFormat": "flat"})
    assert (patched.status_code, patched.json()["webhookUrl"]) == (200, receiver.url)
    await company.customer_writes(session, "5511999990002", "um")
    assert await taken(receiver, 1) == [{"sessionId": session["sessionId"], "from": "5511999990002", "message": "um"}]
    [own] = (await company.admin.get("/api/webhooks")).json()
    assert (own["ofSession"], own["sessionId"], own["format"]) == (True, session["id"], "flat")
    receiver.secret = (await company.admin.post(f"/api/webhooks/{own['id']}/secret", {})).json()["secret"]
    await company.admin.patch(path, {"webhookFormat": "waha"})
    await company.customer_writes(session, "5511999990002", "dois")
    await taken(receiver, 2)
    assert receiver.taken[1].json()["event"] == "message"
    assert (await company.admin.patch(path, {"webhookUrl": ""})).json()["webhookUrl"] is None
    assert (await company.admin.get("/api/webhooks")).json() == []
    assert (await company.admin.patch(path, {"webhookUrl": "x"})).status_code == 400
    await company.admin.patch(path, {"webhookUrl": receiver.url})
    [own] = (await company.admin.get("/api/webhooks")).json()
    assert (await company.admin.delete(f"/api/webhooks/{own['id']}")).status_code == 204
    assert (await company.admin.get(path)).json()["webhookUrl"] is None
    await company.admin.patch(path, {"webhookUrl": receiver.url})
    assert (await company.admin.delete(path)).status_code == 204
    assert (await company.admin.get("/api/webhooks")).json() == []


async def test_a_client_of_waha_understands_the_waha_format(company: Company, receiver: FakeReceiver) -> None:
    """The hub is such a client itself: its own WAHA provider reads what its webhook says."""
    session = await company.session(routing="none")
    secret = (await subscribe(company, receiver, format="waha", sessionId=session["id"]))["secret"]
    await company.customer_writes(session, "5511999990003", "Olá", "Ana")

    async def there() -> bool:
        return any(posted.json()["event"] == "message" for posted in receiver.taken)

    await eventually(there)
    [posted] = [p for p in receiver.taken if p.json()["event"] == "message"]
    plugin = Waha(lambda: datetime.now(UTC))
    given = {"url": "http://x", "apiKey": "k", "session": session["sessionId"], "hmacKey": secret}
    settings = plugin.decode_settings(given)
    assert plugin.webhooks.verify(settings, posted.headers, posted.body)
    [update] = plugin.webhooks.split(posted.body)
    assert update.routes == plugin.routes(settings)
    [seen] = plugin.translate(update.body)
    assert isinstance(seen, MessageSeen)
    assert (seen.content.text, seen.from_me, seen.chat) == ("Olá", False, "5511999990003@c.us")


async def test_a_flow_that_dies_before_it_answers_runs_again_and_sends_nothing_twice(
    company: Company, receiver: FakeReceiver
) -> None:
    """The recipe of docs/n8n.md: the flow sends, is killed, runs again with the same key."""
    runs: list[asyncio.Task[Any]] = []

    def flow(posted: Posted) -> bytes:
        body = {"conversationId": posted.json()["data"]["message"]["conversationId"], "content": "resposta"}
        send = company.admin.post("/api/messages/send", body, **{"Idempotency-Key": posted.headers["webhook-id"]})
        runs.append(asyncio.create_task(send))
        return CUT if len(runs) == 1 else OK

    receiver.answer = flow
    session = await company.session(routing="none")
    await subscribe(company, receiver, events=["message.received"])
    await company.customer_writes(session, "5511999990005", "oi")
    await taken(receiver, 1)
    answers = [await run for run in runs]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 1

    async def shown() -> bool:
        screen = await company.admin.get(f"/sandbox/{session['id']}/phones/5511999990005/messages")
        return [m["text"] for m in screen.json() if m["direction"] == "OUTBOUND"] == ["resposta"]

    await eventually(shown)


@pytest.mark.parametrize("code", [500, 410])
async def test_how_a_receiver_fares_is_shown(company: Company, receiver: FakeReceiver, code: int) -> None:
    receiver.answer = lambda _: status(code)
    made = await subscribe(company, receiver, events=["session.created"])

    async def shown() -> bool:
        """Down after failures of five moments, however many events failed in each."""
        await company.session()
        await asyncio.sleep(0.2)
        now = (await company.admin.get(f"/api/webhooks/{made['id']}")).json()
        return (now["isActive"], now["receiver"]) == ((True, "down") if code == 500 else (False, "up"))

    await eventually(shown)
    receiver.answer = lambda _: OK
    again = (await company.admin.patch(f"/api/webhooks/{made['id']}", {"isActive": True})).json()
    assert (again["isActive"], again["endedReason"]) == (True, None)
