"""AddNote and ReadNotifications: what people tell each other, and what the hub tells them."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.clock import Clock, NewId
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.ports.storage import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.access import Action
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import ConversationId, NoteId, NotificationId
from whatsapp_hub.domain.note import Note


@dataclass(frozen=True, slots=True)
class AddNote:
    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, conversation_id: ConversationId, content: str) -> Note:
        """Raises NotFound, Invalid."""
        caller.require(Action.WORK_CONVERSATIONS)
        id = NoteId(self.new_id())
        note = Note(id, caller.tenant_id, conversation_id, caller.user_id, content, self.clock())
        async with self.storage.tenant(caller.tenant_id) as uow:
            await require_sight(uow, caller, await uow.conversations.peek(conversation_id))
            await uow.notes.add(note)
            await uow.commit()
        return note


@dataclass(frozen=True, slots=True)
class ReadNotifications:
    """One of the caller's, or all."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, notification_id: NotificationId | None = None) -> int:
        """How many were unread. Idempotent. Raises NotFound, Forbidden for a caller that is no user."""
        caller.require(Action.READ_NOTIFICATIONS)
        if caller.user_id is None:
            raise Forbidden(Action.READ_NOTIFICATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            count = await uow.notifications.mark_read(caller.user_id, notification_id, self.clock())
            await uow.commit()
        return count
