"""The pace of a lane's head, as the domain decides it (`domain/messaging/pacing.py`)."""

import random
from dataclasses import replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows
from whatsapp_hub.adapters.memory.tables.connections import CONNECTIONS
from whatsapp_hub.adapters.memory.tables.entities import CONVERSATIONS, MESSAGES, SESSIONS
from whatsapp_hub.adapters.memory.tables.lanes import Lane, Pace
from whatsapp_hub.domain.ids import MessageId, SessionId
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.messaging.pacing import LaneHead, Paces, Pacing, Turn, turn


def turn_of(rows: Rows, lane: Lane, pace: Pace, pacing: Pacing, head: MessageId) -> tuple[Turn, Pace]:
    """Decide whether the lane sends now; return the session's pace after that."""
    is_human = pacing.human is not None
    paces = Paces(pace.paced_until, *((pace.warm_until, pace.strangers_until) if is_human else ()))
    message = rows.peek(MESSAGES, head)
    about = _about(rows, lane, message) if is_human and message else None
    its = turn(pacing, paces, lane.paced_until, lane.slot_at, rows.now, about, random.random())  # noqa: S311 (no secret)
    used = its.paces or paces
    warm, strangers = used.warm or pace.warm_until, used.strangers or pace.strangers_until
    return its, replace(pace, paced_until=used.session, warm_until=warm, strangers_until=strangers)


def _about(rows: Rows, lane: Lane, message: Message) -> LaneHead:
    is_typed = lane.typing_for == message.id
    age = rows.now - _linked_at(rows, message.session_id)
    return LaneHead(len(message.content.text), _is_to_stranger(rows, message), is_typed, age)


def _linked_at(rows: Rows, session_id: SessionId) -> datetime:
    connection, session = rows.peek(CONNECTIONS, session_id), rows.peek(SESSIONS, session_id)
    paired_at = connection.paired_at if connection else None
    return paired_at or (session.created_at if session else rows.now)


def _is_to_stranger(rows: Rows, message: Message) -> bool:
    """Check that the two never exchanged a message."""
    others = (m for m in rows.each(MESSAGES) if m.conversation_id == message.conversation_id and m.id != message.id)
    if any(m.direction is Direction.INBOUND or m.status is not MessageStatus.PENDING for m in others):
        return False
    pair = (message.session_id, message.contact_id)
    earlier = (c for c in rows.each(CONVERSATIONS) if (c.session_id, c.contact_id) == pair)
    return all(c.id == message.conversation_id for c in earlier)
