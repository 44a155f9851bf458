"""A note: an internal comment on a conversation, which the customer never sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import Details, Event, EventType, Records
from whatsapp_hub.domain.ids import ConversationId, NoteId, SessionId, TenantId, UserId
from whatsapp_hub.domain.text import is_storable

NOTE_LENGTH = 4096
MOST_MENTIONS = 20


@dataclass(frozen=True, slots=True)
class Note(Records):
    """`user_id` is None for what an API key wrote; `mentions`: colleagues whom it is for, each once."""

    id: NoteId
    tenant_id: TenantId
    conversation_id: ConversationId
    user_id: UserId | None
    content: str
    created_at: datetime
    mentions: tuple[UserId, ...] = ()
    edited_at: datetime | None = None
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.content.strip():
            raise Invalid.field("content", "must not be empty")
        if len(self.content) > NOTE_LENGTH:
            raise Invalid.field("content", f"must have at most {NOTE_LENGTH} characters")
        if not is_storable(self.content):
            raise Invalid.field("content", "must not contain NUL or lone surrogates")
        if len(self.mentions) > MOST_MENTIONS:
            raise Invalid.field("mentions", f"must have at most {MOST_MENTIONS} people")

    def require_author(self, user_id: UserId | None) -> None:
        """Raise Conflict for a caller who did not write it; what one API key wrote, each may change."""
        if user_id != self.user_id:
            raise Conflict("not_author", "only who wrote a note may change it")

    def added(self, session_id: SessionId) -> None:
        """Record that it was added; `session_id`: its conversation's."""
        self.record(self._event(EventType.NOTE_ADDED, self.created_at, session_id, {"note": self}))

    def edited(self, content: str, mentions: tuple[UserId, ...], at: datetime, session_id: SessionId) -> "Note":
        """Return it with another text or other mentions, which it records; itself where nothing differs."""
        if (content, mentions) == (self.content, self.mentions):
            return self
        changed = replace(self, content=content, mentions=mentions, edited_at=at, _events=[])
        changed.record(self._event(EventType.NOTE_EDITED, at, session_id, {"note": changed}))
        return changed

    def deleted(self, at: datetime, session_id: SessionId) -> None:
        """Record that it is deleted."""
        self.record(self._event(EventType.NOTE_DELETED, at, session_id, {}, {"note_id": self.id}))

    def _event(
        self,
        type: EventType,
        at: datetime,
        session_id: SessionId,
        subjects: Mapping[str, object],
        detail: Details = MappingProxyType({}),
    ) -> Event:
        return Event(type, self.tenant_id, at, session_id, self.conversation_id, subjects, detail)
