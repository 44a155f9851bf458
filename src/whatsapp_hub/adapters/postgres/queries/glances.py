"""What a page shows beside its rows, read for the whole page at once: newest messages, notes, answered messages."""

from collections.abc import Sequence
from typing import Any

from whatsapp_hub.application.reading.queries import Glance, LastMessage
from whatsapp_hub.domain.ids import ContactId, SessionId
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import PREVIEW_LENGTH, Direction, Message, MessageStatus, Quoted

GLANCES = f"""
    SELECT c.id AS conversation_id, m.*, (SELECT count(*) FROM notes n WHERE n.conversation_id = c.id) AS note_count
    FROM unnest($1::uuid[]) AS c(id) LEFT JOIN LATERAL (
      SELECT id, type, left(content, {PREVIEW_LENGTH}) AS preview, direction, status, timestamp FROM messages
      WHERE conversation_id = c.id AND target IS NULL ORDER BY seq DESC LIMIT 1) AS m ON true"""
_QUOTED = f"""
    SELECT m.id, m.session_id, m.contact_id, m.whatsapp_message_id, m.type, left(m.content, {PREVIEW_LENGTH}) AS preview
    FROM unnest($1::uuid[], $2::text[]) AS q(session_id, name)
    JOIN messages m ON m.session_id = q.session_id AND m.whatsapp_message_id = q.name"""
_Key = tuple[SessionId, ContactId, str | None]


def glance_of(row: Any) -> Glance:
    """Build a glance from its row."""
    if row["id"] is None:
        return Glance(None, row["note_count"])
    states = Direction(row["direction"]), MessageStatus(row["status"])
    last = LastMessage(row["id"], type_of(row["type"]), row["preview"], *states, row["timestamp"])
    return Glance(last, row["note_count"])


async def quote(connection: Any, page: Sequence[Message]) -> None:
    """Give each message of a page the one that it answers; one statement more only if those stand not in the page."""
    known: dict[_Key, Quoted] = {(m.session_id, m.contact_id, m.whatsapp_message_id): m.in_short() for m in page}
    answers = [m for m in page if m.reply_to]
    missing = {(m.session_id, m.reply_to) for m in answers if _answered(m) not in known}
    if missing:
        for row in await connection.fetch(_QUOTED, *map(list, zip(*missing, strict=True))):
            key = row["session_id"], row["contact_id"], row["whatsapp_message_id"]
            known[key] = Quoted(row["id"], type_of(row["type"]), row["preview"])
    for message in answers:
        message.quoted = known.get(_answered(message))


def _answered(message: Message) -> _Key:
    return message.session_id, message.contact_id, message.reply_to


def type_of(name: str) -> MessageType:
    """Read a type; one that this version does not know is UNSUPPORTED."""
    try:
        return MessageType(name)
    except ValueError:
        return MessageType.UNSUPPORTED
