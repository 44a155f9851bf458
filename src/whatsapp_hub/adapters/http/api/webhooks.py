"""`/api/webhooks`: subscriptions to events, and their deliveries (ADMIN)."""

from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.contracts.views.webhooks import (
    AttemptView,
    DeliveryView,
    ReplayedRange,
    WebhookView,
    WebhookWithHealth,
    WebhookWithSecret,
)
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page, sliced
from whatsapp_hub.application.integrations.replay import ListDeliveries, PingWebhook, ReplayDelivery, ReplayRange
from whatsapp_hub.application.integrations.subscriptions import (
    CreateWebhook,
    DeleteWebhook,
    ListWebhooks,
    NewWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
    WebhookChanges,
)
from whatsapp_hub.domain.ids import SessionId, WebhookId
from whatsapp_hub.domain.integrations.delivery import DeliveryState
from whatsapp_hub.domain.integrations.subscription import WebhookFormat

TAGS = ["outgoing webhooks"]

Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Before = Annotated[int | None, QueryParameter(name="cursor", ge=0, le=2**63 - 1, description="X-Next-Cursor of before")]
State = Annotated[DeliveryState | None, QueryParameter(name="state", description="only those")]


class WebhookBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`events`: types, `message.*` or `*`; none: all that the format has. Without `secret` one is made. `headers` are
    sent with every post; `user:password@` in `url` is sent as Basic authorization. Neither is shown again."""

    url: str
    events: list[str] = msgspec.field(default_factory=list)
    session_id: UUID | None = None
    secret: str | None = None
    format: WebhookFormat = WebhookFormat.STANDARD
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def new(self) -> NewWebhook:
        """Convert to the use case's form."""
        session_id = SessionId(self.session_id) if self.session_id else None
        return NewWebhook(self.url, self.format, tuple(self.events), session_id, self.secret, self.headers)


class WebhookPatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`headers` replace all earlier ones. A new origin in `url` drops them: send them again."""

    url: str | None = None
    events: list[str] | None = None
    format: WebhookFormat | None = None
    is_active: bool | None = None
    headers: dict[str, str] | None = None

    def changes(self) -> WebhookChanges:
        """Convert to the use case's form."""
        events = None if self.events is None else tuple(self.events)
        return WebhookChanges(self.url, self.format, events, self.is_active, self.headers)


class SecretBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new secret (`whsec_…`); left out: the hub makes one."""

    secret: str | None = None


class RangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Positions of the log: greater than `after`, up to `upto` (none: to its end)."""

    after: Position
    upto: Position | None = None


@post("/webhooks", tags=TAGS)
async def create_webhook(
    caller: Asking, data: JSONBody[WebhookBody], create_webhook: FromDishka[CreateWebhook]
) -> WebhookWithSecret:
    """Create a subscription; it gets events from now on. `secret` is shown this once."""
    webhook, secret = await create_webhook(caller, data.new())
    return extended(WebhookWithSecret, WebhookView.of(webhook), secret=secret)


@get("/webhooks", tags=TAGS)
async def list_webhooks(
    caller: Asking, list_webhooks: FromDishka[ListWebhooks], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[WebhookWithHealth]]:
    """List the company's subscriptions, sessions' own among them, the oldest first, with the health of each."""
    found, more = sliced(await list_webhooks(caller), lambda one: one[0].id, limit, cursor)
    return page([WebhookWithHealth.with_health(webhook, health) for webhook, health in found], more)


@get("/webhooks/{id:uuid}", tags=TAGS)
async def get_webhook(caller: Asking, id: FromPath[UUID], list_webhooks: FromDishka[ListWebhooks]) -> WebhookWithHealth:
    """Show a subscription and its health."""
    webhook, health = await list_webhooks.one(caller, WebhookId(id))
    return WebhookWithHealth.with_health(webhook, health)


@patch("/webhooks/{id:uuid}", tags=TAGS)
async def update_webhook(
    caller: Asking, id: FromPath[UUID], data: JSONBody[WebhookPatch], update_webhook: FromDishka[UpdateWebhook]
) -> WebhookWithHealth:
    """Change a subscription, switch it off or on again (then it gets events from then on; replay what it missed)."""
    webhook, health = await update_webhook(caller, WebhookId(id), data.changes())
    return WebhookWithHealth.with_health(webhook, health)


@delete("/webhooks/{id:uuid}", tags=TAGS)
async def delete_webhook(caller: Asking, id: FromPath[UUID], delete_webhook: FromDishka[DeleteWebhook]) -> None:
    """Delete a subscription with its deliveries."""
    await delete_webhook(caller, WebhookId(id))


@post("/webhooks/{id:uuid}/secret", status_code=200, tags=TAGS)
async def rotate_secret(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[SecretBody],
    rotate_webhook_secret: FromDishka[RotateWebhookSecret],
) -> WebhookWithSecret:
    """Rotate the secret; the new one is shown this once. For a day deliveries carry a signature by the old one too."""
    webhook, secret = await rotate_webhook_secret(caller, WebhookId(id), data.secret)
    return extended(WebhookWithSecret, WebhookView.of(webhook), secret=secret)


@post("/webhooks/{id:uuid}/test", status_code=200, tags=TAGS)
async def test_webhook(caller: Asking, id: FromPath[UUID], ping_webhook: FromDishka[PingWebhook]) -> AttemptView:
    """Post a signed `webhook.test` now, and show the response."""
    return AttemptView.of(await ping_webhook(caller, WebhookId(id)))


@get("/webhooks/{id:uuid}/deliveries", tags=TAGS)
async def list_deliveries(
    caller: Asking,
    id: FromPath[UUID],
    list_deliveries: FromDishka[ListDeliveries],
    state_: State = None,
    limit: Limit = 50,
    before: Before = None,
) -> Response[list[DeliveryView]]:
    """List deliveries, the newest first, each with its attempts. `state=dead`: those given up."""
    found = await list_deliveries(caller, WebhookId(id), state_, limit, before)
    return page([DeliveryView.of(d) for d in found], str(found[-1].position) if len(found) == limit else None)


@post("/webhooks/{id:uuid}/replay", status_code=202, tags=TAGS)
async def replay_range(
    caller: Asking, id: FromPath[UUID], data: JSONBody[RangeBody], replay_range: FromDishka[ReplayRange]
) -> ReplayedRange:
    """Deliver the subscription's events between two positions again, delivered before or not. `upto`: how far this
    call came; continue after it."""
    replayed, upto = await replay_range(caller, WebhookId(id), data.after, data.upto)
    return ReplayedRange(replayed, upto)


@post("/webhooks/deliveries/{id:int}/replay", status_code=202, tags=TAGS)
async def replay_delivery(
    caller: Asking, id: FromPath[int], replay_delivery: FromDishka[ReplayDelivery]
) -> DeliveryView:
    """Repeat a delivery, with the same `webhook-id`."""
    return DeliveryView.of(await replay_delivery(caller, id))


HANDLERS = [
    create_webhook,
    list_webhooks,
    get_webhook,
    update_webhook,
    delete_webhook,
    rotate_secret,
    test_webhook,
    list_deliveries,
    replay_range,
    replay_delivery,
]
