"""Recognise the echo of a message that the hub sent: the provider reports it as written by our own number.

Some providers report a message that an API call sent as if it had been typed on the phone, and report it before they
answer that call. The provider's id identifies it for certain; while the answer is still awaited, the echo waits for
it, and where an answer brought no id, or never came, the content is compared.
"""

from datetime import datetime, timedelta

from whatsapp_hub.domain.messaging.content import Content, Location, Reaction
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome

LONGEST_WAIT = timedelta(minutes=2)
"""Longer than any attempt stays open: its lease ends well before."""
MATCHED_WITHIN = timedelta(hours=1)
"""An echo arrives within seconds of its send; a message that waited in its lane before that is older."""


def has_same_content(sent: Content, seen: Content) -> bool:
    """Compare the content sent with the content that a provider reports."""
    if sent.target != seen.target:
        return False
    match sent, seen:
        case Reaction(), Reaction():
            return (sent.text, sent.message_id) == (seen.text, seen.message_id)
        case Location(), Location():
            return (sent.latitude, sent.longitude) == (seen.latitude, seen.longitude)
        case _:
            return sent.type is seen.type and sent.text.strip() == seen.text.strip()


def may_wait(began_at: datetime, received_at: datetime, now: datetime) -> bool:
    """Check whether an echo received at `received_at` may belong to an attempt open since `began_at`."""
    return began_at <= received_at and now - received_at < LONGEST_WAIT


def is_echo_of(message: Message, seen: Content) -> bool:
    """Check whether this is the echo of a send without a known id. A reaction is compared by content even with one:
    some engines report it under another id than they answered."""
    if not has_same_content(message.content, seen):
        return False
    if isinstance(message.content, Reaction) and message.whatsapp_message_id:
        return message.status is not MessageStatus.FAILED
    is_sent = message.status is MessageStatus.SENT or message.outcome is Outcome.UNKNOWN
    return is_sent and message.whatsapp_message_id is None
