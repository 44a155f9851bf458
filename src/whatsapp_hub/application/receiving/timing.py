"""Correct the time of an event where the provider's clock is wrong."""

from dataclasses import replace
from datetime import datetime, timedelta

from whatsapp_hub.application.ports.provider.events import OtherSeen, ProviderEvent
from whatsapp_hub.application.ports.provider.plugin import UNKNOWN_TIME

AHEAD = timedelta(minutes=5)
"""Most that a provider's clock may be ahead of ours."""


def timed(event: ProviderEvent, received_at: datetime) -> ProviderEvent:
    """Return the event with a plausible time."""
    if isinstance(event, OtherSeen):
        return event
    at = written_at(event.at, received_at)
    return event if at == event.at else replace(event, at=at)


def written_at(at: datetime, received_at: datetime) -> datetime:
    """Return the provider's time, or `received_at` where there is none or it lies in the future. An old time is kept:
    updates are delivered again after an outage."""
    if at.tzinfo is None or at <= UNKNOWN_TIME or at - received_at > AHEAD:
        return received_at
    return at
