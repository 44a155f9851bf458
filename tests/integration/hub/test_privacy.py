"""Personal data of one customer: everything that is kept is given out, and can be erased without a trace."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.test_media import send as send_file
from tests.integration.hub.world import Number, World, a_phone, a_wamid, meta_number, now_s, until, waha_number

COLUMNS = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"""


def spelled(mark: str) -> list[str]:
    """As text, as the hexadecimal digits of a bytea, and inside base64, wherever it begins."""
    raw = mark.encode()
    inside = [base64.b64encode(b"\0" * n + raw).decode()[4 if n else 0 : -4] for n in range(3)]
    return [mark, raw.hex(), *(text for text in inside if len(text) > 8)]


async def found(world: World, *marks: str) -> list[str]:
    """The tables that have one of these in any column, whatever its type."""
    wanted = [text for mark in marks for text in spelled(mark)]
    places = []
    for table in await world.rows(COLUMNS):
        marked = "EXISTS (SELECT FROM unnest($1::text[]) m WHERE position(m IN t::text) > 0)"
        if await world.owner.fetchval(f"SELECT count(*) FROM {table['name']} t WHERE {marked}", wanted):
            places.append(table["name"])
    return places


async def contact_of(company: Company, phone: str) -> dict[str, Any]:
    async def there() -> list[dict[str, Any]]:
        return list((await company.admin.get("/api/contacts", search=phone)).json())

    [contact] = await until(there)
    return contact


async def erased(company: Company, contact: dict[str, Any]) -> dict[str, Any]:
    begun = await company.admin.post(f"/api/contacts/{contact['id']}/erase", {"confirm": contact["id"]})
    assert begun.status_code == 202, begun.text

    async def finished() -> dict[str, Any] | None:
        shown = (await company.admin.get(f"/api/erasures/{begun.json()['id']}")).json()
        return dict(shown) if shown["state"] == "finished" else None

    proof = await until(finished)
    assert proof
    return proof


class Plant:
    """Marks in every place where a customer's data comes to stand."""

    def __init__(self) -> None:
        self.phone, self.word, self.name = a_phone(), f"Wort{uuid4().hex}", f"Name{uuid4().hex}"
        self.file, self.lid = f"File{uuid4().hex}", f"{uuid4().int % 10**14:014d}9"

    @property
    def marks(self) -> tuple[str, ...]:
        return self.phone, self.phone[:4] + self.phone[5:], self.word, self.name, self.file, self.lid

    async def __call__(self, world: World, company: Company, number: Number) -> None:
        await self._receiver(company)
        await self._messages(world, company, number)
        await self._waha(world, company)
        await self._work(world, company, number)
        sandbox = await company.session(routing="none")
        await company.customer_writes(sandbox, self.phone, self.word, self.name)
        await world.settled(company)
        there = await company.conversation(sessionId=sandbox["id"])
        answer = {"conversationId": there["id"], "content": self.word}
        assert (await company.admin.post("/api/messages/send", answer)).status_code == 202
        await world.settled(company)
        await self._waits(world, company, number)

    async def _receiver(self, company: Company) -> None:
        """One that is never there: deliveries wait."""
        made = await company.admin.post("/api/webhooks", {"url": "https://hooks.example.org/x", "events": ["*"]})
        assert made.status_code == 201, made.text

    async def _messages(self, world: World, company: Company, number: Number) -> None:
        first = a_wamid()
        contacts = [{"wa_id": self.phone, "profile": {"name": self.name}}]
        body = number.body(meta.text_from(self.phone, first, self.word, now_s()), contacts=contacts)
        assert (await number.post(body)).status_code == 200
        await number.post(
            number.body(
                {
                    "from": self.phone,
                    "id": a_wamid(),
                    "timestamp": str(now_s()),
                    "type": "reaction",
                    "reaction": {"message_id": first, "emoji": "👍"},
                }
            )
        )
        await number.post(
            number.body(
                {
                    "from": self.phone,
                    "id": a_wamid(),
                    "timestamp": str(now_s()),
                    "type": "image",
                    "image": {"id": "5", "mime_type": "image/png", "caption": self.word},
                }
            )
        )
        await number.post(number.body({"from": self.phone, "id": a_wamid(), "type": 5, "text": self.word}))
        await number.receipt(f"unknown-{self.phone}", self.phone, "delivered")
        await world.settled(company)

    async def _waha(self, world: World, company: Company) -> None:
        waha = await waha_number(world, company)
        await waha.writes(f"{self.phone}@c.us", self.word)
        group = f"1203630{now_s()}@g.us"
        await waha.writes(group, self.word, participant=f"{self.phone}@c.us")
        await waha.writes(group, "others stay", participant=f"{a_phone()}@c.us")
        await world.settled(company)

    async def _work(self, world: World, company: Company, number: Number) -> None:
        conversation = await number.conversation(self.phone)
        at = f"/api/conversations/{conversation['id']}"
        assert (await company.admin.post(f"{at}/assign")).status_code == 200
        assert (await company.admin.post(f"{at}/notes", {"content": self.word})).status_code == 201
        assert (await company.admin.patch(f"{at}/customer-name", {"name": f"Ms {self.name}"})).status_code == 200
        assert (await company.admin.patch(at, {"labels": [self.word[:20]]})).status_code == 200
        await number.answers(company.admin, self.phone, self.word, **{"Idempotency-Key": self.phone})
        sent = await send_file(
            company.admin, conversation, (f"{self.file}.png", b"\x89PNG" + self.file.encode(), "image/png"),
            caption=self.word,
        )  # fmt: skip
        assert sent.status_code == 202, sent.text
        await world.settled(company)

    async def _waits(self, world: World, company: Company, number: Number) -> None:
        """A message that is to be sent when the number may send again."""
        await world.owner.execute("UPDATE hub.paces SET hold_until = 'infinity' WHERE session_id = $1", UUID(number.id))
        await number.answers(company.admin, self.phone, f"waits {self.word}")


