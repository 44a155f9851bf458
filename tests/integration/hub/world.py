"""What the tests of the whole hub say and look at: numbers, customers, the database behind."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.fakes import graph as meta
from tests.fakes import waha as waha_fake
from tests.fakes.graph import FakeGraph
from tests.fakes.waha import FakeWaha
from tests.integration.http.conftest import Company, Person, RunningHub
from whatsapp_hub.main.settings import Settings

T = TypeVar("T")
SHARED = "/webhooks/whatsapp"
PATIENCE_S = 30
_phones = itertools.count(random.randrange(1_000_000, 9_000_000))
GREETING = "Olá! Seja bem-vindo ao nosso atendimento."
QUEUED = "Todos os nossos atendentes estão ocupados. Você está na fila e será atendido em breve."


def a_phone() -> str:
    """A Brazilian mobile that no other test uses."""
    return f"551199{next(_phones):07d}"


def a_wamid() -> str:
    return f"wamid.{uuid4().hex}"


def now_s() -> int:
    return int(time.time())


def menu(*names: str, opening: str = GREETING) -> str:
    """The contract's form, word for word (E.2)."""
    lines = "\n".join(f"{number} - {name}" for number, name in enumerate(names, start=1))
    return f"{opening}\n\nEscolha o departamento:\n{lines}\n\nDigite o número da opção desejada."


