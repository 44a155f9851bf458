"""Alarms that a provider reports of a session: shown to its administrators, whatever its state."""

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.provider.events import AlarmSeen
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.sessions.advance_connection import session_notice
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import Severity


async def sound_alarm(uow: UnitOfWork, session_id: SessionId, seen: AlarmSeen, clock: Clock) -> None:
    """Tell of it in the log; notify administrators of what makes something worse."""
    session, now = await uow.sessions.get(session_id), clock()
    session.alert(seen.kind, seen.severity, seen.detail, now)
    await uow.sessions.save(session)
    if seen.severity is not Severity.INFO:
        uow.publish([session_notice(session, now, f"session.{seen.kind.value}", detail=seen.detail)])
