"""AddNote: add an internal note to a conversation."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.ids import ConversationId, NoteId


@dataclass(frozen=True, slots=True)
class AddNote:
    """Store a note that agents see and the customer does not."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, conversation_id: ConversationId, content: str) -> Note:
        """Add the note. Raises NotFound, Invalid."""
        caller.require(Action.WORK_CONVERSATIONS)
        id = NoteId(self.new_id())
        note = Note(id, caller.tenant_id, conversation_id, caller.user_id, content, self.clock())
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.peek(conversation_id)
            await require_sight(uow, caller, conversation)
            note.added(conversation.session_id)
            await uow.notes.add(note)
            await uow.commit()
        return note
