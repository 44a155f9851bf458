"""Repositories of conversations, their messages and what hangs on them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

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
    NotificationId,
    SessionId,
    UserId,
)
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message


class Conversations(Protocol):
    async def latest(
        self, pairs: Iterable[tuple[SessionId, ContactId]]
    ) -> dict[tuple[SessionId, ContactId], Conversation]:
        """The newest round of each pair that has one, locked. Call with the contacts locked."""
        ...

    async def begin_to_wait(self, session_id: SessionId, timeout_at: datetime, reason: str) -> None:
        """Have a time run for the live rounds of people in a session who wrote last, whom nobody answered, of whom no
        supervisor was told, and for whom none runs. Call before the session is locked."""
        ...

    async def live_of(self, contact_id: ContactId) -> list[Conversation]:
        """The contact's live rounds, one a session at most, locked. Call with the contact locked."""
        ...

    async def get(self, conversation_id: ConversationId) -> Conversation:
        """Locks. Raises NotFound."""
        ...

    async def add(self, conversations: Sequence[Conversation]) -> None:
        """Raises Conflict, at the latest when it is committed: this contact and session have a live round already."""
        ...

    async def save(self, conversations: Sequence[Conversation]) -> None:
        """Write them as they are now; an assignment begun or ended since loading is recorded too."""
        ...

    async def flows_timed_out(self, now: datetime, limit: int) -> list[Conversation]:
        """OPEN ones in GREETING or AWAITING_ROUTING_CONFIRMATION whose timeout_at has passed, locked; skips
        locked ones."""
        ...

    async def overdue(self, now: datetime, limit: int, *, told: bool) -> list[Conversation]:
        """Queued or ASSIGNED ones whose timeout_at has passed, longest first, locked; skips locked ones. `told`:
        those of which supervisors know already, or those of which they do not."""
        ...

    async def with_target_to_tell(self, now: datetime, limit: int) -> list[Conversation]:
        """Those of which a target was due, or its warning, before now; earliest first, locked; skips locked ones."""
        ...

    async def routed_to(self, user_id: UserId, limit: int) -> list[Conversation]:
        """What the user holds of rounds that the hub routes (`Session.routes`), longest first, locked."""
        ...

    async def peek(self, conversation_id: ConversationId) -> Conversation:
        """Unlocked. Raises NotFound."""
        ...

    async def queued(self, department_id: DepartmentId, limit: int) -> list[Conversation]:
        """The department's queue, longest waiting first, locked; skips locked ones."""
        ...


class Messages(Protocol):
    async def unread(self, conversation_id: ConversationId, limit: int) -> list[str]:
        """The provider's ids of the customer's last `limit` messages, oldest first, unlocked."""
        ...

    async def known(self, keys: Iterable[ProviderKey]) -> dict[ProviderKey, Message]:
        """Those that are stored, by the provider's id, locked."""
        ...

    async def unmatched(
        self, pairs: Iterable[tuple[SessionId, ContactId]], since: datetime
    ) -> dict[tuple[SessionId, ContactId], list[Message]]:
        """What was sent to these contacts since then and may still be echoed: messages without a provider's id that
        are SENT or of unknown outcome, and reactions; oldest first, locked."""
        ...

    async def by_id(self, message_ids: Iterable[MessageId]) -> dict[MessageId, Message]:
        """Those that exist, locked."""
        ...

    async def get(self, message_id: MessageId) -> Message:
        """Locks. Raises NotFound."""
        ...

    async def add(self, messages: Sequence[Message]) -> None: ...

    async def save(self, messages: Sequence[Message]) -> None: ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete messages from before that time in sessions with routing none, but for those that wait to be sent and
        those of rounds that a bot gave to people; how many."""
        ...


class Notes(Protocol):
    async def add(self, note: Note) -> None: ...


class MediaFiles(Protocol):
    async def get(self, media_id: MediaId) -> Media:
        """Raises NotFound."""
        ...

    async def add(self, media: Media) -> bool:
        """Return whether it is new: the same file once more changes nothing."""
        ...


class Notifications(Protocol):
    async def add(self, notifications: Sequence[Notification]) -> None:
        """One row for each who is told."""
        ...

    async def mark_read(self, user_id: UserId, notification_id: NotificationId | None, at: datetime) -> int:
        """One of the user's, or (None) all that are unread; how many there were. Idempotent. Raises NotFound."""
        ...

    async def trim(self, before: datetime) -> None:
        """Delete those that are older."""
        ...
