"""BindBot and UnbindBot: set the bot that answers a session's customers before people do."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.integrations.subscriptions import WebhookRules, new_secret
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.bot import USUAL_ANSWER_WITHIN, Bot
from whatsapp_hub.domain.errors import Invalid, NotFound
from whatsapp_hub.domain.ids import DepartmentId, SessionId, WebhookId
from whatsapp_hub.domain.integrations.secret_urls import shown
from whatsapp_hub.domain.integrations.subscription import (
    BOTS_EVENTS,
    Address,
    Secret,
    Webhook,
    WebhookFormat,
    check_url,
)
from whatsapp_hub.domain.sessions.session import Session


@dataclass(frozen=True, slots=True)
class WantedBot:
    """A bot to bind. `answer_within_minutes`: how long it may leave a customer unanswered."""

    url: str
    department_id: DepartmentId | None = None
    answer_within_minutes: int = USUAL_ANSWER_WITHIN


@dataclass(frozen=True, slots=True)
class BindBot:
    """Bind a bot, which receives events through a webhook of its own, a subscription like others: signed, in order,
    retried, with a delivery log."""

    storage: Storage
    clock: Clock
    new_id: NewId
    rules: WebhookRules

    async def __call__(self, caller: Caller, session_id: SessionId, wanted: WantedBot) -> tuple[Session, str | None]:
        """Return the session, and a new bot's secret, which is never shown again. An existing bot moves to the new
        address and keeps its secret; an ended webhook starts again. Raises NotFound, Invalid."""
        caller.require(Action.MANAGE_SESSIONS)
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session, now = await uow.sessions.get(session_id), self.clock()
            known = await uow.webhooks.get(session.bot.webhook_id) if session.bot else None
            address = check_url(wanted.url, self.rules.allow_private, kept=known.url if known else None)
            bot = await self._bot(uow, wanted, address, known.id if known else WebhookId(self.new_id()))
            secret = await (_move(uow, known, address, now) if known else _subscribe(uow, session, bot, address, now))
            session.bind(bot, now)
            await uow.sessions.save(session)
            await uow.commit()
        return session, secret

    async def _bot(self, uow: UnitOfWork, wanted: WantedBot, address: Address, webhook_id: WebhookId) -> Bot:
        bot = Bot(webhook_id, shown(address.url), wanted.department_id, wanted.answer_within_minutes)
        try:
            if bot.department_id:
                await uow.departments.get(bot.department_id)
        except NotFound:
            raise Invalid.field("department_id", "there is no such department") from None
        return bot


async def _move(uow: UnitOfWork, webhook: Webhook, address: Address, now: datetime) -> None:
    webhook.move(address, WebhookFormat.STANDARD, now)
    await uow.webhooks.save(webhook)


async def _subscribe(uow: UnitOfWork, session: Session, bot: Bot, address: Address, now: datetime) -> str:
    secret = new_secret()
    webhook = Webhook(
        id=bot.webhook_id,
        tenant_id=session.tenant_id,
        url=address.url,
        created_at=now,
        updated_at=now,
        secrets=(Secret(secret),),
        events=BOTS_EVENTS,
        session_id=session.id,
        of_bot=True,
        headers=address.headers,
    )
    await uow.webhooks.add(webhook)
    return secret


@dataclass(frozen=True, slots=True)
class UnbindBot:
    """Remove the bot. Routing stays none; the bot's rounds go to people when the customer waits too long."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, session_id: SessionId) -> None:
        """Remove the bot and its webhook. Raises NotFound (also: there is no bot)."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            if session.bot is None:
                raise NotFound("bot of session", session_id)
            await uow.webhooks.remove(session.bot.webhook_id)
            session.unbind(self.clock())
            await uow.sessions.save(session)
            await uow.commit()
