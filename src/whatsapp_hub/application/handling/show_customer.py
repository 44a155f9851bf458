"""ShowCustomer: send read receipts and "typing…" to the customer, where the provider can.

In the background after the commit: no failure reaches the caller. A lost "typing…" is not repeated, a lost read receipt
is sent with the next reading. For a session that holds a socket its connector does it.
"""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.handling.send_read_marks import SendReadMarks
from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.provider.plugin import HidesTyping, Providers, SessionRef, ShowsTyping
from whatsapp_hub.application.ports.queues.commands import Command, CommandKind, Commands, TypingSign
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.holder_commands import AskHolder
from whatsapp_hub.domain.errors import HubError, ProviderError
from whatsapp_hub.domain.ids import ConversationId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0
AT_ONCE = 256
APART_S = 10.0
"""WhatsApp shows "typing…" for up to 25 s: sending it more often than this changes nothing."""
REMEMBERED = 10_000

log = logging.getLogger(__name__)


class TypingPace:
    """Throttle of typing signs: one every `APART_S` seconds, and one when typing ends."""

    def __init__(self) -> None:
        self._shown_at: OrderedDict[Hashable, float] = OrderedDict()

    def allows(self, key: Hashable, *, is_typing: bool) -> bool:
        """Return whether to send the sign now, and count it as sent."""
        if not is_typing:
            return self._shown_at.pop(key, None) is not None
        now = time.monotonic()
        if now - self._shown_at.get(key, -APART_S) < APART_S:
            return False
        self._shown_at[key] = now
        self._shown_at.move_to_end(key)
        if len(self._shown_at) > REMEMBERED:
            self._shown_at.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True)
class ShowCustomer:
    """One object a process. More than `AT_ONCE` at a time are dropped, and of one company more than it leaves free: a
    provider that hangs blocks nothing, and a company's no other company's."""

    providers: Providers
    commands: Commands
    new_id: NewId
    storage: Storage
    _showing: BackgroundTasks = field(default_factory=BackgroundTasks, init=False, repr=False, compare=False)
    _held: Counter[TenantId] = field(default_factory=Counter, init=False, repr=False, compare=False)
    _pace: TypingPace = field(default_factory=TypingPace, init=False, repr=False, compare=False)
    _turns: WeakValueDictionary[ConversationId, asyncio.Lock] = field(
        default_factory=WeakValueDictionary, init=False, repr=False, compare=False
    )

    def read(self, session: Session, conversation_id: ConversationId, upto: int | None) -> None:
        """Mark the customer's messages as read up to this place (`Messages.read_upto`)."""
        if upto is not None and self._can(session, Feature.MARK_READ):
            self._begin(session, CommandKind.MARK_READ, lambda: self._mark(session, conversation_id, upto))

    def typing(self, session: Session, sign: TypingSign) -> None:
        """Show "typing…", or end it where the provider can; at most every `APART_S` seconds per chat."""
        is_news = self._pace.allows((session.id, sign.chat), is_typing=sign.is_typing)
        if is_news and self._can(session, Feature.TYPING):
            self._begin(session, CommandKind.TYPING, lambda: self._type(session, sign))

    def _can(self, session: Session, feature: Feature) -> bool:
        plugin = self.providers.plugins.get(session.provider)
        is_shown = plugin is not None and feature in plugin.capabilities.features
        return is_shown and session.may_send and session.settings is not UNREADABLE

    def _begin(self, session: Session, kind: CommandKind, call: Callable[[], Awaitable[None]]) -> None:
        tenant_id = session.tenant_id
        if self._held[tenant_id] < AT_ONCE - len(self._showing):
            self._held[tenant_id] += 1
            self._showing.start(self._show(session, kind, call), partial(self._ended, tenant_id))

    def _ended(self, tenant_id: TenantId) -> None:
        self._held[tenant_id] -= 1
        if not self._held[tenant_id]:
            del self._held[tenant_id]

    async def aclose(self) -> None:
        """Show nothing more; what was begun has `CLOSE_WITHIN_S` to end."""
        await self._showing.aclose(CLOSE_WITHIN_S)

    async def _show(self, session: Session, kind: CommandKind, call: Callable[[], Awaitable[None]]) -> None:
        try:
            await call()
        except (ProviderError, HubError, TimeoutError) as error:
            known = {"session_id": str(session.id), "what": kind.value, "error": type(error).__name__}
            log.info("customer.not_shown", extra=known)

    async def _mark(self, session: Session, conversation_id: ConversationId, upto: int) -> None:
        """Mark one reading of a conversation after the other, so that no message is marked twice."""
        turn = self._turns.setdefault(conversation_id, asyncio.Lock())
        async with turn:
            send_marks = SendReadMarks(self.storage, self.providers, AskHolder(self.commands, self.new_id))
            await send_marks(session, conversation_id, upto)

    async def _type(self, session: Session, sign: TypingSign) -> None:
        async with asyncio.timeout(WITHIN_S):
            if self.providers.holds_socket(session.provider):
                kind, argument = CommandKind.TYPING, sign.as_argument()
                command = Command(self.new_id(), session.tenant_id, session.id, session.provider, kind, argument)
                await self.commands.ask(command, WITHIN_S)  # its answer is not needed
            else:
                ref = SessionRef.of(session)
                await show_typing(self.providers.live(session.provider), ref, sign)


async def show_typing(provider: object, session: SessionRef, sign: TypingSign) -> None:
    """Show "typing…" or hide it. Raises as `Provider.send` does."""
    if sign.is_typing and isinstance(provider, ShowsTyping):
        await provider.show_typing(session, sign.chat, sign.last_inbound_id)
    elif not sign.is_typing and isinstance(provider, HidesTyping):
        await provider.hide_typing(session, sign.chat)
