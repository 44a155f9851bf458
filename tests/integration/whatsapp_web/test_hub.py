"""A number of WhatsApp Web in a whole hub: what Go calls back in a connector's process becomes the hub's rows, events
and socket messages. API and worker run here, the connector apart; see driven_connector.py."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.fakes.devices import add_device
from tests.fakes.go_calls import BlackHole
from tests.integration.http.conftest import JWT_SECRET, Company, Person, RunningHub, hub_owner, running
from tests.integration.hub.world import until
from tests.integration.whatsapp_web.conftest import jid_message
from tests.integration.whatsapp_web.test_life_cycle import LID, PERSON, message, receipt
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary

__all__ = ["hub_owner", "running"]

ROOT = Path(__file__).parents[3]
HUB_KEY = "fedcba9876543210fedcba9876543210"
JID = "5511955550001:7@s.whatsapp.net"
SENDING = ("message.sent", "message.delivered", "message.read")


@dataclass
class Go:
    """The connector's Go, as far as a test is it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, **said: object) -> Any:
        self.writer.write(json.dumps(said).encode() + b"\n")
        return json.loads(await asyncio.wait_for(self.reader.readline(), 20))

    async def event(self, uuid: str, event: Any) -> None:
        from neonize.events import EVENT_TO_INT

        data = base64.b64encode(event.SerializeToString()).decode()
        await self.ask(do="event", uuid=uuid, code=EVENT_TO_INT[type(event)], data=data)

    async def next_dial(self, session_id: str, after: str = "") -> str:
        async def there() -> str:
            dials = [uuid for uuid in await self.ask(do="dials") if uuid.startswith(session_id)]
            return dials[-1] if dials and dials[-1] != after else ""

        return await until(there, 90)  # a connector that was killed comes back first


@pytest_asyncio.fixture
async def go(
    database_url: str, valkey_url: str, tmp_path: Path, library: GoLibrary, running: RunningHub
) -> AsyncIterator[Go]:
    path = str(tmp_path / "go")
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "HUB_DATA_DIR": str(tmp_path),
        "JWT_SECRET": JWT_SECRET,
        "HUB_SECRET_KEY": HUB_KEY,
        "STAGGERED_BOOT_DELAY_MS": "50",
    }
    log = tmp_path / "connector.log"
    with log.open("wb") as output:
        program = [sys.executable, "-m", "tests.integration.whatsapp_web.driven_connector", path]
        child = await asyncio.create_subprocess_exec(
            *program, cwd=ROOT, env=environment, stderr=output, stdout=subprocess.DEVNULL
        )

    async def answers() -> Any:
        assert child.returncode is None, log.read_text()[-3000:]
        return Path(path).exists()

    try:
        await until(answers, 90)
        reader, writer = await asyncio.open_unix_connection(path)
        yield Go(reader, writer)
        writer.close()
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        print(log.read_text()[-5000:])


@dataclass
class WebNumber:
    """A NEONIZE session of a company, its connector's Go in the test's hand."""

    company: Company
    go: Go
    owner: Any
    id: str
    key: str

    @property
    def admin(self) -> Person:
        return self.company.admin

    async def looks(self, status: str, reason: str = "") -> dict[str, Any]:
        seen: dict[str, Any] = {}

        async def there() -> bool:
            seen.update((await self.admin.get(f"/api/sessions/{self.id}")).json())
            return bool(seen["status"] == status and (seen["statusReason"] or "").startswith(reason))

        try:
            await until(there)
        except AssertionError:
            raise AssertionError(f"not {status} {reason}, but {seen['status']} {seen['statusReason']}") from None
        return seen

    async def start(self, after: str = "", how: str = "start") -> str:
        """The uuid of the dial that follows."""
        begun = await self.admin.post(f"/api/sessions/{self.id}/{how}")
        assert begun.status_code == 200, begun.text
        return await self.go.next_dial(self.id, after)

    async def pair(self, jid: str = JID) -> str:
        """A device that no other session of the database has."""
        from neonize.proto.Neonize_pb2 import Connected, Device, PairStatus

        apart, me = await self.start(), jid_message(jid)
        await self.go.ask(do="qr", uuid=apart, text="2@a-code")
        assert (await self.looks("QR_PENDING"))["qrCode"]
        assert (await self.admin.get(f"/whatsapp/{self.id}/qr")).json()["qr"] == "2@a-code"
        await add_device(self.owner, jid)  # whatsmeow stores the keys before it tells
        device = Device(JID=me, Platform="android", BussinessName="", PushName="Shop", Initialized=True)
        await self.go.ask(do="login", uuid=apart, text="success")
        await self.go.event(apart, device)
        await self.go.event(apart, PairStatus(ID=me, BusinessName="", Platform="", Status=PairStatus.SUCCESS))
        here = await self.go.next_dial(self.id, apart)
        await self.go.event(here, device)
        await self.go.event(here, Connected(status=True))
        return here

    async def messages(self, count: int) -> list[tuple[str, str]]:
        async def there() -> Any:
            rows = await self.owner.fetch(
                "SELECT whatsapp_message_id AS id, type FROM pooled.messages WHERE session_id = $1 ORDER BY 1",
                UUID(self.id),
            )
            return len(rows) >= count and [(row["id"], row["type"]) for row in rows]

        return list(await until(there))

    async def message_is(self, id: str, status: str) -> str:
        """WhatsApp's own id, as soon as the message has this status."""

        async def there() -> str:
            row = await self.owner.fetchrow(
                "SELECT status, whatsapp_message_id AS id FROM pooled.messages WHERE id = $1", UUID(id)
            )
            return str(row["id"]) if row and row["status"] == status else ""

        return await until(there)

    async def told(self) -> list[str]:
        events = (await self.admin.get("/api/events", limit=200)).json()
        return [event["type"] for event in events if event["sessionId"] == self.id]


