"""The provider told the session's own state."""

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider import SessionSeen
from whatsapp_hub.application.ports.storage import UnitOfWork
from whatsapp_hub.domain.ids import SessionId


async def apply_session(uow: UnitOfWork, session_id: SessionId, event: SessionSeen, changes: Changes) -> None:
    """Take the state over; lanes run only while the session may send."""
    session = await uow.sessions.get(session_id)
    if event.phone_number:
        session.phone_number = event.phone_number
    session.move(event.status, changes.now, event.reason, event.qr_code)
    await uow.sessions.save(session)
    if session.may_send:
        await uow.lanes.resume(session_id)
    else:
        await uow.lanes.hold(session_id, None)
    changes.happened(*session.take_events())
