"""ClassifyConversation and RenameCustomer: set labels, priority and the customer's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation, Priority
from whatsapp_hub.domain.conversations.labels import changed, checked
from whatsapp_hub.domain.ids import ConversationId


@dataclass(frozen=True, slots=True)
class ClassifyConversation:
    """Set the labels, which match agents' skills, and the priority in queues."""

    storage: Storage
    clock: Clock

    async def __call__(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        priority: Priority | None = None,
        labels: Sequence[str] | None = None,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Conversation:
        """Set what is not None; `add` and `remove` change the labels that it has. Raises NotFound, Invalid."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            if add or remove:
                had = conversation.labels if labels is None else checked(labels, "labels")
                labels = changed(had, checked(add, "add_labels"), checked(remove, "remove_labels"))
            conversation.classify(priority, labels, self.clock())
            await uow.conversations.save([conversation])
            await uow.commit()
        return conversation


@dataclass(frozen=True, slots=True)
class RenameCustomer:
    """Rename the customer in this round and later ones; the contact's own name stays."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, conversation_id: ConversationId, name: str) -> Conversation:
        """Rename the customer. Raises NotFound, Invalid."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            conversation.rename_customer(name, self.clock())
            await uow.conversations.save([conversation])
            await uow.commit()
        return conversation
