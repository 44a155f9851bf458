"""The time in which a provider takes free text: some hours after the customer's latest message (Meta: 24).

Outside of it only approved templates are delivered (error 131047 otherwise).
"""

from datetime import datetime, timedelta

from whatsapp_hub.domain.messaging.content import Content, Template


def is_shut(closes_at: datetime | None, now: datetime, length: timedelta | None) -> bool:
    """Whether free text is refused. A customer of whom the hub has no message may have written before it was here, or
    to another program: that the provider decides."""
    return length is not None and closes_at is not None and now >= closes_at


def needs_it(content: Content) -> bool:
    """Whether this may be sent inside the window only: all but approved templates."""
    return not isinstance(content, Template)


def extended(closes_at: datetime | None, wrote_at: datetime, length: timedelta | None) -> datetime | None:
    """Return until when free text is taken, now that the customer wrote at that time; a provider without a window
    (`length` None) changes nothing."""
    if length is None:
        return closes_at
    until = wrote_at + length
    return until if closes_at is None else max(until, closes_at)
