"""Post webhooks: signed, to a checked address, within a hard deadline, without following redirects."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

from whatsapp_hub.adapters.contracts import webhook_bodies
from whatsapp_hub.adapters.contracts.events.linked import LinkTo
from whatsapp_hub.adapters.outgoing_webhooks import signing
from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard, Refused
from whatsapp_hub.adapters.outgoing_webhooks.http import Connections, Target
from whatsapp_hub.adapters.outgoing_webhooks.response import Answer, NoAnswer
from whatsapp_hub.adapters.tls import http1_context
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.queues.webhook_queue import DueDelivery, Receiver
from whatsapp_hub.domain.integrations.delivery import Attempt
from whatsapp_hub.domain.integrations.secret_urls import is_shown
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat

LONGEST_S = 10.0


class HttpWebhookSender:
    """Implements `WebhookSender`. `link` makes the addresses of files."""

    def __init__(self, guard: Guard, clock: Clock, longest_s: float = LONGEST_S, link: LinkTo | None = None) -> None:
        self.longest_s = longest_s
        self._guard = guard
        self._clock = clock
        self._link = link

    def receiver(self) -> AbstractAsyncContextManager[Receiver]:
        """Open connections of one receiver, closed at the end of the block."""
        return self._receiver()

    @asynccontextmanager
    async def _receiver(self) -> AsyncIterator[Receiver]:
        connections = Connections(http1_context())
        try:
            yield HttpReceiver(connections, self._guard, self._clock, self.longest_s, self._link)
        finally:
            connections.close()

    def close(self) -> None:
        """Stop resolving names."""
        self._guard.close()


class HttpReceiver:
    """Implements `Receiver`."""

    def __init__(
        self, connections: Connections, guard: Guard, clock: Clock, longest_s: float, link: LinkTo | None = None
    ) -> None:
        self._connections = connections
        self._link = link
        self._guard = guard
        self._clock = clock
        self._longest_s = longest_s

    async def post(self, webhook: Webhook, due: DueDelivery) -> Attempt | None:
        """Encode in the subscription's format, sign and post. Raises ValueError for an event that is no longer kept."""
        if due.event is None:
            raise ValueError("a delivery whose event is gone is not posted")
        body = webhook_bodies.body(webhook, due, due.event, self._link)
        return None if body is None else await self._attempt(webhook, webhook_bodies.message_id(due.event), body)

    async def ping(self, webhook: Webhook) -> Attempt:
        """Post a test event of its own id."""
        id = f"test_{uuid4().hex}"
        return await self._attempt(webhook, id, webhook_bodies.ping(webhook, id, self._clock()))

    async def _attempt(self, webhook: Webhook, id: str, body: bytes) -> Attempt:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._longest_s):
                headers = self._headers(webhook, id, body)
                answer = await self._exchange(webhook, headers, body)
        except TimeoutError:
            return Attempt(None, time.monotonic() - began, f"no answer within {self._longest_s:g} s")
        except Refused as error:
            return Attempt(None, time.monotonic() - began, f"not posted: {error}")
        except Exception as error:  # whatever a foreign server makes the client raise
            return Attempt(None, time.monotonic() - began, _failure(error))
        failure = None if 200 <= answer.status < 300 else f"the receiver answered {answer.status}"
        return Attempt(answer.status, time.monotonic() - began, failure, _retry_after(answer.retry_after))

    def _headers(self, webhook: Webhook, id: str, body: bytes) -> dict[str, str]:
        now = self._clock()
        secrets = webhook.valid_secrets(now)
        if not secrets:
            raise Refused("its secret cannot be read (HUB_SECRET_KEY is another one); give it a new one")
        if is_shown(webhook.url):
            raise Refused("its address cannot be read (HUB_SECRET_KEY is another one); give it anew")
        headers = {
            **signing.AGENT,
            **dict(webhook.headers),
            **signing.CONTENT,
            **signing.standard(secrets, id, now, body),
        }
        return {**headers, **signing.waha(secrets[0], id, now, body)} if _is_waha(webhook) else headers

    async def _exchange(self, webhook: Webhook, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post over an idle connection, else a new one to the first checked address that accepts. A post is never
        silently repeated: each attempt is recorded."""
        target = Target.of(webhook.url)
        connection = await self._connections.idle(target)
        if connection is None:
            addresses = await self._guard.addresses(target.host, target.port, str(webhook.tenant_id))
            connection = await self._connections.open(target, addresses)
        try:
            return await connection.post(headers, body)
        finally:
            self._connections.give_back(connection)


def _is_waha(webhook: Webhook) -> bool:
    return webhook.format is WebhookFormat.WAHA


def _retry_after(value: str) -> float | None:
    return float(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


def _failure(error: Exception) -> str:
    """Describe the kind of failure, without anything that the receiver wrote."""
    return f"no answer: {error if isinstance(error, NoAnswer) else type(error).__name__}"