async def until(ask: Callable[[], Awaitable[T]], patience_s: float = PATIENCE_S) -> T:
    """What `ask` answers as soon as it is true."""
    deadline = time.monotonic() + patience_s
    while not (answer := await ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {patience_s} s: {ask}")
        await asyncio.sleep(0.03)
    return answer


@dataclass
class World:
    """A running hub with its database and the providers it talks to."""

    hub: RunningHub
    owner: asyncpg.Connection
    graph: FakeGraph
    waha: FakeWaha
    parts: dict[Any, Any]
    settings: Settings

    async def rows(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.owner.fetch(statement, *arguments)]

    async def inbox(self, session_id: str | None = None, **like: object) -> list[dict[str, Any]]:
        """Rows of one session, or (None) of all."""
        statement = "SELECT * FROM hub.inbox WHERE $1::text IS NULL OR source = $1 ORDER BY id"
        rows = await self.rows(statement, session_id)
        return [row for row in rows if like.items() <= row.items()]

    async def inbox_size(self) -> int:
        return int(await self.owner.fetchval("SELECT count(*) FROM hub.inbox"))

    async def settled(self, company: Company) -> None:
        """Everything stored is processed, everything due is sent, everything that happened is in the log."""
        tenant = UUID(company.id)

        async def quiet() -> bool:
            busy = await self.owner.fetchval(
                """SELECT EXISTS (SELECT FROM hub.inbox WHERE tenant_id = $1 AND state = 'pending')
                    OR EXISTS (SELECT FROM hub.outbox WHERE tenant_id = $1)
                    OR EXISTS (SELECT FROM hub.lanes WHERE tenant_id = $1 AND
                        (queued > 0 OR attempt_message IS NOT NULL))""",
                tenant,
            )
            return not busy

        await until(quiet)


@dataclass
class Number:
    """A Meta number of a company: Meta's webhooks on one side, the Graph API on the other."""

    world: World
    company: Company
    session: dict[str, Any]
    phone_number_id: str
    secret: str
    verify_token: str
    schema: str = "pooled"

    @property
    def id(self) -> str:
        return str(self.session["id"])

    async def post(self, body: bytes, path: str = SHARED, secret: str | None = None, **headers: str) -> httpx.Response:
        signed = {**meta.sign(secret or self.secret, body), **headers}
        return await self.world.hub.http.post(
            path, content=body, headers={"Content-Type": "application/json", **signed}
        )

    def body(self, *messages: dict[str, Any], **more: object) -> bytes:
        contacts = [{"wa_id": m["from"], "profile": {"name": "Ana"}} for m in messages if "from" in m]
        value: dict[str, Any] = {"contacts": contacts, "messages": list(messages)} if messages else {}
        return meta.webhook(self.phone_number_id, {**value, **more})

    async def writes(self, phone: str, text: str, id: str | None = None, at: int | None = None, **more: Any) -> str:
        """A customer's text arrives."""
        id = id or a_wamid()
        answer = await self.post(self.body(meta.text_from(phone, id, text, at or now_s(), **more)))
        assert answer.status_code == 200, answer.text
        return id

    async def receipt(self, wamid: str, phone: str, *states: str, **more: object) -> None:
        """Receipts, one POST each."""
        for state in states:
            one = {"id": wamid, "status": state, "timestamp": str(now_s()), "recipient_id": phone, **more}
            answer = await self.post(self.body(statuses=[one]))
            assert answer.status_code == 200, answer.text

    def sent(self, phone: str) -> list[str]:
        """The texts that Meta took for this phone."""
        mine = (s for s in self.world.graph.sent if (s.phone_number_id, s.to) == (self.phone_number_id, phone))
        return [s.body["text"]["body"] for s in mine]

    def wamid(self, phone: str, text: str) -> str:
        [sent] = [s for s in self.world.graph.sent if s.to == phone and s.body["text"]["body"] == text]
        return sent.id

    async def reads(self, phone: str, *texts: str) -> None:
        """The phone has got exactly these texts, in this order."""

        async def there() -> bool:
            return len(self.sent(phone)) >= len(texts)

        try:
            await until(there)
        finally:
            assert self.sent(phone) == list(texts)

    async def conversation(self, phone: str) -> dict[str, Any]:
        """The newest round of this customer."""

        async def newest() -> dict[str, Any] | None:
            found = (await self.company.admin.get("/api/conversations", sessionId=self.id, search=phone)).json()
            return max(found, key=lambda c: c["createdAt"], default=None)

        found = await until(newest)
        assert found
        return found

    async def messages(self, phone: str) -> list[dict[str, Any]]:
        conversation = await self.conversation(phone)
        shown = await self.company.admin.get(f"/api/conversations/{conversation['id']}/messages", limit=200)
        return list(shown.json()["messages"])

    async def is_(self, phone: str, **like: object) -> dict[str, Any]:
        """The customer's newest round as soon as it looks like this."""

        async def looks() -> dict[str, Any] | None:
            found = await self.conversation(phone)
            return found if like.items() <= found.items() else None

        found = await until(looks)
        assert found
        return found

    async def answers(self, by: Person, phone: str, text: str, **headers: str) -> dict[str, Any]:
        """Somebody of the company sends a text in the customer's conversation."""
        body = {"conversationId": (await self.conversation(phone))["id"], "content": text}
        sent = await by.post("/api/messages/send", body, **headers)
        assert sent.status_code == 202, sent.text
        return dict(sent.json())

    async def message(self, id: str, **like: object) -> dict[str, Any]:
        """A message as soon as it looks like this."""
        rows: list[dict[str, Any]] = []

        async def looks() -> bool:
            rows[:] = await self.world.rows(
                f"SELECT status, outcome, error, whatsapp_message_id FROM {self.schema}.messages WHERE id = $1",
                UUID(id),
            )
            return bool(rows) and like.items() <= rows[0].items()

        try:
            await until(looks)
        except AssertionError:
            raise AssertionError(f"{rows} is not {like}") from None
        return rows[0]


async def meta_number(
    world: World, company: Company, phone_number_id: str | None = None, start: bool = True, **more: object
) -> Number:
    """A number that is connected; `routing` is departments unless said."""
    phone_number_id = phone_number_id or f"{random.randrange(10**14, 10**15)}"
    secret, token = f"secret-{uuid4().hex}", f"verify-{uuid4().hex}"
    settings = {
        "phoneNumberId": phone_number_id,
        "accessToken": f"token-{uuid4().hex}",
        "appSecret": secret,
        "verifyToken": token,
        **more.pop("settings", {}),  # type: ignore[dict-item]
    }
    body = {"name": f"m{uuid4().hex[:8]}", "provider": "META", "settings": settings, **more}
    made = await company.admin.post("/api/sessions", body)
    assert made.status_code == 201, made.text
    session = dict(made.json())
    if start:
        begun = await company.admin.post(f"/api/sessions/{session['id']}/start")
        assert (begun.status_code, begun.json()["status"]) == (200, "CONNECTED"), begun.text
        session = dict(begun.json())
    return Number(world, company, session, phone_number_id, settings["appSecret"], settings["verifyToken"])


@dataclass
class WahaNumber:
    """A session on the WAHA server."""

    world: World
    company: Company
    session: dict[str, Any]
    name: str
    key: str

    async def post(self, body: bytes, path: str = "/webhooks/waha", key: str | None = None) -> httpx.Response:
        return await self.world.hub.http.post(
            path,
            content=body,
            headers={"Content-Type": "application/json", **waha_fake.sign(key or self.key, body)},
        )

    async def writes(self, chat: str, text: str, id: str | None = None, at: int | None = None, **more: Any) -> None:
        payload = waha_fake.text_from(chat, id or uuid4().hex.upper(), text, at or now_s(), **more)
        answer = await self.post(waha_fake.webhook(more.pop("event", "message"), payload, self.name))
        assert answer.status_code == 200, answer.text

    def sent(self, chat: str) -> list[str]:
        return [s.body["text"] for s in self.world.waha.sent if (s.session, s.to) == (self.name, chat)]


async def waha_number(world: World, company: Company, **more: Any) -> WahaNumber:
    name, key = f"w{uuid4().hex[:8]}", f"hmac-{uuid4().hex}"
    world.waha.sessions[name] = "WORKING"
    own = more.pop("settings", {})
    settings = {"url": world.waha.url, "apiKey": waha_fake.API_KEY, "session": name, "hmacKey": key, **own}
    made = await company.admin.post("/api/sessions", {"name": name, "provider": "WAHA", "settings": settings, **more})
    assert made.status_code == 201, made.text
    begun = await company.admin.post(f"/api/sessions/{made.json()['id']}/start")
    assert (begun.status_code, begun.json()["status"]) == (200, "CONNECTED"), begun.text
    return WahaNumber(world, company, dict(begun.json()), name, key)
