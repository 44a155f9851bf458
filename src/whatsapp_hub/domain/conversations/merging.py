"""Merge two live rounds of one person: which continues, and what it takes over."""

from datetime import datetime

from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus

ONE_PERSON = "merged with the same contact's other conversation"


def merge_rounds(own: Conversation, other: Conversation, at: datetime) -> tuple[Conversation, Conversation]:
    """Archive one of two live rounds; return the one that continues, and the archived one.

    `own` continues unless the other outranks it. What waits for an answer keeps waiting in the one that continues,
    with its time-out.
    """
    kept, gone = (other, own) if other.outranks(own) else (own, other)
    kept.unread_count += gone.unread_count
    kept.silenced = kept.silenced or gone.silenced
    kept.waiting_since = _earliest(kept.waiting_since, gone.waiting_since)
    kept.first_customer_at = _earliest(kept.first_customer_at, gone.first_customer_at)
    kept.last_message_at = max((t for t in (kept.last_message_at, gone.last_message_at) if t), default=None)
    kept.told_at = max((t for t in (kept.told_at, gone.told_at) if t), default=None)
    kept.asks = kept.asks and not kept.silenced
    if gone.waiting_since and (kept.status is ConversationStatus.ASSIGNED or kept.timeout_at is None):
        kept.timeout_at = _earliest(kept.timeout_at, gone.timeout_at)
    kept.updated_at = max(kept.updated_at, at)
    gone.contact_id = kept.contact_id = own.contact_id
    gone.archive(at, ONE_PERSON)
    return kept, gone


def _earliest(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time), default=None)
