"""A whole hub: the API and the worker as `serve` runs them, on a migrated database, spoken to over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest_asyncio
import socketio

from whatsapp_hub.adapters.security.tokens import JwtTokens, user_key
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.ids import SignInId, TenantId, UserId
from whatsapp_hub.main.roles import api, worker
from whatsapp_hub.main.roles.bootstrap import ensure_admin
from whatsapp_hub.main.settings import Settings

MASTER = ("root@example.org", "correct horse battery")
JWT_SECRET = "0123456789abcdef0123456789abcdef"
PASSWORD = "a long enough password"
METRICS_TOKEN = "a token for the scraper"
PATIENCE_S = 15


@dataclass
class Person:
    """Somebody signed in."""

    http: httpx.AsyncClient
    user: dict[str, Any]
    token: str

    @property
    def id(self) -> str:
        return str(self.user["id"])

    async def get(self, path: str, **query: object) -> httpx.Response:
        return await self.http.get(path, params=query or None, headers=self.headers)

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.http.post(path, json=body, headers={**self.headers, **headers})

    async def put(self, path: str, body: object) -> httpx.Response:
        return await self.http.put(path, json=body, headers=self.headers)

    async def patch(self, path: str, body: object) -> httpx.Response:
        return await self.http.patch(path, json=body, headers=self.headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(path, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Listener:
    """A socket that remembers what it heard."""

    io: socketio.AsyncClient
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def hears(self, name: str, **like: object) -> dict[str, Any]:
        """Wait for an event with these fields."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for heard, data in self.heard:
                    if heard == name and like.items() <= data.items():
                        return data
                await asyncio.sleep(0.01)


_SIGN_IN = """
    INSERT INTO hub.sign_ins (id, tenant_id, user_id, how, made_at, expires_at, last_seen_at)
    VALUES ($1, $2, $3, 'password', now(), now() + interval '7 days', now())"""


@dataclass
class RunningHub:
    url: str
    http: httpx.AsyncClient
    master: Person
    settings: Settings

    async def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        answer = await self.http.post("/api/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return Person(self.http, answer.json()["user"], answer.json()["token"])

    async def company(self) -> "Company":
        """A new company with its administrator."""
        slug = f"c{uuid4().hex[:10]}"
        made = await self.master.post("/api/tenants", {"slug": slug, "name": slug})
        assert made.status_code == 201, made.text
        admin = await self.person(self.master, "ADMIN", companyId=made.json()["id"])
        return Company(self, made.json()["id"], admin)

    async def person(self, by: Person, role: str = "AGENT", **more: object) -> Person:
        email = f"{uuid4().hex[:10]}@example.org"
        body = {"email": email, "password": PASSWORD, "name": f"The {role}", "role": role, **more}
        made = await by.post("/api/users", body)
        assert made.status_code == 201, made.text
        return await self.as_user(made.json())

    async def as_user(self, user: dict[str, Any]) -> Person:
        """Signed in without the slow check of a password."""
        tenant_id, user_id, id = TenantId(UUID(user["companyId"])), UserId(UUID(user["id"])), SignInId(uuid4())
        owner = await asyncpg.connect(self.settings.database_url)
        await owner.execute(_SIGN_IN, id, tenant_id, user_id)
        await owner.close()
        caller = Caller(tenant_id, Role(user["role"]), user_key(user_id), user_id, user["email"], sign_in_id=id)
        return Person(self.http, user, JwtTokens(JWT_SECRET).issue(caller))

    @asynccontextmanager
    async def listening(self, person: Person) -> AsyncIterator[Listener]:
        listener = Listener(socketio.AsyncClient(reconnection=False))

        async def hear(name: str, data: dict[str, Any]) -> None:
            if name != "connected":
                listener.heard.append((name, data))

        listener.io.on("*", hear)
        await listener.io.connect(self.url, auth={"token": person.token}, transports=["websocket"])
        yield listener
        await listener.io.disconnect()


@dataclass
class Company:
    hub: RunningHub
    id: str
    admin: Person

    async def department(self, name: str = "Vendas", **more: object) -> dict[str, Any]:
        body = {"name": name, "slug": f"d{uuid4().hex[:8]}", **more}
        made = await self.admin.post("/api/departments", body)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def agent(self, department: dict[str, Any] | None = None, status: str | None = None) -> Person:
        more = {"departmentId": department["id"]} if department else {}
        person = await self.hub.person(self.admin, "AGENT", **more)
        if status:
            assert (await person.patch("/api/users/me/status", {"status": status})).status_code == 200
        return person

    async def session(self, **more: object) -> dict[str, Any]:
        """A sandbox session that is connected."""
        made = await self.admin.post("/api/sessions", {"name": f"s{uuid4().hex[:8]}", "provider": "SANDBOX", **more})
        assert made.status_code == 201, made.text
        started = await self.admin.post(f"/api/sessions/{made.json()['id']}/start")
        assert started.status_code == 200, started.text
        return dict(started.json())

    async def customer_writes(self, session: dict[str, Any], phone: str, text: str, name: str | None = None) -> None:
        body = {"from": phone, "text": text, "name": name}
        answer = await self.admin.post(f"/sandbox/{session['id']}/messages", body)
        assert answer.status_code == 202, answer.text

    async def phone(self, session: dict[str, Any], phone: str) -> list[str]:
        """What the hub has sent to that phone."""
        shown = await self.admin.get(f"/sandbox/{session['id']}/phones/{phone}/messages")
        assert shown.status_code == 200, shown.text
        return [message["text"] for message in shown.json() if message["direction"] == "OUTBOUND"]

    async def conversation(self, **query: object) -> dict[str, Any]:
        """The only conversation that matches, as soon as there is one."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = (await self.admin.get("/api/conversations", **query)).json()
            return bool(found)

        await eventually(there)
        [only] = found
        return only


async def eventually(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(scope="module")
async def running(database_url: str, valkey_url: str, tmp_path_factory: Any) -> AsyncIterator[RunningHub]:
    folder: Path = tmp_path_factory.mktemp("hub")
    settings = Settings(
        port=free_port(),
        hub_data_dir=str(folder),
        database_url=database_url,
        redis_url=valkey_url,
        jwt_secret=JWT_SECRET,
        hub_secret_key="fedcba9876543210fedcba9876543210",
        hub_admin_email=MASTER[0],
        hub_admin_password=MASTER[1],
        rate_limit_user=1_000_000,
        trusted_proxies="127.0.0.1",
        metrics_token=METRICS_TOKEN,
        sandbox_enabled=True,
        webhook_allow_private=True,
    )
    await ensure_admin(settings)
    url = f"http://127.0.0.1:{settings.port}"
    async with AsyncExitStack() as stack:
        parts = [asyncio.create_task(part(settings)) for part in (api.run, worker.run)]
        stack.push_async_callback(_stop, parts)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=PATIENCE_S))
        await _ready(http, parts)
        hub = RunningHub(url, http, Person(http, {}, ""), settings)
        hub.master = await hub.sign_in(*MASTER)
        yield hub


async def _ready(http: httpx.AsyncClient, parts: list[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(120):
        while True:
            for part in parts:
                if part.done():
                    part.result()
            try:
                if (await http.get("/health")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _stop(parts: list[asyncio.Task[None]]) -> None:
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)


@pytest_asyncio.fixture
async def hub_owner(database_url: str) -> AsyncIterator[Any]:
    """A connection of the database's owner, to move time."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def company(running: RunningHub) -> Company:
    return await running.company()
