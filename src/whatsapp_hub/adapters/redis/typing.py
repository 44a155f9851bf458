"""Typing indicators between API processes: the one thing that only Valkey carries and nothing stores."""

import asyncio
import logging
from collections.abc import Callable
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from whatsapp_hub.adapters.contracts.events.typing_signs import TypingPayload, encode
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.ids import ConversationId

log = logging.getLogger(__name__)

CHANNEL = "hub:typing"
AWAY_S = 0.5
RECEIVE_S = 5.0
TELL_WITHIN_S = 1.0


AT_ONCE = 64


class TypingChannel:
    """Publish and subscribe of typing indicators. While Valkey is away they are dropped; nothing waits for it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._own = uuid4().hex.encode()

    async def publish(self, data: bytes) -> None:
        """Publish to the other processes; lost where Valkey is away."""
        try:
            async with asyncio.timeout(TELL_WITHIN_S):
                await self._redis.publish(CHANNEL, self._own + data)
        except (RedisError, OSError, TimeoutError):
            return

    async def listen(self, receive: Callable[[bytes], None]) -> None:
        """Pass on what other processes publish, forever; reconnects by itself."""
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    async with asyncio.timeout(RECEIVE_S):
                        await subscription.subscribe(CHANNEL)
                    while True:
                        PULSE.beat("typing")
                        message = await subscription.get_message(timeout=RECEIVE_S)
                        if message and message["type"] == "message" and not message["data"].startswith(self._own):
                            self._deliver(message["data"][len(self._own) :], receive)
            except (RedisError, OSError):
                PULSE.beat("typing")
                await asyncio.sleep(AWAY_S)

    def _deliver(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Deliver a message; one that cannot be parsed (another version's, another program's) is skipped."""
        try:
            receive(data)
        except Exception as error:
            log.warning("typing.unreadable", extra={"error": type(error).__name__})


class CustomerTyping:
    """Implements `ShowsCustomerTyping`: publishes to all API processes. More than `AT_ONCE` at a time are dropped."""

    def __init__(self, channel: TypingChannel) -> None:
        self._channel = channel
        self._publishing = BackgroundTasks()

    def __call__(self, conversation_id: ConversationId, *, is_typing: bool) -> None:
        """Publish in the background."""
        if len(self._publishing) < AT_ONCE:
            typed = TypingPayload(conversation_id=str(conversation_id), user_id=None, customer=True, typing=is_typing)
            self._publishing.start(self._channel.publish(encode(typed)))

    async def aclose(self) -> None:
        """Drop what is not published yet."""
        await self._publishing.aclose()
