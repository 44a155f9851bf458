"""The rows of webhook subscriptions and of their deliveries."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Table
from whatsapp_hub.adapters.memory.tables.lanes import EPOCH
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord
from whatsapp_hub.domain.ids import WebhookId
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """A subscription, its receiver's health, and the lease of the worker that delivers for it."""

    webhook: Webhook
    cursor: int
    due_at: datetime
    failures: int = 0
    failed_at: datetime | None = None
    open_until: datetime = EPOCH
    lease_until: datetime = EPOCH
    fence: int = 0


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    record: DeliveryRecord
    lane: str
    expires_at: datetime


WEBHOOKS: Table[WebhookId, StoredWebhook] = Table("webhooks")
DELIVERIES: Table[int, StoredDelivery] = Table("webhook_deliveries")


_TOLD_AS_MESSAGES = ("message.reaction", "message.edited", "message.updated")


def wants(webhook: Webhook, event: LoggedEvent) -> bool:
    """Check that the subscription gets events of this session and type."""
    if webhook.session_id not in (None, event.session_id):
        return False
    family = event.type.partition(".")[0] + ".*"
    wanted = {event.type, family, "*"}
    if webhook.format is not WebhookFormat.STANDARD and event.type in _TOLD_AS_MESSAGES:
        wanted.add("message.received")
    return not webhook.events or not wanted.isdisjoint(webhook.events)


def lane_of(event: LoggedEvent) -> str:
    """Name the lane of an event's deliveries: they are made one after the other."""
    return str(event.conversation_id or event.session_id or "")
