"""AdvanceConnection: apply one step to a held session's connection state, and store the outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.sessions.connection import (
    PAIRED,
    STORM,
    ConnectionReport,
    ConnectionState,
    ReconnectPolicy,
    noted,
)
from whatsapp_hub.domain.sessions.session import AlertKind, Session, SessionStatus, Severity

Step = Callable[[ConnectionState, datetime], ConnectionState]


@dataclass(frozen=True, slots=True)
class AdvanceConnection:
    """Runs inside the transaction of another use case, which holds the lock of `session`. `jitter` returns 0 to 1."""

    clock: Clock
    rules: ReconnectPolicy
    jitter: Callable[[], float]

    async def __call__(self, uow: UnitOfWork, session: Session, step: Step, fence: int | None = None) -> None:
        """Apply the step and store it. `fence`: only if that is still the current dial."""
        now = self.clock()
        connection = await uow.connections.of(session)
        if fence is not None and fence != connection.state.fence:
            return
        before, connection.state = connection.state, step(connection.state, now)
        if connection.state == before:
            return
        await uow.connections.save(connection, session)
        session.is_active = connection.state.is_on
        for kind, reason in noted(before, connection.state):
            session.note(kind, now, reason)
        session.move(connection.state.status, now, connection.state.reason, connection.state.code)
        if is_storm := connection.state.reason == STORM != before.reason:
            session.alert(AlertKind.RECONNECT_STORM, Severity.WARNING, self._storm, now)
        await save_session(uow, session)
        if is_storm:
            uow.publish([session_notice(session, now, "session.reconnect_storm")])

    @property
    def _storm(self) -> str:
        minutes = int(self.rules.storm_window.total_seconds() // 60)
        return f"the connection was lost {self.rules.storm_losses} times within {minutes} minutes"

    async def reported(self, uow: UnitOfWork, session: Session, seen: SessionSeen, fence: int | None) -> None:
        """Apply what the provider reports; reports of an earlier dial are ignored."""
        if seen.phone_number:
            session.phone_number = seen.phone_number
        report = ConnectionReport(seen.status, seen.reason, seen.qr_code, seen.until)

        def step(state: ConnectionState, now: datetime) -> ConnectionState:
            return state.reported(report, now, self.rules, self.jitter())

        was = session.status
        await self(uow, session, step, fence)
        if session.status is SessionStatus.BANNED != was:
            await self._warn_of_ban(uow, session, seen)
        if seen.reason == PAIRED and seen.phone_number:
            await self._warn_twins(uow, session, seen.phone_number)

    async def _warn_of_ban(self, uow: UnitOfWork, session: Session, seen: SessionSeen) -> None:
        now, why = self.clock(), f" ({seen.reason})" if seen.reason else ""
        lasts = f"until {seen.until.isoformat(timespec='seconds')}" if seen.until else "without an end that is known"
        session.alert(AlertKind.BANNED, Severity.CRITICAL, f"WhatsApp has banned the number {lasts}{why}", now)
        await uow.sessions.save(session)
        uow.publish([session_notice(session, now, "session.banned")])

    async def _warn_twins(self, uow: UnitOfWork, session: Session, phone_number: str) -> None:
        """Tell that a phone is linked to two sessions: each of its messages comes twice."""
        others = [one.name for one in await uow.sessions.started_with(phone_number) if one.id != session.id]
        for other in others:
            now = self.clock()
            session.alert(AlertKind.LINKED_TWICE, Severity.WARNING, f"the same phone is linked to {other}", now)
            uow.publish([session_notice(session, now, "session.linked_twice", other=other)])
        if others:
            await uow.sessions.save(session)


async def save_session(uow: UnitOfWork, session: Session) -> None:
    """Save the session; hold its lanes unless it may send."""
    await uow.sessions.save(session)
    if session.may_send:
        await uow.lanes.resume(session.id)
    else:
        await uow.lanes.hold(session.id, None)


def session_notice(session: Session, now: datetime, kind: str, **names: str) -> Event:
    """Build a notification to administrators about a session."""
    detail = {"kind": kind, "role": "ADMIN", "session": session.name, **names}
    return Event(EventType.NOTIFICATION_CREATED, session.tenant_id, now, session.id, None, {}, detail)
