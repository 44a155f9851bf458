"""Repositories of conversations, messages, notes, media and notifications."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    DepartmentId,
    MediaId,
    MessageId,
    NoteId,
    NotificationId,
    SessionId,
    UserId,
)
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message


class Conversations(Protocol):
    """A company's conversations. Storing one publishes its events."""

    async def latest(
        self, pairs: Iterable[tuple[SessionId, ContactId]]
    ) -> dict[tuple[SessionId, ContactId], Conversation]:
        """Return the newest round of each pair that has one, locked. Call with the contacts locked."""
        ...

    async def start_waiting(self, session_id: SessionId, timeout_at: datetime, at: datetime, reason: str) -> None:
        """Set a time-out for the session's live rounds of people whose last message is unanswered, that have none and
        of which no supervisor was notified; they record it. Call before the session is locked."""
        ...

    async def live_of(self, contact_id: ContactId) -> list[Conversation]:
        """Return the contact's live rounds, at most one a session, locked. Call with the contact locked."""
        ...

    async def live_with(self, session_id: SessionId, identities: Sequence[Identity]) -> ConversationId | None:
        """Return the live round of this session with the contact that has one of these identities, unlocked."""
        ...

    async def get(self, conversation_id: ConversationId) -> Conversation:
        """Return it, locked. Raises NotFound."""
        ...

    async def add(self, conversations: Sequence[Conversation]) -> None:
        """Store new ones. Raises Conflict, at commit at the latest: contact and session have a live round already."""
        ...

    async def save(self, conversations: Sequence[Conversation]) -> None:
        """Store them as they are now; assignments begun or ended since loading are recorded too."""
        ...

    async def copied(self, conversation_id: ConversationId, form: str, *, with_notes: bool) -> None:
        """Record that the caller took a copy of it. Where there is no record of changes, nothing happens."""
        ...

    async def flows_timed_out(self, now: datetime, limit: int) -> list[Conversation]:
        """Return OPEN ones without a department whose question, or whose bot's turn, has timed out, locked; skips
        locked ones."""
        ...

    async def overdue(self, now: datetime, limit: int, *, notified: bool) -> list[Conversation]:
        """Return queued or ASSIGNED ones whose timeout_at has passed, longest first, locked; skips locked ones.
        `notified`: those of which supervisors were, or were not yet, notified."""
        ...

    async def with_target_due(self, now: datetime, limit: int) -> list[Conversation]:
        """Return those with a target, or its warning, due before now; earliest first, locked; skips locked ones."""
        ...

    async def snoozed_until(self, now: datetime, limit: int) -> list[Conversation]:
        """Return those whose snooze is over, longest first, locked; skips locked ones."""
        ...

    async def quiet(self, department_id: DepartmentId | None, since: datetime, limit: int) -> list[Conversation]:
        """Return live ones of a department (None: of none) that are quiet since then (`WaitState.is_quiet`), that the
        hub routes (`Session.routes`) and that are no group's; longest quiet first, locked; skips locked ones."""
        ...

    async def held_elsewhere(self, session_id: SessionId, limit: int) -> list[Conversation]:
        """Return live rounds of the session whose thread another program has, locked."""
        ...

    async def routed_to(self, user_id: UserId, limit: int) -> list[Conversation]:
        """Return the user's rounds that the hub routes (`Session.routes`), longest first, locked."""
        ...

    async def peek(self, conversation_id: ConversationId) -> Conversation:
        """Return it, unlocked. Raises NotFound."""
        ...

    async def queued(self, department_id: DepartmentId, limit: int) -> list[Conversation]:
        """Return the department's queue, longest waiting first, locked; skips locked ones."""
        ...


class UnmarkedMessage(NamedTuple):
    """A customer's message. `place`: its place among all of the conversation; `id`: the provider's."""

    place: int
    chat: str
    id: str
    author: str | None


