"""AdvanceConnection: one step of a held session's life becomes rows and events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.sessions.connection import STORM, ConnectionReport, ConnectionState, ReconnectPolicy
from whatsapp_hub.domain.sessions.session import Session

Step = Callable[[ConnectionState, datetime], ConnectionState]


@dataclass(frozen=True, slots=True)
class AdvanceConnection:
    """Used inside other use cases' transactions; `session` is locked by them. `jitter` gives 0 to 1."""

    clock: Clock
    rules: ReconnectPolicy
    jitter: Callable[[], float]

    async def __call__(self, uow: UnitOfWork, session: Session, step: Step, fence: int | None = None) -> list[Event]:
        """Take the step, store it; what happened, to be published. `fence`: only if that is still the dial."""
        now = self.clock()
        line = await uow.connections.of(session)
        if fence is not None and fence != line.life.fence:
            return []
        before, line.life = line.life, step(line.life, now)
        if line.life == before:
            return []
        await uow.connections.save(line, session)
        session.is_active = line.life.is_on
        session.move(line.life.status, now, line.life.reason, line.life.code)
        await save_session(uow, session)
        events = session.take_events()
        if line.life.reason == STORM != before.reason:
            events.append(_alarm(session, now))
        return events

    async def reported(self, uow: UnitOfWork, session: Session, seen: SessionSeen, fence: int | None) -> list[Event]:
        """The provider reports; what an earlier dial says is ignored."""
        if seen.phone_number:
            session.phone_number = seen.phone_number
        report = ConnectionReport(seen.status, seen.reason, seen.qr_code, seen.until)

        def step(life: ConnectionState, now: datetime) -> ConnectionState:
            return life.reported(report, now, self.rules, self.jitter())

        return await self(uow, session, step, fence)


async def save_session(uow: UnitOfWork, session: Session) -> None:
    """Lanes run only while the session may send."""
    await uow.sessions.save(session)
    if session.may_send:
        await uow.lanes.resume(session.id)
    else:
        await uow.lanes.hold(session.id, None)


def _alarm(session: Session, now: datetime) -> Event:
    """One alarm for the administrators, however often the line comes and goes."""
    detail = {"kind": "session.reconnect_storm", "role": "ADMIN", "session": session.name}
    return Event(EventType.NOTIFICATION_CREATED, session.tenant_id, now, session.id, None, {}, detail)
