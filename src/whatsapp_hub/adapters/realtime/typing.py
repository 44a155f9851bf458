"""`typing`: sent to those who have the same conversation open, in every process, and not stored."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.realtime.fanout import Fanout
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, UserId

LEAST_APART_S = 0.3

Publish = Callable[[bytes], Awaitable[None]]


class TypingPayload(msgspec.Struct, rename="camel"):
    """What the socket event `typing` carries; it has no position, since it is not in the log."""

    conversation_id: str
    user_id: str | None
    typing: bool


_TYPED = msgspec.json.Decoder(TypingPayload)


class Typing:
    """Typing indicators. `publish` sends one to the other processes, which pass it to `hear`."""

    def __init__(self, fanout: Fanout, publish: Publish | None) -> None:
        self._fanout = fanout
        self._publish = publish
        self._last: dict[str, tuple[TypingPayload, float]] = {}

    async def send(self, sid: str, eio_sid: str, user_id: UserId | None, id: ConversationId, is_typing: object) -> None:
        """Send that a user types or stopped; repeats are limited to a few a second. Raises Invalid."""
        if not isinstance(is_typing, bool):
            raise Invalid.field("typing", "must be true or false")
        typed, now = TypingPayload(str(id), str(user_id) if user_id else None, is_typing), time.monotonic()
        last = self._last.get(sid)
        if last and last[0] == typed and now - last[1] < LEAST_APART_S:
            return
        self._last[sid] = (typed, now)
        self._show(typed, but=eio_sid)
        if self._publish:
            await self._publish(msgspec.json.encode(typed))

    def hear(self, said: bytes) -> None:
        """Show what another process published; malformed input is ignored."""
        try:
            self._show(_TYPED.decode(said))
        except msgspec.MsgspecError:
            return

    def forget(self, sid: str) -> None:
        """Forget when the closed socket last said that it types."""
        self._last.pop(sid, None)

    def _show(self, typed: TypingPayload, but: str | None = None) -> None:
        payload: dict[str, Any] = msgspec.to_builtins(typed)
        self._fanout(Emission("typing", payload, NAMESPACE), [f"conversation:{typed.conversation_id}"], but)
