"""When a provider's event happened, where its clock cannot be right."""

from dataclasses import replace
from datetime import datetime, timedelta

from whatsapp_hub.application.ports.provider.events import OtherSeen, ProviderEvent
from whatsapp_hub.application.ports.provider.plugin import UNKNOWN_TIME

AHEAD = timedelta(minutes=5)
"""By so much a provider's clock may be ahead of ours before it is not believed."""


def timed(event: ProviderEvent, received_at: datetime) -> ProviderEvent:
    """Return the event with a time that can be."""
    if isinstance(event, OtherSeen):
        return event
    at = written_at(event.at, received_at)
    return event if at == event.at else replace(event, at=at)


def written_at(at: datetime, received_at: datetime) -> datetime:
    """The provider's time; the time of receiving where there is none, or one that is still to come. What is long ago
    stays so: an update that is delivered again after an outage."""
    if at.tzinfo is None or at <= UNKNOWN_TIME or at - received_at > AHEAD:
        return received_at
    return at
