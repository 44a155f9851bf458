"""Merge two live rounds of one person: which continues, and what it takes over."""

from dataclasses import replace
from datetime import datetime

from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because

ONE_PERSON = because(RoutingCode.MERGED, "merged with the same contact's other conversation")


def merge_rounds(own: Conversation, other: Conversation, at: datetime) -> tuple[Conversation, Conversation]:
    """Archive one of two live rounds; return the one that continues, and the archived one.

    `own` continues unless the other outranks it. What waits for an answer keeps waiting in the one that continues,
    with its time-out.
    """
    kept, gone = (other, own) if _rank(other) > _rank(own) else (own, other)
    before = kept.shown
    kept.unread_count += gone.unread_count
    kept.dialogue = kept.dialogue.ended() if gone.dialogue.silenced else kept.dialogue
    kept.waiting_since = _earliest(kept.waiting_since, gone.waiting_since)
    first = _earliest(kept.clock.first_customer_at, gone.clock.first_customer_at)
    kept.clock = replace(kept.clock, first_customer_at=first)
    kept.last_message_at = max((t for t in (kept.last_message_at, gone.last_message_at) if t), default=None)
    kept.told_at = max((t for t in (kept.told_at, gone.told_at) if t), default=None)
    kept.dialogue = kept.dialogue.closed() if kept.dialogue.silenced else kept.dialogue
    if gone.waiting_since and (kept.status is ConversationStatus.ASSIGNED or kept.timeout_at is None):
        kept.timeout_at = _earliest(kept.timeout_at, gone.timeout_at)
    kept.updated_at = max(kept.updated_at, at)
    gone.contact_id = kept.contact_id = own.contact_id
    gone.archive(at, ONE_PERSON)
    kept.updated(before, at)
    return kept, gone


def _rank(one: Conversation) -> int:
    """Rank two live rounds of one person by which continues: an assigned one first, then one in a queue, then one that
    waits for a bot's answer, then a menu."""
    if one.is_unplaced:
        return int(one.timeout_at is not None)
    return 3 if one.status is ConversationStatus.ASSIGNED else 2 * int(one.is_queued)


def _earliest(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time), default=None)
