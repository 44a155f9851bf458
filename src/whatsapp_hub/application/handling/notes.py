"""AddNote, ChangeNote, DeleteNote: internal notes of a conversation, in which colleagues are mentioned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import is_seen_by, require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.errors import Invalid, NotFound
from whatsapp_hub.domain.ids import ConversationId, NoteId, UserId


@dataclass(frozen=True, slots=True)
class AddNote:
    """Store a note that agents see and the customer does not, and notify those whom it mentions."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId, content: str, mentions: Sequence[UserId] = ()
    ) -> Note:
        """Add the note. Raises NotFound; Invalid: a text that is none, a mentioned person who is not there or does not
        see the conversation."""
        caller.require(Action.WORK_CONVERSATIONS)
        id, now = NoteId(self.new_id()), self.clock()
        note = Note(id, caller.tenant_id, conversation_id, caller.user_id, content, now, tuple(dict.fromkeys(mentions)))
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.peek(conversation_id)
            await require_sight(uow, caller, conversation)
            await _require_readers(uow, conversation, note.mentions)
            note.added(conversation.session_id)
            await uow.notes.add(note)
            await _notify(Changes(uow, self.new_id, now), conversation, note, note.mentions)
            await uow.commit()
        return note


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """Change the text of one's own note, or whom it mentions; who is mentioned only now is notified."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        note_id: NoteId,
        content: str | None,
        mentions: Sequence[UserId] | None = None,
    ) -> Note:
        """Change it; None: stays as it is. Raises NotFound; Conflict: somebody else wrote it; Invalid as AddNote."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation, before = await _own(uow, caller, conversation_id, note_id)
            now = self.clock()
            note = before.edited(
                before.content if content is None else content,
                before.mentions if mentions is None else tuple(dict.fromkeys(mentions)),
                now,
                conversation.session_id,
            )
            if note is before:
                return before
            new = [id for id in note.mentions if id not in before.mentions]
            await _require_readers(uow, conversation, note.mentions, before.mentions)
            await uow.notes.save(note)
            await _notify(Changes(uow, self.new_id, now), conversation, note, new)
            await uow.commit()
        return note


@dataclass(frozen=True, slots=True)
class DeleteNote:
    """Delete one's own note."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, conversation_id: ConversationId, note_id: NoteId) -> None:
        """Delete it. Raises NotFound; Conflict: somebody else wrote it."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation, note = await _own(uow, caller, conversation_id, note_id)
            note.deleted(self.clock(), conversation.session_id)
            await uow.notes.delete(note)
            await uow.commit()


async def _own(
    uow: UnitOfWork, caller: Caller, conversation_id: ConversationId, note_id: NoteId
) -> tuple[Conversation, Note]:
    """Return the conversation, and its note by the caller, locked."""
    conversation = await uow.conversations.peek(conversation_id)
    await require_sight(uow, caller, conversation)
    note = await uow.notes.get(note_id)
    if note.conversation_id != conversation_id:
        raise NotFound("note", note_id)
    note.require_author(caller.user_id)
    return conversation, note


async def _require_readers(
    uow: UnitOfWork, conversation: Conversation, mentions: Iterable[UserId], known: Sequence[UserId] = ()
) -> None:
    """Raise Invalid unless each of them, but for those mentioned before, works here and sees the conversation."""
    for place, user_id in enumerate(mentions):
        if user_id in known:
            continue
        try:
            user = await uow.users.peek(user_id)
        except NotFound:
            raise Invalid.field(f"mentions/{place}", "is nobody of the company") from None
        if not is_seen_by(user, conversation):
            raise Invalid.field(f"mentions/{place}", f"{user.name} does not see this conversation")


async def _notify(changes: Changes, conversation: Conversation, note: Note, mentioned: Iterable[UserId]) -> None:
    """Notify those who are mentioned, without the author."""
    for user_id in mentioned:
        if user_id != note.user_id:
            changes.notify(conversation, NotificationKind.MENTIONED, user_id, {"note_id": note.id})
    await changes.write()
