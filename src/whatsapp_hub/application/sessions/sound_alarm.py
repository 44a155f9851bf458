"""Alarms that a provider reports of a session: shown to its administrators, whatever its state."""

from whatsapp_hub.application.campaigns.pause_campaigns import pause_campaigns
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.provider.events import AlarmSeen
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.sessions.advance_connection import session_notice
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import Severity


async def sound_alarm(uow: UnitOfWork, session_id: SessionId, seen: AlarmSeen, clock: Clock) -> None:
    """Tell of it in the log; notify administrators of what makes something worse, and pause campaigns for it."""
    session, now = await uow.sessions.get(session_id), clock()
    session.alert(seen.kind, seen.severity, seen.detail, now)
    await uow.sessions.save(session)
    if seen.daily_limit is not None:
        await uow.campaigns.limit_daily(session_id, seen.daily_limit or None)
    if seen.severity is not Severity.INFO:
        await pause_campaigns(uow, session_id, seen.kind, seen.detail, now)
        uow.publish([session_notice(session, now, f"session.{seen.kind.value}", detail=seen.detail)])
