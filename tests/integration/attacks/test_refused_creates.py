"""A create that is refused leaves nothing behind; one that dies half-way leaves a session that can be started."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.providers import HeldPlugin, PlainPlugin
from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.application.integrations.subscriptions import SessionWebhook, WebhookRules
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict, Invalid, Unavailable
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import SessionStatus


def now() -> datetime:
    return datetime.now(UTC)


class CodedPlugin(PlainPlugin):
    """One whose sessions show a QR code, without a connector."""

    capabilities = Capabilities("WAHA", frozenset(), frozenset({Feature.QR_CODE}))


class Room:
    """Connectors with room for `free` more sessions."""

    def __init__(self, free: int) -> None:
        self.free = free

    async def capacity(self, kind: str) -> tuple[int, int]:
        return 10, 10 - self.free


class Starting:
    """A provider whose process dies while it starts a session, `deaths` times."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths

    async def start(self, session: SessionRef) -> SessionSeen:
        if self.deaths:
            self.deaths -= 1
            raise Unavailable("the process dies here")
        return SessionSeen(SessionStatus.CONNECTED, now())

    async def stop(self, session: SessionRef) -> SessionSeen:
        return SessionSeen(SessionStatus.DISCONNECTED, now())


def steps(world: World, *, free: int = 1, deaths: int = 0) -> tuple[CreateStartedSession, InitSession]:
    nobody: Any = None
    plugins: Any = {
        "SANDBOX": PlainPlugin("SANDBOX"),
        "HELD": HeldPlugin("HELD"),
        "WAHA": CodedPlugin("WAHA"),
    }
    live: Any = {"SANDBOX": Starting(deaths), "WAHA": Starting(deaths)}
    providers = Providers(plugins, nobody, live)
    leases: Any = Room(free)
    start = InitSession(
        world.hub.storage,
        providers,
        now,
        AdvanceConnection(now, ReconnectPolicy(), lambda: 0.5),
        leases,
        SessionLimit(10),
    )
    webhook = SessionWebhook(new_id, WebhookRules(allow_private=False))
    return CreateStartedSession(CreateSession(world.hub.storage, providers, now, new_id, webhook), start), start


def caller(world: World) -> Caller:
    return Caller(world.tenant.id, Role.ADMIN, "admin")


async def traces(world: World) -> list[int]:
    """How many rows of the company each table has that a create writes."""
    tables = ("sessions", "paces", "session_routes", "lines", "webhooks", "events", "outbox")
    count = "SELECT count(*) FROM hub.{} WHERE tenant_id = $1"
    return [await world.hub.owner.fetchval(count.format(table), world.tenant.id) for table in tables]


async def test_a_session_over_the_limit_is_not_made(world: World) -> None:
    create, _ = steps(world, free=0)
    before = await traces(world)
    new = NewSession("full", "HELD", owner="u", own_key=True, webhook_url="https://example.org/hook")
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            await create(caller(world), new)
        assert refused.value.code == "too_many_sessions"
    assert await traces(world) == before
    roomy, _ = steps(world)
    made = await roomy(caller(world), new)
    assert (made.status, made.is_active) == (SessionStatus.CONNECTING, True)


@pytest.mark.parametrize(
    ("new", "named"),
    [
        (NewSession("n", "SANDBOX", key="taken"), "'taken'"),
        (NewSession("Loja do Ze", "SANDBOX", owner="user-1", own_key=True), "'user-1' has an instance 'Loja do Ze'"),
    ],
)
async def test_a_key_that_is_taken_is_named(world: World, new: NewSession, named: str) -> None:
    create, _ = steps(world)
    await create(caller(world), new)
    before = await traces(world)
    with pytest.raises(Conflict) as refused:
        await create(caller(world), new)
    assert refused.value.code == "session_exists"
    assert named in str(refused.value)
    assert await traces(world) == before


async def test_a_webhook_that_is_refused_refuses_the_session(world: World) -> None:
    create, _ = steps(world)
    before = await traces(world)
    with pytest.raises(Invalid):
        await create(caller(world), NewSession("w", "SANDBOX", webhook_url="ftp://nowhere"))
    assert await traces(world) == before


async def test_a_create_that_dies_while_its_provider_starts_can_be_started(world: World) -> None:
    create, start = steps(world, deaths=1)
    with pytest.raises(Unavailable):
        await create(caller(world), NewSession("dies", "SANDBOX", key="dies"))
    async with world.uow() as uow:
        left = await uow.sessions.by_key("dies")
    assert left
    assert (left.is_active, left.status) == (True, SessionStatus.CONNECTING)
    again = await start(caller(world), left.id)
    assert again.status is SessionStatus.CONNECTED


async def test_a_create_that_dies_while_its_provider_starts_is_finished_or_failed_by_the_schedule(world: World) -> None:
    """Where a phone is to be linked, the provider is asked again, and given up in time, from the first commit on."""
    create, _ = steps(world, deaths=1)
    sealed = NewSession("dies", "WAHA", key="codes")
    with pytest.raises(Unavailable):
        await create(caller(world), sealed)
    async with world.uow() as uow:
        left = await uow.sessions.by_key("codes")
        assert left
        assert await uow.pairings.of(left.id)
