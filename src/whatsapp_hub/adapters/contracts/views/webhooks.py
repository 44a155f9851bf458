"""Webhook subscriptions and their deliveries in the form of contract F. Secrets are never shown."""

import msgspec

from whatsapp_hub.adapters.contracts.views.entities import Shown, time
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord, SubscriptionHealth
from whatsapp_hub.domain.integrations.delivery import OPENS_AFTER, Attempt, DeliveryState
from whatsapp_hub.domain.integrations.headers import names
from whatsapp_hub.domain.integrations.subscription import Webhook


def webhook(webhook: Webhook) -> Shown:
    return {
        "id": str(webhook.id),
        "url": webhook.shown_url,
        "format": webhook.format.value,
        "events": list(webhook.events),
        "headers": names(webhook.headers),
        "sessionId": str(webhook.session_id) if webhook.session_id else None,
        "ofSession": webhook.of_session,
        "ofBot": webhook.of_bot,
        "isActive": webhook.is_active,
        "endedReason": webhook.ended_reason,
        "createdAt": time(webhook.created_at),
        "updatedAt": time(webhook.updated_at),
    }


def health(health: SubscriptionHealth) -> Shown:
    """Show a subscription's health; a `receiver` that is `down` after failures in a row gets one event at a time."""
    return {
        "cursor": health.cursor,
        "pending": health.pending,
        "receiver": "down" if health.failures >= OPENS_AFTER else "up",
        "failures": health.failures,
        "leftAloneUntil": time(health.open_until),
    }


def delivery(record: DeliveryRecord) -> Shown:
    return {
        "id": record.id,
        "webhookId": str(record.webhook_id),
        "messageId": f"evt_{record.position}",
        "position": record.position,
        "type": record.type,
        "state": record.state.value,
        "tries": record.tries,
        "nextAttemptAt": time(record.next_at) if record.finished_at is None else None,
        "createdAt": time(record.created_at),
        "finishedAt": time(record.finished_at),
        "error": _error(record),
        "attempts": msgspec.Raw(record.attempts),
    }


class _Tried(msgspec.Struct):
    status: int | None = None
    error: str | None = None


_tries = msgspec.json.Decoder(list[_Tried])


def _error(record: DeliveryRecord) -> str | None:
    """Return why it is not delivered, in one line: its last attempt's reason."""
    if record.state is DeliveryState.DELIVERED:
        return None
    tried = _tries.decode(record.attempts)
    if tried and (why := _reason(tried[-1])):
        return why
    return _NEVER_TRIED.get(record.state)


def _reason(tried: _Tried) -> str | None:
    if tried.status is None:
        return tried.error or "no answer"
    said = f"HTTP {tried.status}" if not 200 <= tried.status < 300 else None
    return f"{said}: {tried.error}" if said and tried.error else said


_NEVER_TRIED = {
    DeliveryState.DEAD: "the receiver was down until the delivery's time was over",
    DeliveryState.CANCELLED: "the subscription ended, or its format has no words for the event",
}


def attempt(attempt: Attempt) -> Shown:
    return {
        "delivered": attempt.is_delivered,
        "status": attempt.status,
        "error": attempt.error,
        "tookMs": round(attempt.took_s * 1000),
    }
