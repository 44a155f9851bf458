"""The time in which a provider takes free text: some hours after the customer's latest message (Meta: 24).

Outside of it only approved templates are delivered (error 131047 otherwise). `closes_at` is None where the customer
never wrote, which is a closed window at a provider that has one.
"""

from datetime import datetime, timedelta


def extended(closes_at: datetime | None, wrote_at: datetime, length: timedelta | None) -> datetime | None:
    """Return until when free text is taken, now that the customer wrote at that time; a provider without a window
    (`length` None) changes nothing."""
    if length is None:
        return closes_at
    until = wrote_at + length
    return until if closes_at is None else max(until, closes_at)
