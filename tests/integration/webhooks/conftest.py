"""A tenant whose events are told to receivers: a real database, a real sequencer, real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest_asyncio

from tests.fakes.receiver import FakeReceiver
from tests.integration.conftest import Hub, PlainBox
from tests.integration.postgres.conftest import World as TenantWorld
from tests.integration.postgres.conftest import new_id, new_world  # noqa: F401 - a fixture
from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard
from whatsapp_hub.adapters.outgoing_webhooks.sender import HttpWebhookSender
from whatsapp_hub.adapters.postgres.queues.sequencer import Sequencer
from whatsapp_hub.adapters.postgres.queues.webhook_queue import PostgresWebhookQueue
from whatsapp_hub.application.integrations.deliver import DeliverWebhooks
from whatsapp_hub.application.integrations.subscriptions import CreateWebhook, NewWebhook, WebhookRules
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.integrations.subscription import Webhook

CALL_S = 0.5  # where receivers never answer
PATIENT_S = 5.0  # where they do, however busy the machine is


@dataclass
class Desk:
    """One tenant, and the queue of all."""

    tenant: TenantWorld
    hub: Hub
    queue: PostgresWebhookQueue
    conversations: list[Conversation] = field(default_factory=list)
    numbers: int = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def admin(self) -> Caller:
        return Caller(self.tenant.tenant.id, Role.ADMIN, "admin")

    async def subscribe(self, receiver: FakeReceiver, **more: Any) -> Webhook:
        create = CreateWebhook(self.hub.storage, self.now, new_id, WebhookRules(allow_private=True))
        webhook, receiver.secret = await create(self.admin(), NewWebhook(receiver.url, **more))
        return webhook

    async def happens(self, conversation: int = 0, count: int = 1) -> list[int]:
        """Numbered events of one of the conversations."""
        while len(self.conversations) <= conversation:
            self.conversations.append(await self.tenant.conversation())
        numbers = list(range(self.numbers + 1, self.numbers + count + 1))
        self.numbers += count
        async with self.tenant.uow() as uow:
            c = await uow.conversations.get(self.conversations[conversation].id)
            uow.publish(c.event(EventType.CONVERSATION_OPENED, self.now(), number=n) for n in numbers)
            await uow.commit()
        return numbers

    @asynccontextmanager
    async def working(self, workers: int = 1, call_s: float = PATIENT_S) -> AsyncIterator[list[DeliverWebhooks]]:
        """The worker's loop, as often as wanted."""
        sender = HttpWebhookSender(Guard(allow_private=True), self.now, call_s)
        made = [DeliverWebhooks(self.queue, sender, lambda: None) for _ in range(workers)]
        tasks = [asyncio.create_task(_work(deliver)) for deliver in made]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for deliver in made:
                await deliver.aclose()
            sender.close()
            for error in ended:
                if not isinstance(error, asyncio.CancelledError):
                    raise AssertionError("the worker's loop ended by itself") from error

    async def pass_time(self, hours: float) -> None:
        """As if it were so much later: everything that waits for a moment has come nearer to it."""
        for statement in (
            "UPDATE hub.webhook_deliveries SET next_at = next_at - $1::interval, "
            "expires_at = expires_at - $1::interval",
            "UPDATE hub.webhooks SET due_at = due_at - $1::interval, open_until = open_until - $1::interval, "
            "failed_at = failed_at - $1::interval",
        ):
            while True:
                try:
                    await self.hub.owner.execute(statement, timedelta(hours=hours))
                    break
                except asyncpg.DeadlockDetectedError:  # it takes all rows at once, as nobody else does
                    continue

    async def row(self, webhook: Webhook) -> dict[str, Any]:
        return dict(await self.hub.owner.fetchrow("SELECT * FROM hub.webhooks WHERE id = $1", webhook.id))

    async def deliveries(self, webhook: Webhook) -> list[dict[str, Any]]:
        statement = "SELECT * FROM hub.webhook_deliveries WHERE webhook_id = $1 ORDER BY position"
        return [dict(row) for row in await self.hub.owner.fetch(statement, webhook.id)]

    def in_order(self, taken: Sequence[int], lanes: dict[int, list[int]]) -> bool:
        """Whether each lane's numbers were first taken in their order."""
        first = list(dict.fromkeys(taken))
        return all([n for n in first if n in set(numbers)] == numbers for numbers in lanes.values())


async def _work(deliver: DeliverWebhooks) -> None:
    while True:
        with suppress(Unavailable):
            await deliver()
        await asyncio.sleep(0.02)


async def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def desk(hub: Hub, new_world: Callable[..., Any]) -> AsyncIterator[Desk]:  # noqa: F811
    async def soon(_: float) -> None:
        await asyncio.sleep(0.02)

    sequencing = asyncio.create_task(Sequencer(hub.url, hub.woken, soon).run())
    desk = Desk(await new_world(), hub, PostgresWebhookQueue(hub.database, PlainBox()))
    yield desk
    sequencing.cancel()
    with suppress(asyncio.CancelledError):
        await sequencing
    await hub.owner.execute("DELETE FROM hub.webhooks")
