"""Outgoing webhooks: their parts, and the worker's loop that delivers them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from dishka import Provider, Scope, provide, provide_all

from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard
from whatsapp_hub.adapters.outgoing_webhooks.sender import HttpWebhookSender
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.queues.webhook_queue import PostgresWebhookQueue
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.redis.wakes import Wakes, WakeSignal
from whatsapp_hub.application.integrations.deliver import DeliverWebhooks
from whatsapp_hub.application.integrations.replay import ListDeliveries, PingWebhook, ReplayDelivery, ReplayRange
from whatsapp_hub.application.integrations.subscriptions import (
    CreateWebhook,
    DeleteWebhook,
    ListWebhooks,
    RotateWebhookSecret,
    SessionWebhook,
    UpdateWebhook,
    WebhookRules,
)
from whatsapp_hub.application.maintenance.trim_log import TrimLog
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.ports.edge.clock import Clock, RetentionClock
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.ports.queues.webhook_queue import WebhookQueue, WebhookSender
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.settings import Settings

AWAY_S = 0.5
APART_S = 0.015
"""Events within this time are planned together under load."""
EXPIRED_AT_ONCE = 5_000

log = logging.getLogger(__name__)


class Integrations(Provider):
    """Outgoing webhooks behind their ports."""

    scope = Scope.APP

    everyone = provide_all(
        *(CreateWebhook, UpdateWebhook, DeleteWebhook, ListWebhooks, RotateWebhookSecret, SessionWebhook),
        *(ListDeliveries, ReplayDelivery, ReplayRange, PingWebhook),
    )

    @provide
    def rules(self, settings: Settings) -> WebhookRules:
        return WebhookRules(settings.webhook_allow_private)

    @provide
    def queue(self, database: Database, vault: SettingsVault) -> WebhookQueue:
        return PostgresWebhookQueue(database, vault.box)

    @provide
    async def sender(self, settings: Settings, clock: Clock, links: MediaLinks) -> AsyncIterator[WebhookSender]:
        sender = HttpWebhookSender(Guard(settings.webhook_allow_private), clock, link=links.for_program)
        yield sender
        sender.close()

    @provide
    async def deliver(self, queue: WebhookQueue, sender: WebhookSender, wakes: Wakes) -> AsyncIterator[DeliverWebhooks]:
        deliver = DeliverWebhooks(queue, sender, lambda: wakes.ring(Work.EVENTS))
        yield deliver
        await deliver.aclose()

    @provide
    def trim_log(self, log: EventLog, queue: WebhookQueue, long_past: RetentionClock, settings: Settings) -> TrimLog:
        return TrimLog(log, queue, long_past, timedelta(days=settings.events_retention_days))


async def keep_delivering(signal: WakeSignal, deliver: DeliverWebhooks) -> None:
    """Deliver until cancelled; then finish and store deliveries under way."""
    try:
        while True:
            PULSE.beat("webhooks")
            await signal.wait()
            try:
                await deliver()
                await asyncio.sleep(APART_S)
            except Unavailable:
                await asyncio.sleep(AWAY_S)
            except Exception:
                log.exception("loop.failed", extra={"loop": "webhooks"})
                await asyncio.sleep(AWAY_S)
    finally:
        await deliver.aclose()


async def expire_deliveries(queue: WebhookQueue) -> None:
    """Expire deliveries that are too old while no worker tries them."""
    while await queue.expire(EXPIRED_AT_ONCE) == EXPIRED_AT_ONCE:
        pass
