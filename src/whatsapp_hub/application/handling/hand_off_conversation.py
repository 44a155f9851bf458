"""HandOffConversation: hand a bot's conversation off to people, on request of the bot or of an agent."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.transfer_conversation import target
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.routing.hand_off_to_people import HandOffToPeople
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.errors import Conflict, Flaw, Invalid
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, NoteId
from whatsapp_hub.domain.sessions.session import Session


@dataclass(frozen=True, slots=True)
class HandOffConversation:
    """End the bot's turn and route the conversation to people."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        department_id: DepartmentId | None = None,
        note: str | None = None,
    ) -> Conversation:
        """Hand off to that department, else the bot's own, else the root one. `note` is internal. Raises NotFound,
        Invalid, Conflict (the round is over, no bot takes part in it, people have it already)."""
        caller.require(Action.HAND_OVER_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            session = await _of_a_bot(uow, conversation)
            department = await target(uow, department_id) if department_id else None
            changes = Changes(uow, self.new_id, self.clock())
            if note is not None:
                added = self._note(caller, conversation, note, changes)
                added.added(conversation.session_id)
                await uow.notes.add(added)
            by = caller.email or "the bot"
            why = because(RoutingCode.HANDED_OVER, f"handed over by {by}", by=caller.email)
            await HandOffToPeople(changes)(conversation, session, why, department, note)
            await changes.write()
            await uow.commit()
        return conversation

    def _note(self, caller: Caller, conversation: Conversation, note: str, changes: Changes) -> Note:
        try:
            id = NoteId(self.new_id())
            return Note(id, caller.tenant_id, conversation.id, caller.user_id, note, changes.now)
        except Invalid as error:
            raise Invalid(*(Flaw("/note", flaw.reason) for flaw in error.flaws)) from None


async def _of_a_bot(uow: UnitOfWork, conversation: Conversation) -> Session:
    """Return the round's session, whose bot has the turn. Raises Conflict."""
    if not conversation.is_live:
        raise Conflict("not_open", f"the conversation is {conversation.status}")
    session = (await uow.sessions.peek([conversation.session_id])).get(conversation.session_id)
    if session is None or (session.bot is None and conversation.bot_part is BotPart.NONE):
        raise Conflict("no_bot", "the conversation's session has no bot")
    conversation.start_bot()
    if conversation.is_with_people:
        raise Conflict("peoples", "people have this conversation already")
    return session
