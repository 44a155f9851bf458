"""Real workers and connectors as processes, a provider from outside the package, and its servers."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from dishka import AsyncContainer

from tests.fakes.pigeons import Login, PigeonServer
from tests.integration.hub.world import until
from whatsapp_hub.application.accounts.api_keys import CreateApiKey
from whatsapp_hub.application.accounts.tenants import CreateOperator, CreateTenant
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.sending.send_message import StartConversation
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.sessions.session import Session
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part

PLUGIN = str(Path(__file__).parents[2] / "fakes" / "held")
QR = {"state": "QR_PENDING", "qr": "2@code"}
UP = {"state": "CONNECTED", "phone": "5511987654321"}
SECRETS = {"JWT_SECRET": "j" * 32, "HUB_SECRET_KEY": "k" * 32}


@dataclass
class Process:
    """A role of the hub in a process of its own."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, within_s: float = 20) -> int:
        return await asyncio.wait_for(self.process.wait(), within_s)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            try:
                await self.ended()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


@dataclass
class Stage:
    database_url: str
    redis_url: str
    folder: Path
    container: AsyncContainer
    owner: Any
    server: PigeonServer
    caller: Caller
    variables: dict[str, str] = field(default_factory=dict)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def role(self, name: str, program: str | None = None, **variables: str) -> AsyncIterator[Process]:
        command = ("-P", program) if program else ("-m", "whatsapp_hub")
        environment = {
            **os.environ,
            **SECRETS,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "HUB_DATA_DIR": str(self.folder),
            "SANDBOX_ENABLED": "true",
            "PYTHONPATH": PLUGIN,
            "PIGEON_FORGOTTEN": str(self.folder / "forgotten"),
            "PIGEON_SERVER": str(self.server.settings["server"]),
            **self.variables,
            **variables,
        }
        log = self.folder / f"{name}-{uuid4().hex[:6]}.log"
        with log.open("wb") as output:
            started = await asyncio.create_subprocess_exec(
                sys.executable, *command, name, env=environment, stdout=output, stderr=output
            )
        process = Process(started, log)
        try:
            yield process
        finally:
            await process.stop()

    async def use(self, kind: type[Any]) -> Any:
        return await self.container.get(kind)

    async def api_key(self) -> str:
        """An API key of the company, made by an administrator of its own."""
        make = await self.use(CreateOperator)
        email = f"{uuid4().hex}@example.org"
        root = await make(self.caller.tenant_id, email, "a long enough password", "Root", Role.ADMIN)
        person = Caller(root.tenant_id, root.role, f"user:{root.id}", root.id)
        _, key = await (await self.use(CreateApiKey))(person, "a program")
        return str(key)

    async def session(self, start: bool = True, **settings: object) -> Session:
        name = f"p{uuid4().hex[:10]}"
        new = NewSession(name, "PIGEON", {**self.server.settings, **settings}, agent_id=name)
        session: Session = await (await self.use(CreateSession))(self.caller, new)
        if start:
            await (await self.use(InitSession))(self.caller, session.id)
        return session

    async def rows(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        async with self.one_at_a_time:
            return [dict(row) for row in await self.owner.fetch(statement, *arguments)]

    async def line(self, session: Session | SessionId) -> dict[str, Any]:
        id = session.id if isinstance(session, Session) else session
        found = await self.rows(
            """SELECT l.*, s.status, s.status_reason, s.is_active, s.qr_code, s.phone_number
               FROM hub.lines l JOIN hub.sessions s ON s.id = l.session_id WHERE s.id = $1""",
            id,
        )
        return found[0] if found else {}

    async def is_(self, session: Session, status: str, reason: str | None = None, patience_s: float = 20) -> Any:
        """The line as soon as the session looks like this."""
        seen: dict[str, Any] = {}

        async def looks() -> Any:
            seen.update(await self.line(session))
            return (seen["status"], seen["status_reason"]) == (status, reason) and dict(seen)

        try:
            return await until(looks, patience_s)
        except AssertionError:
            raise AssertionError(f"not {status} {reason}, but {seen}") from None

    async def was_down(self, session: Session, reason: str, patience_s: float = 20) -> None:
        """As soon as its line has gone down for this reason, however soon it came back."""

        async def told() -> bool:
            return bool((await self.line(session))["disconnect_reason"] == reason)

        await until(told, patience_s)

    async def login(self, session: Session) -> Login:
        """The session's socket as the server sees it."""

        async def there() -> list[Login]:
            return self.server.open_logins(str(session.id))

        [login] = await until(there)
        return login

    async def connected(self, **settings: object) -> Session:
        """A session that is up."""
        session = await self.session(**settings)
        login = await self.login(session)
        login.tell(**QR)
        login.tell(**UP)
        await self.is_(session, "CONNECTED")
        return session

    async def events(self, session: Session) -> list[str]:
        rows = await self.rows("""SELECT type FROM hub.events WHERE session_id = $1 ORDER BY position""", session.id)
        return [row["type"] for row in rows]

    async def say(self, session: Session, phone: str, text: str) -> UUID:
        """Somebody of ours writes to this phone; the conversation's id."""
        conversation = await (await self.use(StartConversation))(self.caller, session.id, phone, Text.plain(text))
        return UUID(str(conversation.id))

    def forgotten(self) -> list[str]:
        note = self.folder / "forgotten"
        return note.read_text().split() if note.exists() else []

    async def until(self, ask: Callable[[], Awaitable[Any]], patience_s: float = 20) -> Any:
        return await until(ask, patience_s)


@pytest.fixture(scope="package", autouse=True)
def _plugin_installed() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLUGIN)
        yield


@pytest_asyncio.fixture(scope="module")
async def stage(
    new_database: Callable[[], Any],
    valkey_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    _plugin_installed: Any,
) -> AsyncIterator[Stage]:
    """A database, a provider's server and a company; no process yet."""
    async with AsyncExitStack() as stack:
        url, folder = await new_database(), tmp_path_factory.mktemp("hub")
        secrets = {name.lower(): value for name, value in SECRETS.items()}
        usual: dict[str, Any] = {"hub_data_dir": str(folder), "sandbox_enabled": True, **secrets}
        settings = Settings(database_url=url, redis_url=valkey_url, **usual)
        container = make_container(settings, Part.TOOL)
        stack.push_async_callback(container.close)
        server = await stack.enter_async_context(PigeonServer())
        tenant = await (await container.get(CreateTenant))(f"c{uuid4().hex[:8]}", "A company")
        owner = await asyncpg.connect(url)
        stack.push_async_callback(owner.close)
        caller = Caller(tenant.id, Role.ADMIN, "test")
        yield Stage(url, valkey_url, folder, container, owner, server, caller)
