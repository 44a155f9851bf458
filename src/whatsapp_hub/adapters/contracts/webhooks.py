"""Webhook subscriptions and their deliveries as contract F spells them. Secrets are never shown."""

import msgspec

from whatsapp_hub.adapters.contracts.entities import Shown, time
from whatsapp_hub.application.ports.webhooks import DeliveryRecord, Health
from whatsapp_hub.domain.delivery import OPENS_AFTER, Attempt
from whatsapp_hub.domain.webhook import Webhook
from whatsapp_hub.domain.webhook_headers import names


def webhook(webhook: Webhook) -> Shown:
    return {
        "id": str(webhook.id),
        "url": webhook.url,
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


def health(health: Health) -> Shown:
    """`receiver` is `down` after so many failures in a row; it is then tried with one event at a time."""
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
        "attempts": msgspec.Raw(record.attempts),
    }


def attempt(attempt: Attempt) -> Shown:
    return {
        "delivered": attempt.is_delivered,
        "status": attempt.status,
        "error": attempt.error,
        "tookMs": round(attempt.took_s * 1000),
    }
