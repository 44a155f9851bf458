"""The whole hub, once for all tests of this folder: every role that `serve` runs, a database and a Valkey of
their own, and Meta's and WAHA's servers as fakes over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from dishka import AsyncContainer, Provider
from pwdlib.hashers.argon2 import Argon2Hasher

from tests.fakes.graph import FakeGraph
from tests.fakes.waha import FakeWaha
from tests.integration.http.conftest import JWT_SECRET, MASTER, Company, Person, RunningHub, free_port
from tests.integration.hub.world import Number, WahaNumber, World, meta_number, until, waha_number
from whatsapp_hub.adapters.security import passwords
from whatsapp_hub.application.sending import complete_sends
from whatsapp_hub.application.sending.drain_lanes import Deadlines, DrainLanes
from whatsapp_hub.main.roles import api, worker
from whatsapp_hub.main.roles.bootstrap import ensure_admin
from whatsapp_hub.main.roles.run import ROLES
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring import container
from whatsapp_hub.main.wiring.infrastructure import Part


@pytest_asyncio.fixture(scope="package")
async def world(
    new_database: Callable[[], Any], valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        graph = await stack.enter_async_context(FakeGraph())
        waha = await stack.enter_async_context(FakeWaha())
        settings = Settings(
            port=free_port(),
            hub_data_dir=str(tmp_path_factory.mktemp("hub")),
            database_url=await new_database(),
            redis_url=valkey_url,
            jwt_secret=JWT_SECRET,
            hub_secret_key="fedcba9876543210fedcba9876543210",
            hub_admin_email=MASTER[0],
            hub_admin_password=MASTER[1],
            rate_limit_user=1_000_000,
            whatsapp_session_rate=6_000,
            whatsapp_api_url=graph.url,
            sandbox_enabled=True,
            webhook_allow_private=True,
        )
        patch.setattr(passwords, "Argon2Hasher", lambda: Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
        await ensure_admin(settings)
        containers = _remembered(patch)
        parts = [asyncio.create_task(role.load()(settings), name=role.name) for role in ROLES.values()]
        stack.push_async_callback(_stop, parts)
        url = f"http://127.0.0.1:{settings.port}"
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False))
        await _ready(http, parts)
        hub = RunningHub(url, http, Person(http, {}, ""), settings)
        hub.master = await hub.sign_in(*MASTER)
        owner = await asyncpg.connect(settings.database_url)
        stack.push_async_callback(owner.close)
        yield World(hub, owner, graph, waha, containers, settings)


def _remembered(patch: pytest.MonkeyPatch) -> dict[Part, AsyncContainer]:
    """The API's and the worker's containers, so that a test can look inside or shorten a deadline."""
    made: dict[Part, AsyncContainer] = {}

    def make(settings: Settings, part: Part, *more: Provider) -> AsyncContainer:
        new = container.make_container(settings, part, *more)
        made.setdefault(part, new)
        return new

    patch.setattr(api, "make_container", make)
    patch.setattr(worker, "make_container", make)
    return made


async def _ready(http: httpx.AsyncClient, parts: list[asyncio.Task[None]]) -> None:
    async def answers() -> bool:
        for part in parts:
            if part.done():
                part.result()
        try:
            return (await http.get("/health")).status_code == 200
        except httpx.TransportError:
            return False

    await until(answers, 120)


async def _stop(parts: list[asyncio.Task[None]]) -> None:
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)


@pytest.fixture(autouse=True)
def _no_faults_left(world: World) -> Iterator[None]:
    yield
    for fake in (world.graph, world.waha):
        fake.faults.clear()
        fake.poster.callback = None


@pytest_asyncio.fixture
async def company(world: World) -> Company:
    return await world.hub.company()


@pytest_asyncio.fixture
async def number(world: World, company: Company) -> Number:
    """A Meta number that answers with the menu of its company's departments."""
    return await meta_number(world, company)


@pytest_asyncio.fixture
async def waha(world: World, company: Company) -> WahaNumber:
    return await waha_number(world, company)


@pytest_asyncio.fixture
async def drain(world: World) -> DrainLanes:
    """The worker's sending side."""
    found: DrainLanes = await world.parts[Part.WORKER].get(DrainLanes)
    return found


@pytest.fixture
def short_deadlines(drain: DrainLanes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider has 0.7 s to answer, an attempt is given up after 1.5 s, its lane goes on 1 s later."""
    monkeypatch.setattr(drain, "deadlines", Deadlines(call_s=0.7, lease_s=1.5, start_by_s=1.0))
    monkeypatch.setattr(complete_sends, "RECEIPT_WAIT_S", 1.0)


@pytest_asyncio.fixture(scope="module")
async def document(world: World) -> dict[str, Any]:
    answer = await world.hub.http.get("/schema/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())
