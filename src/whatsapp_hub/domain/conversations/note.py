"""A note: an internal comment on a conversation, which the customer never sees."""

from dataclasses import dataclass, field
from datetime import datetime

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.events import Event, EventType, Records
from whatsapp_hub.domain.ids import ConversationId, NoteId, SessionId, TenantId, UserId
from whatsapp_hub.domain.text import is_storable

NOTE_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Note(Records):
    """`user_id` is None for what an API key wrote."""

    id: NoteId
    tenant_id: TenantId
    conversation_id: ConversationId
    user_id: UserId | None
    content: str
    created_at: datetime
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.content.strip():
            raise Invalid.field("content", "must not be empty")
        if len(self.content) > NOTE_LENGTH:
            raise Invalid.field("content", f"must have at most {NOTE_LENGTH} characters")
        if not is_storable(self.content):
            raise Invalid.field("content", "must not contain NUL or lone surrogates")

    def added(self, session_id: SessionId) -> None:
        """Record that it was added; `session_id`: its conversation's."""
        subjects = {"note": self}
        added = Event(EventType.NOTE_ADDED, self.tenant_id, self.created_at, session_id, self.conversation_id, subjects)
        self.record(added)
