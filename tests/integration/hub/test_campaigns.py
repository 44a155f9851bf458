"""Campaigns of a Meta number over HTTP: made, sent, counted with receipts and charges, recorded; opt-outs by a word."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, meta_number, until

BODY = {"type": "BODY", "text": "Olá {{1}}, promoção!"}
OFFER = {"name": "oferta", "language": "pt_BR", "status": "APPROVED", "category": "MARKETING", "components": [BODY]}
NAMED = [{"type": "body", "parameters": [{"type": "text", "text": "{{fields.apelido|cliente}}"}]}]

WITH_NUL = [{"type": "body", "parameters": [{"type": "text", "text": "\0"}]}]


@pytest_asyncio.fixture
async def gateway(world: World, company: Company) -> Number:
    """A Meta number whose account has one template."""
    number = await meta_number(world, company, routing="none")
    account = {"settings": {"businessAccountId": f"9{number.phone_number_id}"}}
    assert (await company.admin.patch(f"/api/sessions/{number.id}", account)).status_code == 200
    world.graph.templates = [{"id": "1", **OFFER}]
    synchronised = await company.admin.post("/api/templates/sync", {"sessionId": number.id})
    assert synchronised.json()["found"] == 1, synchronised.text
    return number


async def imported(company: Company, n: int) -> dict[str, str]:
    """Contacts with a label, by phone."""
    phones = [a_phone() for _ in range(n)]
    table = "phone,name,labels,apelido\n" + "".join(f"+{p},,vip,{'Bia' if p == phones[0] else ''}\n" for p in phones)
    admin = company.admin
    answer = await admin.http.post("/api/contacts/csv", content=table, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    listed = (await admin.get("/api/contacts", label="vip", limit=200)).json()
    return {one["phoneNumber"].lstrip("+"): one["id"] for one in listed}


def campaign(number: Number, **more: Any) -> dict[str, Any]:
    template = {"name": "oferta", "language": "pt_BR", "components": NAMED}
    return {"name": "Natal", "sessionId": number.id, "template": template, "audience": {"labels": ["VIP"]}, **more}


async def over(company: Company, id: str) -> dict[str, Any]:
    async def done() -> Any:
        found = (await company.admin.get(f"/api/campaigns/{id}")).json()
        return found if found["campaign"]["status"] == "COMPLETED" and not found["counts"]["queued"] else None

    return dict(await until(done))


async def test_everyone_gets_it_once_and_it_is_counted_and_recorded(
    world: World, company: Company, gateway: Number
) -> None:
    admin, people = company.admin, await imported(company, 12)
    left_out, *_ = people
    opted = await admin.post(f"/api/contacts/{people[left_out]}/opt-out")
    assert (opted.json()["optedOut"]["reason"], opted.json()["optedOut"]["detail"]) == ("hand", None)
    assert [c["id"] for c in (await admin.get("/api/contacts", optedOut="true")).json()] == [people[left_out]]
    made = await admin.post("/api/campaigns", campaign(gateway))
    assert made.status_code == 201, made.text
    assert made.json()["audience"] == {"matched": 12, "receive": 11, "optedOut": 1, "blocked": 0, "groups": 0}
    id = made.json()["campaign"]["id"]
    started = await admin.post(f"/api/campaigns/{id}/start")
    assert (started.status_code, started.json()["status"]) == (200, "RUNNING")
    counts = (await over(company, id))["counts"]
    assert (counts["recipients"], counts["sent"], counts["skipped"]) == (12, 11, 1)
    assert counts["reasons"] == {"opted_out": 1}
    got = Counter(s.to.lstrip("+") for s in world.graph.sent if s.body.get("type") == "template")
    assert got == dict.fromkeys(people.keys() - {left_out}, 1)
    page = await admin.get(f"/api/campaigns/{id}/recipients", state="SKIPPED")
    assert [(r["contactId"], r["reason"]) for r in page.json()] == [(people[left_out], "opted_out")]
    first = await admin.get(f"/api/campaigns/{id}/recipients", limit=8)
    second = await admin.get(f"/api/campaigns/{id}/recipients", limit=8, cursor=first.headers["x-next-cursor"])
    assert len({r["contactId"] for r in [*first.json(), *second.json()]}) == 12
    assert (await admin.post(f"/api/campaigns/{id}/start")).status_code == 409
    assert (await admin.delete(f"/api/campaigns/{id}")).status_code == 204
    assert (await admin.get(f"/api/campaigns/{id}")).status_code == 404
    told = (await admin.get("/api/audit", entity="campaign")).json()
    assert [one["change"] for one in told] == ["delete", "update", "create"]


async def test_what_is_refused_names_its_field(company: Company, gateway: Number) -> None:
    admin = company.admin
    sandbox = await company.session()
    refused = await admin.post("/api/campaigns", campaign(gateway, sessionId=sandbox["id"]))
    assert (refused.status_code, "templates" in refused.text) == (422, True)
    for body, pointer in (
        (campaign(gateway, audience={}), "/audience"),
        (campaign(gateway, audience={"contactIds": [sandbox["id"]]}), "/audience/contactIds"),
        (campaign(gateway, template={"name": "nope", "language": "pt_BR"}), "/template/name"),
        (campaign(gateway, template={"name": "oferta", "language": "pt_BR"}), "/template/components"),
        (campaign(gateway, name=" "), "/name"),
        (campaign(gateway, audience={"fields": {"a": "x" * 1001}}), "/audience/fields/a"),
        (campaign(gateway, audience={"fields": {"a": "\0"}}), "/audience/fields/a"),
        (campaign(gateway, template={"name": "a\0", "language": "pt_BR"}), "/template/name"),
        (campaign(gateway, template={"name": "oferta", "language": "p\0"}), "/template/language"),
        (
            campaign(gateway, template={"name": "oferta", "language": "pt_BR", "components": WITH_NUL}),
            "/template/components/0/parameters/0/text",
        ),
        (campaign(gateway, dailyLimit=0), "/dailyLimit"),
        (campaign(gateway, startAt="2020-01-01T00:00:00Z"), "/startAt"),
    ):
        answer = await admin.post("/api/campaigns", body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer), answer.text
    assert (await admin.get("/api/campaigns")).json() == []


async def test_a_word_after_a_campaign_is_confirmed_and_an_alarm_pauses_the_next(
    world: World, company: Company, gateway: Number
) -> None:
    admin, people = company.admin, await imported(company, 1)
    [(phone, contact)] = people.items()
    made = (await admin.post("/api/campaigns", campaign(gateway))).json()["campaign"]
    await admin.post(f"/api/campaigns/{made['id']}/start")
    await over(company, made["id"])
    await gateway.writes(phone, "Sair")

    async def confirmed() -> bool:
        return any("VOLTAR" in json.dumps(s.body, ensure_ascii=False) for s in world.graph.sent if s.to.endswith(phone))

    await until(confirmed)
    shown = (await admin.get(f"/api/contacts/{contact}")).json()["optedOut"]
    assert (shown["reason"], shown["detail"]) == ("word", "sair")
    assert (await admin.post(f"/api/contacts/{contact}/opt-in")).json()["optedOut"] is None
    later = (await admin.post("/api/campaigns", campaign(gateway, dailyLimit=1))).json()["campaign"]
    await imported(company, 2)
    await admin.post(f"/api/campaigns/{later['id']}/start")
    value = {"display_phone_number": "551140001000", "event": "FLAGGED", "current_limit": "TIER_250"}
    change = {"field": "phone_number_quality_update", "value": value}
    entry = {"id": f"9{gateway.phone_number_id}", "time": 1780000000, "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    assert (await gateway.post(body)).status_code == 200

    async def paused() -> Any:
        found = (await admin.get(f"/api/campaigns/{later['id']}")).json()["campaign"]
        return found["pauseReason"]

    assert await until(paused) == "number_quality"
    assert (await admin.post(f"/api/campaigns/{later['id']}/resume")).json()["status"] == "RUNNING"
    assert (await admin.post(f"/api/campaigns/{later['id']}/cancel")).json()["status"] == "CANCELLED"
