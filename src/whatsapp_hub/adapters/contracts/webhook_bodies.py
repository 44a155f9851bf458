"""Bodies of outgoing webhooks in each format; None where a format does not have the event. Pure."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from whatsapp_hub.adapters.contracts.events.envelope import EventView, PingView
from whatsapp_hub.adapters.contracts.events.linked import LinkTo, linked
from whatsapp_hub.adapters.contracts.events.logged import RECEIVED, body_of, conversation_in, received, text_in
from whatsapp_hub.adapters.contracts.gateways.outgoing_waha import WahaEvent, waha
from whatsapp_hub.adapters.contracts.gateways.received import (
    FlatMessage,
    InstanceEvent,
    flat_message,
    instance_event,
)
from whatsapp_hub.adapters.contracts.views.view import time
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DueDelivery
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat


def message_id(event: LoggedEvent) -> str:
    """Return the `webhook-id`: the same on every attempt and replay, and the `id` inside a standard body."""
    return f"evt_{event.position}"


def body(webhook: Webhook, due: DueDelivery, event: LoggedEvent, link: LinkTo | None = None) -> bytes | None:
    """Encode a delivery in its webhook's format, with links to files; None if the format does not have the event."""
    if webhook.of_bot and not _is_bots(event):
        return None
    said = _SAID[webhook.format](due, linked(event, link))
    return None if said is None else msgspec.json.encode(said)


def ping(webhook: Webhook, id: str, at: datetime) -> bytes:
    """Encode a test event, the same in every format: a receiver must not take it for a customer's message."""
    event = PingView(
        id=id,
        type="webhook.test",
        position=None,
        occurred_at=time(at),
        tenant_id=webhook.tenant_id,
        session_id=webhook.session_id,
        data={"webhookId": webhook.id},
    )
    return msgspec.json.encode(event)


def _is_bots(event: LoggedEvent) -> bool:
    """Whether a session's bot receives this event: customers' messages while it handles the conversation, and changes
    of conversations that it took part in."""
    body = body_of(event)
    if event.type == RECEIVED:
        return text_in(body, "handledBy") == "bot"
    conversation = conversation_in(body)
    return conversation is not None and conversation.bot is not None


def _standard(_: DueDelivery, event: LoggedEvent) -> EventView:
    return EventView.of(event)


def _flat(due: DueDelivery, event: LoggedEvent) -> FlatMessage | None:
    said = received(event)
    return None if said is None or due.session_key is None else flat_message(said, due.session_key)


def _instance(due: DueDelivery, event: LoggedEvent) -> InstanceEvent | None:
    said = received(event)
    if said is None or event.session_id is None:
        return None
    return instance_event(said, event.session_id, due.session_name or "")


_SAID: dict[
    WebhookFormat, Callable[[DueDelivery, LoggedEvent], EventView | FlatMessage | InstanceEvent | WahaEvent | None]
] = {
    WebhookFormat.STANDARD: _standard,
    WebhookFormat.FLAT: _flat,
    WebhookFormat.INSTANCE: _instance,
    WebhookFormat.WAHA: waha,
}
