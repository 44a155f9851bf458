"""Threads: on a number that several programs answer, one of them has each customer's conversation, says the provider.

`Conversation.thread_holder` is the role of another program that has it (`ai_agent`, `escalation`, `another_app`); None:
it is ours to write in.
"""

from datetime import datetime

from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict

HELD = "thread_held"


def held_by(conversation: Conversation, holder: str | None, at: datetime) -> None:
    """Record which other program may write to the customer now, or (None) that we may."""
    if holder == conversation.thread_holder:
        return
    before = conversation.shown
    conversation.thread_holder, conversation.updated_at = holder, at
    conversation.updated(before, at)


def watched(conversation: Conversation, at: datetime, *, from_me: bool) -> None:
    """Record a message between the customer and the program that has the thread: it wants no answer of ours."""
    conversation.unread_count += not from_me
    conversation.last_message_at = conversation.updated_at = at


def require_ours(conversation: Conversation) -> None:
    """Raise Conflict where another program has the thread: neither bot nor agent writes into it until it is taken."""
    if holder := conversation.thread_holder:
        text = f"another program ({holder}) has this conversation: take it first, by POST …/take-thread"
        raise Conflict(HELD, text)
