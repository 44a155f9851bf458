"""AskForConversation: somebody asks colleagues for a customer whom they have."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from whatsapp_hub.domain.ids import NoteId, SessionId, UserId

_ASKS = {
    Language.PT_BR: "Peço esta conversa.",
    Language.EN: "I ask for this conversation.",
    Language.ES: "Pido esta conversación.",
}
ASKED_FOR = timedelta(minutes=10)
"""So long one request of a person for a conversation stands: another one adds nothing."""
PERIOD, MOST_ASKED = timedelta(hours=1), 20
"""So many conversations a person may ask for in an hour."""


@dataclass(frozen=True, slots=True)
class AskForConversation:
    """A note of the caller's in the conversation, and a notification to who has it, else to the supervisors; once in
    `ASKED_FOR`, however often they ask."""

    storage: Storage
    clock: Clock
    new_id: NewId
    read_number: ReadNumber

    async def __call__(self, caller: Caller, session_id: SessionId, to: str) -> None:
        """Ask for the live conversation of a session with a customer. Raises NotFound: there is none; Conflict: the
        caller sees it; Forbidden (an API key), Invalid, TooMany."""
        caller.require(Action.START_CONVERSATIONS)
        if caller.user_id is None:
            raise Forbidden("ask for a conversation: an API key is not a person")
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await self._found(uow, session_id, to)
            await _require_hidden(uow, caller, conversation)
            now = self.clock()
            if await _is_asked(uow, caller.user_id, conversation, now):
                return
            text = _ASKS[uow.tenant.language]
            note = Note(NoteId(self.new_id()), caller.tenant_id, conversation.id, caller.user_id, text, now)
            note.added(conversation.session_id)
            await uow.notes.add(note)
            changes = Changes(uow, self.new_id, now)
            changes.notify(conversation, NotificationKind.REQUESTED, conversation.assigned_user_id)
            await changes.write()
            await uow.commit()

    async def _found(self, uow: UnitOfWork, session_id: SessionId, to: str) -> Conversation:
        session = (await uow.sessions.peek([session_id])).get(session_id)
        if session is None:
            raise Invalid.field("session_id", "there is no such session")
        identity = await self.read_number.recipient(uow, session, to, uow.tenant.country)
        found = await uow.conversations.live_with(session_id, [identity])
        if found is None:
            raise NotFound("conversation", to)
        return await uow.conversations.get(found)


async def _is_asked(uow: UnitOfWork, user_id: UserId, conversation: Conversation, now: datetime) -> bool:
    """Return whether the user asked for it a moment ago, under the lock of the conversation. Raises TooMany."""
    asked = await uow.notes.by(user_id, _ASKS.values(), now - PERIOD)
    if any(note.conversation_id == conversation.id and note.created_at > now - ASKED_FOR for note in asked):
        return True
    if len(asked) >= MOST_ASKED:
        raise TooMany((asked[MOST_ASKED - 1].created_at + PERIOD - now).total_seconds())
    return False


async def _require_hidden(uow: UnitOfWork, caller: Caller, conversation: Conversation) -> None:
    try:
        await require_sight(uow, caller, conversation)
    except NotFound:
        return
    raise Conflict("not_held", "this conversation is not held elsewhere: take it")