@pytest_asyncio.fixture
async def number(go: Go, running: RunningHub, hub_owner: Any, hole: BlackHole) -> WebNumber:
    company, key = await running.company(), f"web-{uuid4().hex[:8]}"
    body = {"name": key, "provider": "NEONIZE", "proxy": hole.url, "routing": "none"}
    made = await company.admin.post("/api/sessions", body)
    assert made.status_code == 201, made.text
    assert "proxy-password" not in made.text
    return WebNumber(company, go, hub_owner, made.json()["id"], key)


@pytest.mark.slow
async def test_the_whole_life_of_a_number(number: WebNumber, running: RunningHub, hole: BlackHole) -> None:
    from neonize.proto.Neonize_pb2 import Connected, Disconnected, LoggedOut, StreamReplaced, TemporaryBan
    from neonize.proto.waCommon.WACommon_pb2 import MessageKey
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (
        ContextInfo,
        ExtendedTextMessage,
        ImageMessage,
        ReactionMessage,
    )

    go, admin = number.go, number.admin
    async with running.listening(admin) as listener:
        here, quote = await number.pair(), ContextInfo(stanzaID="A1", participant=PERSON)
        assert (await number.looks("CONNECTED"))["phoneNumber"] == "5511955550001"

        # What customers write: one message each, the hidden sender and the phone one contact
        for one in (
            message({"conversation": "Olá"}, "A1"),
            message({"imageMessage": ImageMessage(mimetype="image/jpeg", caption="Look")}, "A2"),
            message({"conversation": "hidden"}, "A3", chat=LID),
            message({"conversation": "hidden no more"}, "A4", chat=LID, alt=PERSON),
            message({"extendedTextMessage": ExtendedTextMessage(text="Sim", contextInfo=quote)}, "A5"),
            message({"reactionMessage": ReactionMessage(key=MessageKey(ID="A1"), text="👍")}, "A6"),
            message({"conversation": "Olá"}, "A1"),
        ):
            await go.event(here, one)
        kinds = ["TEXT", "IMAGE", "TEXT", "TEXT", "TEXT", "REACTION"]
        assert await number.messages(6) == [(f"A{n}", kind) for n, kind in enumerate(kinds, start=1)]
        heard = await listener.hears("message-received")
        assert (heard["message"]["content"], heard["message"]["whatsappMessageId"]) == ("Olá", "A1")
        contacts = await number.owner.fetch(
            "SELECT DISTINCT i.contact_id FROM pooled.contact_identities i JOIN pooled.messages m USING (contact_id)"
            " WHERE m.session_id = $1",
            UUID(number.id),
        )
        assert len(contacts) == 1

        # An answer, sent by the connector that holds the number, and its receipts
        body = {"to": "5511987650101", "message": "Bom dia"}
        sent = await admin.post(f"/whatsapp/{number.key}/send-message", body)
        assert sent.status_code == 202, sent.text
        id = sent.json()["messageId"]
        wamid = await number.message_is(id, "SENT")
        for type, status in (("DELIVERED", "DELIVERED"), ("READ", "READ")):
            await go.event(here, receipt(type, wamid))
            assert await number.message_is(id, status) == wamid
            await listener.hears("message-status", messageId=id, status=status)

        # Lost, back, replaced; banned after a restart; logged out after another
        await go.event(here, Disconnected(status=True))
        await number.looks("RECONNECTING", "disconnected")
        await go.event(here, Connected(status=True))
        await number.looks("CONNECTED")
        await go.event(here, StreamReplaced())
        await number.looks("DISCONNECTED", "replaced")
        hole.drop()  # what still dials is let go, or its closing waits for a minute
        again = await number.start(here)
        await go.event(again, TemporaryBan(Code=TemporaryBan.BLOCKED_BY_USERS, Expire=3600))
        await number.looks("BANNED", "banned_until")
        hole.drop()
        last = await number.start(again, "restart")
        await go.event(last, LoggedOut(OnConnect=True, Reason=4))
        await number.looks("LOGGED_OUT", "main_device_gone")
        hole.drop()
    for table in ("devices", "whatsmeow_device"):
        assert await number.owner.fetch(f"SELECT FROM whatsmeow.{table} WHERE jid = $1", JID) == []
    told = await number.told()
    states = [type for type in told if type.startswith("session.")]
    assert states[:4] == ["session.created", "session.started", "session.qr", "session.connected"]
    assert states.count("session.qr") == 1
    assert "session.error" in states
    assert states[-1] == "session.disconnected"
    assert told.count("message.received") + told.count("message.reaction") == 6
    assert [type for type in told if type in SENDING] == list(SENDING)


