"""MarkConversationRead: mark the customer's messages as read, and send read receipts where the provider can.
MarkConversationUnread: come back to it later."""

from dataclasses import dataclass

from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ConversationId


@dataclass(frozen=True, slots=True)
class MarkConversationRead:
    """Clear the unread count; the customer sees a read receipt where the provider can send one."""

    storage: Storage
    show: ShowCustomer
    clock: Clock

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Mark all as read. Idempotent; read receipts that were lost before are sent then. Raises NotFound."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            upto = await uow.messages.read_upto(conversation.id)
            session = (await uow.sessions.peek([conversation.session_id])).get(conversation.session_id)
            if conversation.read(self.clock(), caller.user_id):
                await uow.conversations.save([conversation])
                await uow.commit()
        if session:
            self.show.read(session, conversation.id, upto)
        return conversation


@dataclass(frozen=True, slots=True)
class MarkConversationUnread:
    """Mark a conversation unread for its company; the customer sees nothing of it."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Mark it unread. Idempotent. Raises NotFound, Conflict unless the round is live."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            conversation.unread(self.clock())
            await uow.conversations.save([conversation])
            await uow.commit()
        return conversation
