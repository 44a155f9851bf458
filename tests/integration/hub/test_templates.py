"""A session's catalogue over HTTP: fetched page by page, changed by webhooks, checked and shown in messages."""

from __future__ import annotations

import json
from typing import Any

import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, meta_number, until

BODY = {"type": "BODY", "text": "Olá {{1}}, seu pedido {{2}} chegou."}


def known(id: str, name: str, **more: Any) -> dict[str, Any]:
    usual = {"language": "pt_BR", "status": "APPROVED", "category": "UTILITY", "components": [BODY]}
    return {"id": id, "name": name, **usual, **more}


@pytest_asyncio.fixture
async def gateway(world: World, company: Company) -> Number:
    """A Meta number whose account has three templates, in two pages, synchronised."""
    number = await meta_number(world, company, routing="none")
    account = f"9{number.phone_number_id}"
    answer = await company.admin.patch(f"/api/sessions/{number.id}", {"settings": {"businessAccountId": account}})
    assert answer.status_code == 200, answer.text
    world.graph.templates = [known("1", "pedido"), known("2", "aviso", status="PAUSED"), known("3", "tchau")]
    answer = await company.admin.post("/api/templates/sync", {"sessionId": number.id})
    assert answer.json() == {"found": 3, "removed": 0}, answer.text
    return number


def parameters(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]}]


async def test_a_template_is_listed_checked_sent_and_shown_as_the_customer_sees_it(
    world: World, company: Company, gateway: Number
) -> None:
    admin = company.admin
    listed = (await admin.get("/api/templates", status="APPROVED", search="PEDIDO", sessionId=gateway.id)).json()
    assert [one["name"] for one in listed] == ["pedido", "tchau"]
    assert [place["name"] for place in listed[0]["places"]] == ["1", "2"]
    first = await admin.get("/api/templates", limit=1)
    second = await admin.get("/api/templates", limit=2, cursor=first.headers["x-next-cursor"])
    assert [one["name"] for page in (first, second) for one in page.json()] == ["aviso", "pedido", "tchau"]
    shown = await admin.post(f"/api/templates/{listed[0]['id']}/preview", {"components": parameters("Ana")})
    assert [e["pointer"] for e in shown.json()["errors"]] == ["/components/0/parameters"]

    phone = a_phone()
    template = {"name": "pedido", "language": "pt_BR", "components": parameters("Ana")}
    refused = await admin.post("/api/conversations", {"sessionId": gateway.id, "to": phone, "template": template})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/template/components/0/parameters")
    template["components"] = parameters("Ana", "17")
    made = await admin.post("/api/conversations", {"sessionId": gateway.id, "to": phone, "template": template})
    assert made.status_code == 201, made.text
    await world.settled(company)
    [sent] = [s for s in world.graph.sent if s.to == phone]
    assert sent.body["template"]["components"] == parameters("Ana", "17")
    assert (await gateway.conversation(phone))["lastMessage"]["preview"] == "Olá Ana, seu pedido 17 chegou."
    [message] = await gateway.messages(phone)
    assert (message["content"], message["data"]["name"]) == ("Olá Ana, seu pedido 17 chegou.", "pedido")


async def test_a_text_after_the_window_is_answered_with_what_may_be_sent(
    world: World, company: Company, gateway: Number
) -> None:
    phone = a_phone()
    await gateway.writes(phone, "Oi")
    conversation = await gateway.conversation(phone)
    await world.owner.execute(
        "UPDATE pooled.conversations SET window_closes_at = '2026-01-02T03:04:05Z' WHERE id = $1", conversation["id"]
    )
    body = {"conversationId": conversation["id"], "content": "Bom dia"}
    problem = (await company.admin.post("/api/messages/send", body)).json()
    assert (problem["status"], problem["type"]) == (422, "urn:whatsapp-hub:problem:window_closed")
    assert problem["closedAt"] == "2026-01-02T03:04:05Z"
    assert problem["templates"] == [{"name": name, "language": "pt_BR"} for name in ("pedido", "tchau")]


async def test_webhooks_change_the_catalogue(world: World, company: Company, gateway: Number) -> None:
    names = {"message_template_name": "pedido", "message_template_language": "pt_BR", "message_template_id": 1}
    news = {"event": "PAUSED", "reason": "NONE", **names}
    change = {"field": "message_template_status_update", "value": news}
    entry = {"id": f"9{gateway.phone_number_id}", "time": 1780000000, "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    answer = await gateway.post(body)
    assert answer.status_code == 200

    async def paused() -> bool:
        found = (await company.admin.get("/api/templates", status="PAUSED")).json()
        return [one["name"] for one in found] == ["aviso", "pedido"]

    await until(paused)


async def test_one_is_created_and_deleted_and_the_record_of_changes_says_who(
    world: World, company: Company, gateway: Number
) -> None:
    draft = {"sessionId": gateway.id, "name": "novo", "language": "en", "category": "UTILITY", "components": [BODY]}
    made = (await company.admin.post("/api/templates", draft)).json()
    assert (made["status"], made["providerId"]) == ("PENDING", "703")
    assert (await company.admin.post("/api/templates", draft)).json()["type"].endswith("template_exists")
    assert (await company.admin.delete(f"/api/templates/{made['id']}")).status_code == 204
    assert [t["name"] for t in world.graph.templates] == ["pedido", "aviso", "tchau"]
    told = (await company.admin.get("/api/audit", entity="template")).json()
    assert [(one["change"], one["entityId"]) for one in told] == [("delete", made["id"]), ("create", made["id"])]
