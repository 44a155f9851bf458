"""One session's settings were stored with another HUB_SECRET_KEY."""

import logging
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import pytest_asyncio

from tests.fakes.providers import PlainPlugin
from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.adapters.memory.files import MemoryFileStore
from whatsapp_hub.application.integrations.subscriptions import SessionWebhook, WebhookRules
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.manage_sessions import SessionChanges, UpdateSession
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session, SessionStatus


def now() -> datetime:
    return datetime.now(UTC)


class Untouched:
    """No call reaches the provider."""

    async def start(self, session: Any) -> Any:
        raise AssertionError

    async def stop(self, session: Any) -> Any:
        raise AssertionError

    async def send(self, session: Any, message: Any, deadline_s: float) -> Any:
        raise AssertionError


@pytest_asyncio.fixture
async def lost(world: World) -> Session:
    session = await world.add_session("META", settings={"routes": [f"phone:{new_id().int}"], "token": "t"})
    await world.hub.owner.execute("UPDATE hub.sessions SET settings = 'nonsense' WHERE id = $1", session.id)
    world.hub.vault.sealed += 1  # as if the process were new
    return session


def providers() -> Providers:
    host: Any = None
    plugins: Any = {"META": PlainPlugin("META")}
    live: Any = {"META": Untouched()}
    return Providers(plugins, host, live)


async def test_others_are_served_and_it_is_said_once(
    world: World, lost: Session, caplog: pytest.LogCaptureFixture
) -> None:
    directory: Any = world.hub.directory
    routes = [f"phone:{new_id().int}", *lost.settings["routes"]]  # type: ignore[index]
    other = await world.add_session("META", settings={"routes": routes[:1]})
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            found = {target.session_id for target in await directory.all_targets("META")}
            assert other.id in found
            assert lost.id not in found
            assert await directory.target(lost.id) is None
            by_route = await directory.targets("META", routes)
            assert [[t.session_id for t in by_route[route]] for route in routes] == [[other.id], []]
    assert [record.message for record in caplog.records] == ["session.settings_unreadable"]


async def test_what_needs_no_settings_goes_on_and_the_sealed_ones_stay(world: World, lost: Session) -> None:
    async with world.uow() as uow:
        session = await uow.sessions.get(lost.id)
        assert session.settings is UNREADABLE
        session.move(SessionStatus.RECONNECTING, now())
        await uow.sessions.save(session)
        await uow.commit()
    kept = await world.hub.owner.fetchval("SELECT settings FROM hub.sessions WHERE id = $1", lost.id)
    assert kept == b"nonsense"


async def test_what_is_to_be_sent_waits(world: World, lost: Session) -> None:
    conversation = await world.conversation(session=lost)
    [message] = await world.enqueue(conversation, "hello", provider="META")
    read_file = ReadFile(world.hub.storage, MemoryFileStore())
    drain = DrainLanes(world.hub.storage, providers(), now, new_id, {"META": Pacing(None, None)}, read_file)
    assert await drain(world.tenant.id) == 1
    await drain.aclose()
    async with world.uow() as uow:
        assert (await uow.messages.get(message.id)).status is MessageStatus.PENDING
        session = await uow.sessions.get(lost.id)
    assert session.status is SessionStatus.FAILED
    assert "HUB_SECRET_KEY" in (session.status_reason or "")


async def test_new_settings_mend_it(world: World, lost: Session) -> None:
    admin = Caller(world.tenant.id, Role.ADMIN, "admin")
    follow, nobody = AdvanceConnection(now, ReconnectPolicy(), lambda: 0.5), cast("Any", None)
    init = InitSession(world.hub.storage, providers(), now, follow, nobody, SessionLimit(9))
    failed = await init(admin, lost.id, again=True)
    assert failed.status is SessionStatus.FAILED
    webhook = SessionWebhook(new_id, WebhookRules(allow_private=False))
    update = UpdateSession(world.hub.storage, providers(), now, webhook, follow)
    await update(admin, lost.id, SessionChanges(settings={"token": "new"}))
    async with world.uow() as uow:
        assert (await uow.sessions.get(lost.id)).settings == {"token": "new"}
