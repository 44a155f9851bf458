"""ResolveConversation, ArchiveConversation, ReopenConversation: close a round, or reopen it."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.assign_conversation import require_takable
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.routing.ask_rating import ask_rating
from whatsapp_hub.application.routing.reassign import Reassign
from whatsapp_hub.application.routing.serve_queue import ServeFreed
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.ids import ConversationId, NoteId


@dataclass(frozen=True, slots=True)
class ResolveConversation:
    """Close the conversation and offer the agent the next one; the customer may be asked for a rating."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_freed: ServeFreed

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId, reason: str | None = None, note: str | None = None
    ) -> Conversation:
        """Resolve it, for one of the company's reasons, with a note for colleagues. Raises NotFound, Invalid, Conflict
        unless the round is live."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            reason = uow.tenant.closing.checked(reason)
            if note is not None:
                await self._add(uow, caller, conversation, note, changes.now)
            conversation.resolve(changes.now, reason)
            changes.conversation(conversation)
            await ask_rating(changes, conversation)
            await changes.write()
            await uow.commit()
        await self.serve_freed(caller.tenant_id, conversation.assigned_user_id)
        return conversation

    async def _add(self, uow: UnitOfWork, caller: Caller, of: Conversation, text: str, at: datetime) -> None:
        note = Note(NoteId(self.new_id()), caller.tenant_id, of.id, caller.user_id, text, at)
        note.added(of.session_id)
        await uow.notes.add(note)


@dataclass(frozen=True, slots=True)
class ArchiveConversation:
    """Archive a live or resolved round. The customer's next message opens a new one."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_freed: ServeFreed

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Archive it. Raises NotFound, Conflict (archived already, or another user than the caller has it)."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            was_live = conversation.is_live
            if was_live:
                require_takable(caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            by = caller.email or "an API key"
            conversation.archive(changes.now, because(RoutingCode.ARCHIVED, f"archived by {by}", by=by))
            changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        if was_live:
            await self.serve_freed(caller.tenant_id, conversation.assigned_user_id)
        return conversation


@dataclass(frozen=True, slots=True)
class ReopenConversation:
    """Reopen a closed round, unless the contact has a live one. It is assigned to its last attendant if free, else to
    a free agent of its department, else queued."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Reopen it. Raises NotFound, Conflict (it is live, or another round of the contact is)."""
        caller.require(Action.REOPEN_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            by = caller.email or "an API key"
            reason = because(RoutingCode.REOPENED, f"reopened by {by}", by=by)
            conversation.reopen(changes.now, reason)
            await Reassign(changes)(conversation, reason, None, prefer=conversation.last_attendant_id)
            await changes.write()
            await uow.commit()
        return conversation
