"""A company keeps what customers left for as long as it says, by kind (docs/privacy.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.integration.http.conftest import Company
from tests.integration.hub.test_media import send as send_file
from tests.integration.hub.world import Number, World, a_phone
from whatsapp_hub.application.privacy.keep_retention import KeepRetention
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.wiring.infrastructure import Part

AGES = (
    ("pooled.conversations", "updated_at"),
    ("pooled.conversations", "created_at"),
    ("pooled.messages", "created_at"),
    ("pooled.media", "created_at"),
    ("hub.events", "occurred_at"),
    ("hub.audit", "at"),
    ("hub.inbox", "received_at"),
)


async def grows_old(world: World, company: Company, days: int) -> None:
    for table, column in AGES:
        aged = f"UPDATE {table} SET {column} = {column} - make_interval(days => $2) WHERE tenant_id = $1"
        await world.owner.execute(aged, UUID(company.id), days)


async def keeps(company: Company, **days: int | None) -> dict[str, Any]:
    body = {"retention": {f"{kind}Days": value for kind, value in days.items()}}
    answer = await company.admin.patch("/api/companies/me", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["retention"])


async def trimmed(world: World, company: Company) -> None:
    keep: KeepRetention = await world.parts[Part.WORKER].get(KeepRetention)
    await keep(TenantId(UUID(company.id)))


async def counts(world: World, company: Company) -> dict[str, int]:
    """What is there and says something."""
    asked = {
        "conversations": "pooled.conversations WHERE true",
        "messages": "pooled.messages WHERE true",
        "media": "pooled.media WHERE true",
        "events": "hub.events WHERE body <> '{}'",
        "audit": "hub.audit WHERE true",
        "updates": "hub.inbox WHERE body <> ''",
    }
    return {
        kind: await world.owner.fetchval(f"SELECT count(*) FROM {what} AND tenant_id = $1", UUID(company.id))
        for kind, what in asked.items()
    }


async def a_closed_and_an_open_round(world: World, company: Company, number: Number) -> None:
    for phone, is_closed in ((a_phone(), True), (a_phone(), False)):
        await number.writes(phone, "oi")
        await world.settled(company)
        conversation = await number.conversation(phone)
        at = f"/api/conversations/{conversation['id']}"
        assert (await company.admin.post(f"{at}/assign")).status_code == 200
        assert (await company.admin.post(f"{at}/notes", {"content": "a note"})).status_code == 201
        png = (f"{phone}.png", b"\x89PNG" + phone.encode(), "image/png")
        assert (await send_file(company.admin, conversation, png)).status_code == 202
        await world.settled(company)
        if is_closed:
            assert (await company.admin.post(f"{at}/resolve")).status_code == 200
            await world.settled(company)


@pytest.mark.parametrize(
    ("kind", "days", "touched"),
    [
        ("conversations", 5, {"conversations", "messages", "media"}),
        ("messages", 5, {"messages", "media"}),
        ("media", 5, {"media"}),
        ("events", 5, {"events"}),
        ("audit", 30, {"audit"}),
        ("updates", 5, {"updates"}),
    ],
)
async def test_a_kind_goes_when_it_is_old_and_nothing_else_does(
    world: World, company: Company, number: Number, kind: str, days: int, touched: set[str]
) -> None:
    await a_closed_and_an_open_round(world, company, number)
    assert (await keeps(company, **{kind: days}))[f"{kind}Days"] == days
    other = await world.hub.company()
    await keeps(other, **{kind: days})
    before = await counts(world, company)
    assert all(before.values())
    await trimmed(world, company)
    assert await counts(world, company) == before
    await grows_old(world, company, days + 1)
    await trimmed(world, other)
    assert await counts(world, company) == before
    for _ in range(2):
        await trimmed(world, company)
    after = await counts(world, company)
    assert {name for name in after if after[name] < before[name]} == touched
    if kind == "conversations":  # the open one stays whole
        assert after["conversations"] == 1
        assert after["media"] == 1


async def test_positions_and_keys_stay(world: World, company: Company, number: Number) -> None:
    phone, wamid = a_phone(), await number.writes(a_phone(), "oi")
    await world.settled(company)
    await keeps(company, events=2, updates=1)
    sizes = """SELECT (SELECT count(*) FROM hub.events WHERE tenant_id = $1),
      (SELECT count(*) FROM hub.inbox WHERE tenant_id = $1)"""
    before = await world.owner.fetchrow(sizes, UUID(company.id))
    await grows_old(world, company, 3)
    await trimmed(world, company)
    assert await world.owner.fetchrow(sizes, UUID(company.id)) == before
    await number.writes(phone, "again", id=wamid)
    assert await world.owner.fetchrow(sizes, UUID(company.id)) == before
    shown = (await company.admin.get("/api/events", limit=200)).json()
    assert {event["type"] for event in shown} == {"event.erased"}


async def test_what_waits_to_be_sent_stays(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    await number.writes(phone, "oi")
    await world.settled(company)
    await world.owner.execute("UPDATE hub.paces SET hold_until = 'infinity' WHERE session_id = $1", UUID(number.id))
    conversation = await number.conversation(phone)
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/assign")).status_code == 200
    png = ("waits.png", b"\x89PNG" + phone.encode(), "image/png")
    assert (await send_file(company.admin, conversation, png)).status_code == 202
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/resolve")).status_code == 200
    await keeps(company, conversations=1, messages=1, media=1)
    await grows_old(world, company, 9)
    await trimmed(world, company)
    after = await counts(world, company)
    assert (after["conversations"], after["media"]) == (1, 1)
    assert after["messages"] >= 1


async def test_a_conversation_in_which_a_message_waits_for_its_time_stays(
    world: World, company: Company, number: Number
) -> None:
    phone = a_phone()
    await number.writes(phone, "oi")
    await world.settled(company)
    conversation = await number.conversation(phone)
    at = datetime.now(UTC) + timedelta(hours=1)
    later = {"conversationId": conversation["id"], "content": "x", "sendAt": at.isoformat()}
    waits = await company.admin.post("/api/messages/send", later)
    assert waits.status_code == 202, waits.text
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/resolve")).status_code == 200
    await keeps(company, conversations=1)
    await grows_old(world, company, 9)
    await trimmed(world, company)
    assert (await counts(world, company))["conversations"] == 1
    assert (await company.admin.delete(f"/api/messages/scheduled/{waits.json()['id']}")).status_code == 204
    await trimmed(world, company)
    assert (await counts(world, company))["conversations"] == 0


async def test_a_file_that_no_message_carries_goes_after_a_day(world: World, company: Company, number: Number) -> None:
    await a_closed_and_an_open_round(world, company, number)
    await world.owner.execute("DELETE FROM pooled.messages WHERE tenant_id = $1", UUID(company.id))
    await trimmed(world, company)
    assert (await counts(world, company))["media"] == 2
    await grows_old(world, company, 2)
    await trimmed(world, company)
    assert (await counts(world, company))["media"] == 0
    assert await world.owner.fetchval("SELECT bytes FROM hub.media_use WHERE tenant_id = $1", UUID(company.id)) == 0


async def test_bounds_are_said_by_field_and_null_brings_ours_back(company: Company) -> None:
    body = {"retention": {"messagesDays": 0, "auditDays": 29}}
    refused = await company.admin.patch("/api/companies/me", body)
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/retention/messagesDays",
        "/retention/auditDays",
    ]
    assert (await keeps(company, messages=7, audit=365))["auditDays"] == 365
    assert await keeps(company, messages=None) == {
        "conversationsDays": None,
        "messagesDays": None,
        "mediaDays": None,
        "eventsDays": None,
        "auditDays": 365,
        "updatesDays": None,
    }
    assert (await company.admin.patch("/api/companies/me", {"retention": {"other": 1}})).status_code == 400
    agent = await company.agent()
    assert (await agent.patch("/api/companies/me", {"retention": {"messagesDays": 7}})).status_code == 403
    [entry, *_] = (await company.admin.get("/api/audit", entity="company")).json()
    assert set(entry["after"]) == {"retention"}
