"""ShowTyping: show the customer that an agent, or a bot's program, is typing."""

from dataclasses import dataclass, field

from whatsapp_hub.application.handling.show_customer import ShowCustomer, TypingPace
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.commands import TypingSign
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import ConversationId


@dataclass(frozen=True, slots=True)
class ShowTyping:
    """Show or end "typing…". A keystroke costs no query while the last sign is still shown."""

    storage: Storage
    show: ShowCustomer
    _pace: TypingPace = field(default_factory=TypingPace, init=False, repr=False, compare=False)

    async def __call__(self, caller: Caller, conversation_id: ConversationId, *, is_typing: bool) -> None:
        """Show or end it; nothing while the database is unavailable. Raises Forbidden, NotFound."""
        caller.require(Action.WORK_CONVERSATIONS)
        if not self._pace.allows(conversation_id, is_typing=is_typing):
            return
        try:
            await self._show(caller, conversation_id, is_typing=is_typing)
        except Unavailable:
            return

    async def _show(self, caller: Caller, conversation_id: ConversationId, *, is_typing: bool) -> None:
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.peek(conversation_id)
            await require_sight(uow, caller, conversation)
            newest = await uow.messages.newest_inbound(conversation_id)
            session = (await uow.sessions.peek([conversation.session_id])).get(conversation.session_id)
        if session and conversation.is_live:
            self.show.typing(session, TypingSign(conversation.chat, is_typing, newest))
