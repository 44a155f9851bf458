"""`typing`: sent to those who have the same conversation open, in every process, and not stored."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from whatsapp_hub.adapters.contracts.events import typing_signs
from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.contracts.events.typing_signs import TypingPayload
from whatsapp_hub.adapters.realtime.fanout import Fanout
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, UserId

LEAST_APART_S = 0.3
CUSTOMER_S = 20.0
"""How long a customer's sign lasts that is neither repeated nor ended: WhatsApp may send no end."""

Publish = Callable[[bytes], Awaitable[None]]


class Typing:
    """Typing indicators. `publish` sends one to the other processes, which pass it to `hear`."""

    def __init__(self, fanout: Fanout, publish: Publish | None) -> None:
        self._fanout = fanout
        self._publish = publish
        self._last: dict[str, tuple[TypingPayload, float]] = {}
        self._customers: dict[str, asyncio.TimerHandle] = {}

    async def send(self, sid: str, eio_sid: str, user_id: UserId | None, id: ConversationId, is_typing: object) -> None:
        """Send that a user types or stopped; repeats are limited to a few a second. Raises Invalid."""
        if not isinstance(is_typing, bool):
            raise Invalid.field("typing", "must be true or false")
        who = str(user_id) if user_id else None
        typed, now = TypingPayload(conversation_id=str(id), user_id=who, typing=is_typing), time.monotonic()
        last = self._last.get(sid)
        if last and last[0] == typed and now - last[1] < LEAST_APART_S:
            return
        self._last[sid] = (typed, now)
        self._show(typed, but=eio_sid)
        if self._publish:
            await self._publish(typing_signs.encode(typed))

    def hear(self, said: bytes) -> None:
        """Show what another process published; malformed input is ignored."""
        try:
            typed = typing_signs.decode(said)
        except msgspec.MsgspecError:
            return
        if typed.customer:
            self._expire_later(typed)
        self._show(typed)

    def forget(self, sid: str) -> None:
        """Forget when the closed socket last said that it types."""
        self._last.pop(sid, None)

    def _expire_later(self, typed: TypingPayload) -> None:
        """End a customer's sign by itself, unless another one comes before."""
        if last := self._customers.pop(typed.conversation_id, None):
            last.cancel()
        if typed.typing:
            ended = msgspec.structs.replace(typed, typing=False)
            loop = asyncio.get_running_loop()
            self._customers[typed.conversation_id] = loop.call_later(CUSTOMER_S, self._expire, ended)

    def _expire(self, ended: TypingPayload) -> None:
        self._customers.pop(ended.conversation_id, None)
        self._show(ended)

    def _show(self, typed: TypingPayload, but: str | None = None) -> None:
        payload: dict[str, Any] = msgspec.to_builtins(typed)
        self._fanout(Emission("typing", payload, NAMESPACE), [f"conversation:{typed.conversation_id}"], but)