@pytest.mark.slow
async def test_what_an_agent_reads_types_and_answers_is_shown_on_the_customers_phone(
    number: WebNumber, running: RunningHub
) -> None:
    """Through whoever holds the number: the API and the workers cannot reach it."""
    here = await number.pair()
    await number.looks("CONNECTED")
    await number.go.event(here, message({"conversation": "Oi"}, "A1"))
    await number.go.event(here, message({"conversation": "Tem alguém?"}, "A2"))
    await number.messages(2)
    [conversation] = (await number.admin.get("/api/conversations", sessionId=number.id)).json()
    for _ in range(2):
        read = await number.admin.post(f"/api/conversations/{conversation['id']}/read")
        assert (read.status_code, read.json()["unreadCount"]) == (200, 0)

    async def shown() -> Any:
        return await number.go.ask(do="marks")

    assert await until(shown) == [[["A1", "A2"], PERSON, PERSON]]
    await number.go.event(here, message({"conversation": "Alô?"}, "A3"))
    await number.messages(3)
    async with running.listening(number.admin) as listener:
        for _ in range(3):
            await listener.io.call("typing", {"conversationId": conversation["id"], "typing": True})

    async def typed() -> Any:
        return await number.go.ask(do="typed")

    assert await until(typed) == [PERSON]
    sent = await number.admin.post("/api/messages/send", {"conversationId": conversation["id"], "content": "Olá!"})
    assert sent.status_code == 202, sent.text

    async def answered() -> Any:
        return (await shown())[1:]

    assert await until(answered) == [[["A3"], PERSON, PERSON]]

    async def gone() -> bool:
        return await number.owner.fetch("SELECT FROM hub.commands WHERE session_id = $1", UUID(number.id)) == []

    await until(gone)


@pytest.mark.slow
async def test_a_message_that_a_killed_connector_lost_is_counted_and_one_that_it_stored_is_not(
    number: WebNumber,
) -> None:
    """WhatsApp sends both again; the library drops them for their used keys, and says so in its log alone."""
    here = await number.pair(JID.replace(":7", ":8"))
    await number.go.event(here, message({"conversation": "Oi"}, "A1"))
    await number.messages(1)
    for id in ("A1", "A2"):
        again = f"Ignoring message {id} from {PERSON}: failed to decrypt: received message with old counter (4, 2)"
        await number.go.ask(do="log", uuid=here, text=again)

    async def counted() -> Any:
        history = (await number.admin.get(f"/api/sessions/{number.id}/history")).json()
        return [(entry["kind"], entry["count"]) for entry in history if entry["kind"] == "lost_messages"]

    assert await until(counted, 30) == [("lost_messages", 1)]
    assert await number.messages(1) == [("A1", "TEXT")]
