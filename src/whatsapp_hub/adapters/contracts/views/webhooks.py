"""Webhook subscriptions and their deliveries in the form of contract F. Secrets are never shown."""

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.view import View, extended, time
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord, SubscriptionHealth
from whatsapp_hub.domain.integrations.delivery import OPENS_AFTER, Attempt, DeliveryState
from whatsapp_hub.domain.integrations.headers import names
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat


class WebhookView(View):
    """A subscription. Its secret is never shown, of its headers only the names; `ofSession`, `ofBot`: it is a session's
    own `webhookUrl`, or its bot's."""

    id: UUID
    url: str
    format: WebhookFormat
    events: list[str]
    headers: list[str]
    session_id: UUID | None
    of_session: bool
    of_bot: bool
    is_active: bool
    ended_reason: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookView":
        """Show a subscription: address masked, headers by name only."""
        return cls(
            id=webhook.id,
            url=webhook.shown_url,
            format=webhook.format,
            events=list(webhook.events),
            headers=names(webhook.headers),
            session_id=webhook.session_id,
            of_session=webhook.of_session,
            of_bot=webhook.of_bot,
            is_active=webhook.is_active,
            ended_reason=webhook.ended_reason,
            created_at=time(webhook.created_at),
            updated_at=time(webhook.updated_at),
        )


class WebhookWithSecret(WebhookView):
    """A subscription with its new secret, which is shown this once."""

    secret: str


class WebhookWithHealth(WebhookView):
    """A subscription and how its deliveries fare; a `receiver` that is `down` after failures in a row gets one event at
    a time."""

    cursor: int
    pending: int
    receiver: Literal["up", "down"]
    failures: int
    left_alone_until: datetime | None

    @classmethod
    def with_health(cls, webhook: Webhook, health: SubscriptionHealth) -> "WebhookWithHealth":
        """Show a subscription with how its deliveries go."""
        return extended(
            cls,
            WebhookView.of(webhook),
            cursor=health.cursor,
            pending=health.pending,
            receiver="down" if health.failures >= OPENS_AFTER else "up",
            failures=health.failures,
            left_alone_until=time(health.open_until),
        )


class AttemptView(View):
    """A receiver's response. `status` null: it gave none (`error` says how)."""

    delivered: bool
    status: int | None
    error: str | None
    took_ms: int

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptView":
        """Show one post of a delivery; its time in milliseconds."""
        return cls(attempt.is_delivered, attempt.status, attempt.error, round(attempt.took_s * 1000))


class ReplayedRange(View):
    """How many events are delivered again, and how far this call came; continue after it."""

    replayed: int
    upto: int


class AttemptRecord(View):
    """An attempt as it is stored. `status` null: the receiver gave no answer."""

    at: str = ""
    error: str | None = None
    status: int | None = None
    took_ms: int | None = None


_attempts = msgspec.json.Decoder(list[AttemptRecord])


class DeliveryView(View):
    """An event on its way to a receiver. `error` says in one line why it is not delivered."""

    id: int
    webhook_id: UUID
    message_id: str
    position: int
    type: str
    state: DeliveryState
    tries: int
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    attempts: list[AttemptRecord]

    @classmethod
    def of(cls, record: DeliveryRecord) -> "DeliveryView":
        """Show a delivery with its attempts."""
        return cls(
            id=record.id,
            webhook_id=record.webhook_id,
            message_id=f"evt_{record.position}",
            position=record.position,
            type=record.type,
            state=record.state,
            tries=record.tries,
            next_attempt_at=time(record.next_at) if record.finished_at is None else None,
            created_at=time(record.created_at),
            finished_at=time(record.finished_at),
            error=_error(record),
            attempts=cast("list[AttemptRecord]", msgspec.Raw(record.attempts)),  # as stored, not encoded anew
        )


def _error(record: DeliveryRecord) -> str | None:
    """Return why it is not delivered, in one line: its last attempt's reason."""
    if record.state is DeliveryState.DELIVERED:
        return None
    tried = _attempts.decode(record.attempts)
    if tried and (why := _reason(tried[-1])):
        return why
    return _NEVER_TRIED.get(record.state)


def _reason(tried: AttemptRecord) -> str | None:
    if tried.status is None:
        return tried.error or "no answer"
    said = f"HTTP {tried.status}" if not 200 <= tried.status < 300 else None
    return f"{said}: {tried.error}" if said and tried.error else said


_NEVER_TRIED = {
    DeliveryState.DEAD: "the receiver was down until the delivery's time was over",
    DeliveryState.CANCELLED: "the subscription ended, or its format has no words for the event",
}
