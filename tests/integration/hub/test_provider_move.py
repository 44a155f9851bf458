"""A number moves to another provider while messages wait: each is sent once, in the order of its chat.

Ten thousand of them, in minutes: MOVED_CHATS=500 MOVED_EACH=20 in the environment, and `pytest -s`."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, meta_number, now_s, until
from whatsapp_hub.adapters.memory.engine.ids import new_id
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.main.wiring.infrastructure import Part

CHATS, EACH = int(os.environ.get("MOVED_CHATS", "80")), int(os.environ.get("MOVED_EACH", "15"))
AT_META, LAST = 150, 250
PATIENCE_S = 60 + CHATS * EACH / 15
"""How many Meta sends before the first move, and about how many after the second: it takes 80 a second."""


async def fills(world: World, company: Company, session_id: str, phones: list[str]) -> None:
    """Queue EACH texts for each phone, numbered."""
    storage = await world.parts[Part.API].get(Storage)
    now = datetime.now(UTC)
    async with storage.tenant(TenantId(UUID(company.id))) as uow:
        sightings = [Sighting((Identity.phone(phone),), None) for phone in phones]
        met, _ = await uow.contacts.find_or_create(sightings, now)
        changes = Changes(uow, new_id, now)
        for phone, (contact, _) in zip(phones, met, strict=True):
            id, tenant = ConversationId(new_id()), TenantId(UUID(company.id))
            round_ = Conversation(id, tenant, SessionId(UUID(session_id)), contact.id, phone, now, now)
            changes.conversation(round_, new=True)
            for n in range(EACH):
                changes.outgoing(round_, Text(f"{n}"), "META")
        await changes.write()
        await uow.commit()


async def moves(number: Number, provider: str, **more: Any) -> dict[str, Any]:
    answer = await number.company.admin.post(f"/api/sessions/{number.id}/provider", {"provider": provider, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def settings_of(number: Number) -> dict[str, str]:
    return {
        "phoneNumberId": number.phone_number_id,
        "accessToken": "token",
        "appSecret": number.secret,
        "verifyToken": number.verify_token,
    }


async def left(world: World, session_id: str) -> int:
    found = await world.owner.fetchval("SELECT sum(queued) FROM hub.lanes WHERE session_id = $1", UUID(session_id))
    return int(found or 0)


async def arrived(world: World, number: Number) -> dict[str, list[str]]:
    """The texts of each phone in the order of their arrival, at Meta's or in the sandbox."""
    rows = await world.rows(
        "SELECT phone, text, extract(epoch FROM at)::float8 AS at FROM hub.sandbox_screens WHERE session_id = $1",
        UUID(number.id),
    )
    there = [(row["at"], row["phone"], row["text"]) for row in rows]
    ours = [s for s in world.graph.sent if s.phone_number_id == number.phone_number_id]
    there += [(s.at, s.to, s.body["text"]["body"]) for s in ours]
    found: dict[str, list[str]] = defaultdict(list)
    for _, phone, text in sorted(there):
        found[phone].append(text)
    return found


async def test_waiting_messages_move_to_the_sandbox_and_back(
    world: World, company: Company, record_property: Callable[[str, object], None]
) -> None:
    number = await meta_number(world, company, routing="none")
    phones = [a_phone() for _ in range(CHATS)]
    before = len(world.graph.sent)
    await fills(world, company, number.id, phones)

    async def begun() -> bool:
        return len(world.graph.sent) - before >= AT_META

    await until(begun, PATIENCE_S)
    there = await moves(number, "SANDBOX")
    assert (there["left"], there["provider"], there["isSending"]) == ("META", "SANDBOX", True)
    assert there["underWay"] == 0
    assert there["waiting"] > CHATS * EACH / 2

    async def nearly_done() -> bool:
        return await left(world, number.id) <= LAST

    await until(nearly_done, PATIENCE_S)
    back = await moves(number, "META", settings=settings_of(number))
    assert (back["left"], back["isSending"]) == ("SANDBOX", True)

    async def done() -> bool:
        return await left(world, number.id) == 0

    await until(done, PATIENCE_S)
    await world.settled(company)
    found = await arrived(world, number)
    assert sum(map(len, found.values())) == CHATS * EACH
    assert {phone: texts for phone, texts in found.items() if texts != [f"{n}" for n in range(EACH)]} == {}
    moved = await world.rows(
        "SELECT position FROM hub.events WHERE session_id = $1 AND type = 'session.moved'", UUID(number.id)
    )
    assert len(moved) == 2
    for name, one in (("there", there), ("back", back)):
        print(f"paused {name}: {one['pausedMs']} ms, {one['waiting']} waiting")
        record_property(f"paused_{name}_ms", one["pausedMs"])
        assert one["pausedMs"] < 32_000


