"""The provider told the session's own state."""

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider import SessionSeen
from whatsapp_hub.application.ports.storage import UnitOfWork
from whatsapp_hub.application.sessions.follow_life import save_session
from whatsapp_hub.domain.session import Session


async def apply_session(uow: UnitOfWork, session: Session, event: SessionSeen, changes: Changes) -> None:
    """Take the state of a session that holds no socket over."""
    if event.phone_number:
        session.phone_number = event.phone_number
    session.move(event.status, changes.now, event.reason, event.qr_code)
    await save_session(uow, session)
    changes.happened(*session.take_events())