async def test_an_erased_customer_is_found_nowhere(world: World, company: Company, number: Number) -> None:
    plant = Plant()
    await plant(world, company, number)
    before = await found(world, *plant.marks)
    assert {
        "hub.audit", "hub.events", "hub.idempotency_keys", "hub.inbox", "hub.lanes", "hub.sandbox_screens",
        "pooled.contact_identities", "pooled.contacts", "pooled.conversations", "pooled.media", "pooled.messages",
        "pooled.notes",
    } <= set(before)  # fmt: skip
    contact = await contact_of(company, plant.phone)
    events = await world.owner.fetchval("SELECT count(*) FROM hub.events WHERE tenant_id = $1", UUID(company.id))
    proof = await erased(company, contact)
    assert await found(world, *plant.marks) == []
    assert (await company.admin.get(f"/api/contacts/{contact['id']}")).status_code == 404
    rows = {(one["table"], one["way"]): one["rows"] for one in proof["erased"]}
    assert rows["contacts", "deleted"] == rows["media", "deleted"] == 1
    assert rows["messages", "deleted"] >= 6
    assert rows["messages", "blanked"] == 1
    assert rows["hub.events", "blanked"] > 10
    assert proof["contactId"] == contact["id"]
    assert proof["userId"] == company.admin.id
    used = "SELECT bytes FROM hub.media_use WHERE tenant_id = $1"
    assert await world.owner.fetchval(used, UUID(company.id)) == 0
    after = await world.owner.fetchval("SELECT count(*) FROM hub.events WHERE tenant_id = $1", UUID(company.id))
    assert after > events
    shown = (await company.admin.get("/api/events", limit=200)).json()
    [told] = [event["data"] for event in shown if event["type"] == "contact.erased"]
    assert told["contactId"] == contact["id"]
    assert {json.dumps(event["data"]) for event in shown if event["type"] == "event.erased"} == {"{}"}


async def test_others_keep_what_is_theirs(world: World, company: Company, number: Number) -> None:
    """Another customer, a file that two were sent, and the same person as another company's customer."""
    phone, other, word = a_phone(), a_phone(), f"Wort{uuid4().hex}"
    elsewhere = await meta_number(world, await world.hub.company())
    png = ("same.png", b"\x89PNG" + uuid4().bytes, "image/png")
    for one, there in ((phone, number), (other, number), (phone, elsewhere)):
        await there.writes(one, word)
        await world.settled(there.company)
        conversation = await there.conversation(one)
        await there.company.admin.post(f"/api/conversations/{conversation['id']}/assign")
        assert (await send_file(there.company.admin, conversation, png)).status_code == 202
        await world.settled(there.company)
    proof = await erased(company, await contact_of(company, phone))
    assert "media" not in {one["table"] for one in proof["erased"]}
    for one, there in ((other, number), (phone, elsewhere)):
        messages = await there.messages(one)
        assert word in [message["content"] for message in messages]
        [url] = [message["mediaUrl"] for message in messages if message["mediaUrl"]]
        assert (await there.company.admin.get(url)).content == png[1]