async def test_receipts_and_messages_that_come_late_from_the_old_provider_arrive(
    world: World, company: Company
) -> None:
    number = await meta_number(world, company, routing="none")
    phone = a_phone()
    await number.writes(phone, "oi")
    sent = await number.answers(company.admin, phone, "resposta")
    stored = await number.message(sent["id"], status="SENT")
    moved = await moves(number, "SANDBOX")
    assert moved["webhookPath"] is None
    await number.receipt(stored["whatsapp_message_id"], phone, "delivered")
    await number.message(sent["id"], status="DELIVERED")
    late = f"wamid.{uuid4().hex}"
    body = number.body(meta.text_from(phone, late, "ainda chego", now_s()))
    assert (await number.post(body, f"/webhooks/whatsapp/{number.id}")).status_code == 200

    async def there() -> bool:
        return "ainda chego" in [m["content"] for m in await number.messages(phone)]

    await until(there)
    wrong = await number.post(body, secret="another")
    assert wrong.status_code == 401
    again = await number.answers(company.admin, phone, "pelo novo")
    await number.message(again["id"], status="READ")
    assert number.sent(phone) == ["resposta"]


async def test_another_company_neither_moves_nor_foresees(world: World, company: Company) -> None:
    session = await company.session(routing="none")
    other = await world.hub.company()
    elsewhere = {"provider": "META", "settings": {"phoneNumberId": "1", "accessToken": "t", "appSecret": "s"}}
    for more in ({}, {"dryRun": True}):
        refused = await other.admin.post(f"/api/sessions/{session['id']}/provider", {**elsewhere, **more})
        assert refused.status_code in (400, 404), refused.text
    shown = (await company.admin.get(f"/api/sessions/{session['id']}")).json()
    assert shown["provider"] == "SANDBOX"


async def test_refused_settings_change_nothing(world: World, company: Company) -> None:
    session = await company.session(routing="none")
    path = f"/api/sessions/{session['id']}/provider"
    settings = {"phoneNumberId": "77", "accessToken": meta.BAD_TOKEN, "appSecret": "s", "verifyToken": "v"}
    for body in ({"provider": "META", "settings": settings}, {"provider": "META", "settings": {"phoneNumberId": "7"}}):
        refused = await company.admin.post(path, body)
        assert refused.status_code == 400, refused.text
        assert refused.json()["errors"][0]["pointer"].startswith("/settings"), refused.text
    again = await company.admin.post(path, {"provider": "SANDBOX"})
    assert (again.status_code, again.json()["type"].rsplit(":")[-1]) == (409, "same_provider"), again.text
    shown = (await company.admin.get(f"/api/sessions/{session['id']}")).json()
    assert (shown["provider"], shown["status"]) == ("SANDBOX", "CONNECTED")


async def test_a_move_stands_in_the_record_of_changes_without_its_secrets(world: World, company: Company) -> None:
    session = await company.session(routing="none")
    settings = {"phoneNumberId": "31415", "accessToken": "sesame", "appSecret": "s3cret", "verifyToken": "v"}
    path = f"/api/sessions/{session['id']}/provider"
    moved = await company.admin.post(path, {"provider": "META", "settings": settings})
    assert moved.status_code == 200, moved.text
    assert moved.json()["webhookPath"] == f"/webhooks/whatsapp/{session['id']}"
    audit = (await company.admin.get("/api/audit", limit=50)).text
    assert "META" in audit
    assert "sesame" not in audit + moved.text
    assert "s3cret" not in audit + moved.text
