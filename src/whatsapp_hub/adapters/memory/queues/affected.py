"""What a move of a session to another provider touches."""

from whatsapp_hub.adapters.memory.engine.database import Rows
from whatsapp_hub.adapters.memory.queues.fetches import FETCHES
from whatsapp_hub.adapters.memory.tables.entities import CONTACTS, CONVERSATIONS, MESSAGES
from whatsapp_hub.adapters.memory.tables.lanes import QUEUED
from whatsapp_hub.domain.ids import MessageId, SessionId
from whatsapp_hub.domain.sessions.moving import Affected, Waiting


def affected(rows: Rows, session_id: SessionId, limit: int) -> Affected:
    """Gather it, as `Lanes.affected`."""
    queued = sorted((q for q in rows.each(QUEUED) if q.lane.session_id == session_id), key=lambda q: q.number)
    waiting = (_waiting(rows, one.message_id) for one in queued[:limit])
    groups = shut = 0
    for conversation in rows.each(CONVERSATIONS):
        contact = rows.peek(CONTACTS, conversation.contact_id)
        if conversation.session_id != session_id or not conversation.is_live or contact is None:
            continue
        groups += contact.is_group
        closes_at = conversation.window_closes_at
        shut += not contact.is_group and (closes_at is None or closes_at <= rows.now)
    files = sum(due.fetch.session_id == session_id for due in rows.each(FETCHES))
    return Affected(tuple(one for one in waiting if one), len(queued), groups, shut, files)


def _waiting(rows: Rows, message_id: MessageId) -> Waiting | None:
    message = rows.peek(MESSAGES, message_id)
    if message is None:
        return None
    contact, conversation = rows.peek(CONTACTS, message.contact_id), rows.peek(CONVERSATIONS, message.conversation_id)
    recipient = contact.identities if contact else ()
    closes_at = conversation.window_closes_at if conversation else None
    return Waiting(message.content, recipient, message.reply_to, closes_at)