async def test_a_file_that_waits_for_another_customer_stays(world: World, company: Company, number: Number) -> None:
    phone, other = a_phone(), a_phone()
    png = ("list.png", b"\x89PNG" + uuid4().bytes, "image/png")
    for one, when in ((phone, {}), (other, {"sendAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat()})):
        await number.writes(one, "oi")
        await world.settled(company)
        conversation = await number.conversation(one)
        await company.admin.post(f"/api/conversations/{conversation['id']}/assign")
        assert (await send_file(company.admin, conversation, png, **when)).status_code == 202
        await world.settled(company)
    proof = await erased(company, await contact_of(company, phone))
    assert "media" not in {one["table"] for one in proof["erased"]}
    waits = """SELECT count(*) FROM hub.scheduled s JOIN pooled.media m ON m.id = s.media_id WHERE s.tenant_id = $1"""
    assert await world.owner.fetchval(waits, UUID(company.id)) == 1


async def test_who_writes_again_is_a_new_contact_and_nothing_old_comes_back(
    world: World, company: Company, number: Number
) -> None:
    phone, old, wamid = a_phone(), f"Wort{uuid4().hex}", a_wamid()
    await number.writes(phone, old, id=wamid)
    await world.settled(company)
    contact = await contact_of(company, phone)
    await erased(company, contact)
    await number.writes(phone, old, id=wamid)  # the provider delivers it once more
    await number.writes(phone, "new")
    await world.settled(company)
    again = await contact_of(company, phone)
    assert again["id"] != contact["id"]
    said = [message["content"] for message in await number.messages(phone) if message["direction"] == "INBOUND"]
    assert said == ["new"]
    assert await found(world, old) == []


async def test_an_erasure_is_begun_once_by_an_administrator(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    await number.writes(phone, "oi")
    contact = await contact_of(company, phone)
    agent, other = await company.agent(), await world.hub.company()
    for path, body in (("erase", {"confirm": contact["id"]}), ("export", None)):
        assert (await agent.post(f"/api/contacts/{contact['id']}/{path}", body)).status_code == 403
        assert (await other.admin.post(f"/api/contacts/{contact['id']}/{path}", body)).status_code == 404
        assert (await company.admin.post(f"/api/contacts/{uuid4()}/{path}", body)).status_code == 404
    meant = await company.admin.post(f"/api/contacts/{contact['id']}/erase", {"confirm": "yes"})
    assert (meant.status_code, meant.json()["errors"][0]["pointer"]) == (400, "/confirm")
    at_once = [company.admin.post(f"/api/contacts/{contact['id']}/erase", {"confirm": contact["id"]}) for _ in range(8)]
    assert len({(one.status_code, one.json()["id"]) for one in await asyncio.gather(*at_once)}) == 1
    first = await erased(company, contact)
    again = await company.admin.post(f"/api/contacts/{contact['id']}/erase", {"confirm": contact["id"]})
    assert (again.status_code, again.json()) == (202, first)
    assert [one["id"] for one in (await company.admin.get("/api/erasures")).json()] == [first["id"]]
    assert (await other.admin.get(f"/api/erasures/{first['id']}")).status_code == 404
    assert (await agent.get("/api/erasures")).status_code == 403
    [entry] = (await company.admin.get("/api/audit", entityId=contact["id"], entity="contact_erasure")).json()
    assert (entry["userId"], entry["after"]) == (company.admin.id, {"erasureId": first["id"]})


@pytest.mark.parametrize("turns", [1, 3])
async def test_messages_that_arrive_meanwhile_are_whole(
    world: World, company: Company, number: Number, turns: int
) -> None:
    """Each is either erased with what was before or the new contact's: never without its conversation or contact."""
    phone = a_phone()
    await number.writes(phone, "first")
    await world.settled(company)
    contact = await contact_of(company, phone)
    for turn in range(turns):
        await number.writes(phone, f"before {turn}")
    begun = await company.admin.post(f"/api/contacts/{contact['id']}/erase", {"confirm": contact["id"]})
    for turn in range(turns):
        await number.writes(phone, f"after {turn}")
    assert begun.status_code == 202
    await erased(company, contact)
    await world.settled(company)
    said = [message["content"] for message in await number.messages(phone) if message["direction"] == "INBOUND"]
    assert said[-turns:] == [f"after {turn}" for turn in range(turns)]
    assert "first" not in said
    assert (await contact_of(company, phone))["id"] != contact["id"]


async def test_an_export_has_all_that_is_kept(world: World, company: Company, number: Number) -> None:
    plant = Plant()
    await plant(world, company, number)
    contact = await contact_of(company, plant.phone)
    asked = await company.admin.post(f"/api/contacts/{contact['id']}/export")
    assert asked.status_code == 201, asked.text
    file = await company.admin.get(asked.json()["file"])
    assert (file.status_code, file.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    [media] = [name for name in files if name.startswith("media/")]
    assert plant.file.encode() in files[media]
    about = json.loads(files["contact.json"])
    assert plant.phone in json.dumps(about["identities"])
    for name in ("messages", "notes", "events", "changes", "updates", "messages-in-groups", "sandbox", "conversations"):
        lines = [json.loads(line) for line in files[f"{name}.jsonl"].decode().splitlines()]
        assert any(mark in json.dumps(line) for line in lines for mark in (plant.word, plant.name)), name
    assert b"others stay" not in b"".join(content for name, content in files.items() if name != "updates.jsonl")
    entries = (await company.admin.get("/api/audit", entityId=contact["id"], entity="contact_export")).json()
    assert [entry["change"] for entry in entries] == ["update", "create"]
    other, agent = await world.hub.company(), await company.agent()
    assert (await other.admin.get(asked.json()["file"])).status_code == 404
    assert (await agent.get(asked.json()["file"])).status_code == 403
    await world.owner.execute(
        "UPDATE hub.contact_exports SET expires_at = now() - interval '1 second' WHERE id = $1",
        UUID(asked.json()["id"]),
    )
    assert (await company.admin.get(asked.json()["file"])).status_code == 404
