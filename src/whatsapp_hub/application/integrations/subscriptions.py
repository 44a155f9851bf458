"""CreateWebhook, UpdateWebhook, DeleteWebhook, RotateWebhookSecret, ListWebhooks; and a session's own webhook."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.webhook_queue import SubscriptionHealth
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import SessionId, WebhookId
from whatsapp_hub.domain.integrations.headers import AUTHORIZATION, Headers, check_headers, merged
from whatsapp_hub.domain.integrations.secret_urls import shown
from whatsapp_hub.domain.integrations.subscription import (
    SECRET_PREFIX,
    Address,
    Secret,
    Webhook,
    WebhookFormat,
    check_events,
    check_secret,
    check_url,
)
from whatsapp_hub.domain.sessions.session import Session

_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a random signing secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """Settings of webhooks. `allow_private`: WEBHOOK_ALLOW_PRIVATE, for receivers inside one's own network."""

    allow_private: bool


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook to create. `events` empty: all that the format supports. `secret` None: a random one. `headers` go with
    every post."""

    url: str
    format: WebhookFormat = WebhookFormat.STANDARD
    events: tuple[str, ...] = ()
    session_id: SessionId | None = None
    secret: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """Create a subscription, and its first secret."""

    storage: Storage
    clock: Clock
    new_id: NewId
    rules: WebhookRules

    async def __call__(self, caller: Caller, new: NewWebhook) -> tuple[Webhook, str]:
        """Create it; return it and its secret, which is never shown again. Raises Invalid, Conflict (too many)."""
        caller.require(Action.MANAGE_WEBHOOKS)
        check_events(new.events, new.format)
        secret, now = check_secret(new.secret) if new.secret else new_secret(), self.clock()
        address, headers = check_url(new.url, self.rules.allow_private), check_headers(new.headers)
        webhook = Webhook(
            id=WebhookId(self.new_id()),
            tenant_id=caller.tenant_id,
            url=address.url,
            created_at=now,
            updated_at=now,
            secrets=(Secret(secret),),
            format=new.format,
            events=new.events,
            session_id=new.session_id,
            headers=_both(address.headers, headers),
        )
        async with self.storage.tenant(caller.tenant_id) as uow:
            if new.session_id and not await uow.sessions.peek([new.session_id]):
                raise Invalid.field("session_id", "there is no such session")
            await uow.quotas.require_room(Quota.WEBHOOKS)
            await uow.webhooks.add(webhook)
            await uow.commit()
        return webhook, secret


def _both(of_url: Headers, own: Headers) -> Headers:
    """Merge the headers. Raises Invalid where both carry credentials."""
    if of_url and AUTHORIZATION in dict(own):
        raise Invalid.field(f"headers/{AUTHORIZATION}", "the address carries credentials already: give one of the two")
    return merged(of_url, own)


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """Changes to a webhook. None keeps a field; `headers` replace all."""

    url: str | None = None
    format: WebhookFormat | None = None
    events: tuple[str, ...] | None = None
    is_active: bool | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class UpdateWebhook:
    """Change a subscription; a new address loses the credentials of the old one."""

    storage: Storage
    clock: Clock
    rules: WebhookRules

    async def __call__(
        self, caller: Caller, webhook_id: WebhookId, changes: WebhookChanges
    ) -> tuple[Webhook, SubscriptionHealth]:
        """Apply the changes. An ended webhook starts again with a new address, or when it is switched on, and receives
        the events from then on (earlier ones can be replayed). Raises NotFound, Invalid, Conflict (a bot's address
        and events are its session's)."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            webhook = await uow.webhooks.get(webhook_id)
            self._apply(webhook, changes, self.clock())
            await uow.webhooks.save(webhook, at_once=changes.headers is not None)
            health = await uow.webhooks.health(webhook_id)
            await uow.commit()
        return webhook, health

    def _apply(self, webhook: Webhook, changes: WebhookChanges, now: datetime) -> None:
        if webhook.of_bot and (changes.url, changes.format, changes.events) != (None, None, None):
            raise Conflict("of_bot", "it is the webhook of a session's bot: change the bot")
        address = Address(webhook.url)
        if changes.url is not None or changes.format is not None:
            address = check_url(changes.url or webhook.url, self.rules.allow_private, kept=webhook.url)
            webhook.move(address, changes.format or webhook.format, now)
        if changes.headers is not None:
            webhook.equip(_both(address.headers, check_headers(changes.headers)), now)
        if changes.events is not None:
            webhook.choose(changes.events, now)
        if changes.is_active is not None:
            (webhook.resume if changes.is_active else webhook.pause)(now)


@dataclass(frozen=True, slots=True)
class RotateWebhookSecret:
    """Replace the secret. For a day deliveries are signed with the old one too, so that a receiver can switch."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, webhook_id: WebhookId, secret: str | None) -> tuple[Webhook, str]:
        """Return the webhook and its new secret, a random one for None. Raises NotFound, Invalid."""
        caller.require(Action.MANAGE_WEBHOOKS)
        new = check_secret(secret) if secret else new_secret()
        async with self.storage.tenant(caller.tenant_id) as uow:
            webhook = await uow.webhooks.get(webhook_id)
            webhook.rotate(new, self.clock())
            await uow.webhooks.save(webhook)
            await uow.commit()
        return webhook, new


@dataclass(frozen=True, slots=True)
class DeleteWebhook:
    """Delete a subscription."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, webhook_id: WebhookId) -> None:
        """Delete it with its deliveries; a session's own is removed from the session, and a bot's removes the bot.
        Raises NotFound."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            webhook = await uow.webhooks.get(webhook_id)
            if webhook.session_id and (webhook.of_session or webhook.of_bot):
                session, now = await uow.sessions.get(webhook.session_id), self.clock()
                if webhook.of_bot:
                    session.unbind(now)
                else:
                    session.webhook_url, session.updated_at = None, now
                await uow.sessions.save(session)
            await uow.webhooks.remove(webhook_id)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class ListWebhooks:
    """List subscriptions with the health of their receivers."""

    storage: Storage

    async def __call__(self, caller: Caller) -> list[tuple[Webhook, SubscriptionHealth]]:
        """List all, sessions' own included."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.webhooks.all()

    async def one(self, caller: Caller, webhook_id: WebhookId) -> tuple[Webhook, SubscriptionHealth]:
        """Return one. Raises NotFound."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.webhooks.get(webhook_id), await uow.webhooks.health(webhook_id)


@dataclass(frozen=True, slots=True)
class SessionWebhook:
    """Keep a session's own webhook equal to its `webhookUrl`, in the session's transaction."""

    new_id: NewId
    rules: WebhookRules

    async def __call__(
        self,
        uow: UnitOfWork,
        session: Session,
        url: str | None,
        format: WebhookFormat | None,
        now: datetime,
        secret: str | None = None,
    ) -> None:
        """Create, change or remove it. `url` None or empty: remove. `format` None: unchanged, else standard. `secret`:
        of a new one, chosen by the client. Raises Invalid."""
        present = await uow.webhooks.of_session(session.id)
        kept = present.url if present else None
        address = check_url(url, self.rules.allow_private, "webhook_url", kept) if url else None
        session.webhook_url = shown(address.url) if address else None
        if address is None:
            if present:
                await uow.webhooks.remove(present.id)
        elif present:
            present.move(address, format or present.format, now)
            await uow.webhooks.save(present)
        else:
            await uow.webhooks.add(self._new(session, address, format, now, secret))

    def _new(
        self, session: Session, address: Address, format: WebhookFormat | None, now: datetime, secret: str | None
    ) -> Webhook:
        return Webhook(
            id=WebhookId(self.new_id()),
            tenant_id=session.tenant_id,
            url=address.url,
            created_at=now,
            updated_at=now,
            secrets=(Secret(check_secret(secret) if secret else new_secret()),),
            format=format or WebhookFormat.STANDARD,
            session_id=session.id,
            of_session=True,
            headers=address.headers,
        )
