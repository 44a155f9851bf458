"""A session that is stopped while its provider still brings it up."""

from datetime import UTC, datetime
from typing import Any

from tests.integration.postgres.conftest import World
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit, StopSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import SessionStatus


def now() -> datetime:
    return datetime.now(UTC)


class SlowProvider:
    """Somebody stops the session while it starts."""

    def __init__(self) -> None:
        self.meanwhile: Any = None
        self.calls: list[str] = []

    async def start(self, session: SessionRef) -> SessionSeen:
        await self.meanwhile()
        self.calls.append("started")
        return SessionSeen(SessionStatus.CONNECTED, now(), phone_number="5511999990000")

    async def stop(self, session: SessionRef) -> SessionSeen:
        self.calls.append("stopped")
        return SessionSeen(SessionStatus.DISCONNECTED, now(), "stopped")


async def test_a_session_stopped_meanwhile_stays_stopped_here_and_there(world: World) -> None:
    provider: Any = SlowProvider()
    host: Any = None
    nobody: Any = None
    providers = Providers({}, host, {"SANDBOX": provider})
    session = await world.add_session(connected=False)
    admin = Caller(world.tenant.id, Role.ADMIN, "admin")
    stop = StopSession(world.hub.storage, providers, now, AdvanceConnection(now, ReconnectPolicy(), lambda: 0.5))
    provider.meanwhile = lambda: stop(admin, session.id)
    init = InitSession(world.hub.storage, providers, now, stop.advance, nobody, SessionLimit(9))
    shown = await init(admin, session.id)
    async with world.uow() as uow:
        stored = await uow.sessions.get(session.id)
    for one in (shown, stored):
        assert (one.is_active, one.status, one.phone_number) == (False, SessionStatus.DISCONNECTED, None)
    assert provider.calls == ["stopped", "started", "stopped"]
