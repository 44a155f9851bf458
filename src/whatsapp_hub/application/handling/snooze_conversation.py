"""SnoozeConversation: put a conversation out of sight until a time. WakeSnoozed: bring it back then."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.ids import ConversationId, TenantId


@dataclass(frozen=True, slots=True)
class SnoozeConversation:
    """Snooze a live conversation. The customer's next message wakes it; a customer who waits goes on waiting, and
    time-outs and targets run."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, conversation_id: ConversationId, until: datetime | None) -> Conversation:
        """Snooze it until then; None wakes it now. Raises NotFound, Invalid, Conflict unless the round is live."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            conversation.snooze(until, self.clock())
            await uow.conversations.save([conversation])
            await uow.commit()
        return conversation


@dataclass(frozen=True, slots=True)
class WakeSnoozed:
    """Sweep: wake one company's conversations whose snooze is over, and notify who has them, else the supervisors."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, limit: int = 200) -> int:
        """Return how many were woken. Safe to run in many processes at once; what is left is the next run's."""
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            due = await uow.conversations.snoozed_until(changes.now, limit)
            for conversation in due:
                conversation.wake(changes.now)
                changes.conversation(conversation)
                changes.notify(conversation, NotificationKind.SNOOZE_ENDED, conversation.assigned_user_id)
            await changes.write()
            await uow.commit()
        return len(due)