class Messages(Protocol):
    """A company's messages. Storing one publishes its events."""

    async def newest_inbound(self, conversation_id: ConversationId) -> str | None:
        """Return the provider's id of the customer's newest message that has one, unlocked."""
        ...

    async def read_upto(self, conversation_id: ConversationId) -> int | None:
        """Return the place of the customer's newest message, unlocked; None if WhatsApp was told that it was read."""
        ...

    async def unmarked(self, conversation_id: ConversationId, upto: int, limit: int) -> list[UnmarkedMessage]:
        """Return the customer's messages up to this place of which WhatsApp was not told that they were read, oldest
        first, unlocked."""
        ...

    async def marked(self, conversation_id: ConversationId, upto: int) -> None:
        """Store that WhatsApp was told of the messages up to this place. Idempotent, in any order."""
        ...

    async def known(self, keys: Iterable[ProviderKey]) -> list[Message]:
        """Return stored messages with the provider's id, locked, of one id there may be several contacts'; besides them
        the changes that wait for a message with one of these ids (`wait`)."""
        ...

    async def unmatched(
        self, pairs: Iterable[tuple[SessionId, ContactId]], since: datetime
    ) -> dict[tuple[SessionId, ContactId], list[Message]]:
        """Return messages sent to these contacts since then that may still be echoed: those without a provider's id
        that are SENT or of unknown outcome, and reactions; oldest first, locked."""
        ...

    async def by_id(self, message_ids: Iterable[MessageId]) -> dict[MessageId, Message]:
        """Return those that exist, locked."""
        ...

    async def get(self, message_id: MessageId) -> Message:
        """Return it, locked. Raises NotFound."""
        ...

    async def add(self, messages: Sequence[Message]) -> None:
        """Store new ones. No two of a session and contact have the same provider's id."""
        ...

    async def save(self, messages: Sequence[Message]) -> None:
        """Store their status, outcome, provider's id and time."""
        ...

    async def annotate(self, messages: Sequence[Message]) -> None:
        """Store what they say now, and what happened to them since."""
        ...

    async def wait(self, changes: Sequence[Message]) -> None:
        """Keep, of changes that are stored, that the messages that they name are not known yet."""
        ...

    async def arrived(self, changes: Sequence[Message]) -> None:
        """Drop, of changes that waited, that they do. Idempotent."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete older messages of sessions with routing none, except unsent ones and those of rounds that a bot handed
        over to people; return the count."""
        ...


class Notes(Protocol):
    """A company's notes."""

    async def get(self, note_id: NoteId) -> Note:
        """Return it, locked. Raises NotFound."""
        ...

    async def add(self, note: Note) -> None:
        """Store a note, and take its events."""
        ...

    async def save(self, note: Note) -> None:
        """Store its text, whom it mentions and when it was changed, and take its events."""
        ...

    async def delete(self, note: Note) -> None:
        """Delete it, and take its events."""
        ...

    async def by(self, user_id: UserId, texts: Collection[str], since: datetime) -> list[Note]:
        """Return the user's notes since then that say one of these texts, the newest first."""
        ...


class MediaFiles(Protocol):
    """What is known of files in messages; their bytes are in the file store (`FileStore`)."""

    async def get(self, media_id: MediaId) -> Media:
        """Return it. Raises NotFound."""
        ...

    async def add(self, media: Media) -> bool:
        """Store it; return whether it is new. Adding the same file again changes nothing."""
        ...

    async def upload(self, session_id: SessionId, media_id: MediaId, since: datetime) -> str | None:
        """Return the id that the session's provider has given the file since that time, unless it was forgotten."""
        ...

    async def keep_upload(self, session_id: SessionId, media_id: MediaId, provider_id: str, at: datetime) -> None:
        """Store such an id in place of an earlier one; nothing happens where the file is gone."""
        ...

    async def forget_upload(self, session_id: SessionId, media_id: MediaId) -> None:
        """Forget it: the provider does not have the file any more. Idempotent."""
        ...


class Notifications(Protocol):
    """Notifications of a company's users."""

    async def add(self, notifications: Sequence[Notification]) -> None:
        """Store one row for each recipient."""
        ...

    async def mark_read(self, user_id: UserId, notification_id: NotificationId | None, at: datetime) -> int:
        """Mark one of the user's, or (None) all unread ones, read; return the count. Idempotent. Raises NotFound."""
        ...

    async def trim(self, before: datetime) -> None:
        """Delete older ones."""
        ...
