"""Lists and single reads of one tenant, in transactions of their own, without locks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.reading.conversation_filter import ConversationFilter as ConversationFilter
from whatsapp_hub.application.reading.conversation_filter import Counts, Reader
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.ids import (
    ConversationId,
    DepartmentId,
    MediaId,
    MessageId,
    QuickReplyId,
    SessionId,
    TenantId,
    UserId,
)
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next_cursor` is opaque, and None on the last page."""

    items: Sequence[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Which conversations a reader may see: all of the tenant's, or the user's own, those of the user's department and
    unassigned ones without a department."""

    user_id: UserId | None = None
    department_id: DepartmentId | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label, and how many recently changed conversations have it."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Filter of users; None: any."""

    role: Role | None = None
    active: bool | None = None
    online_status: OnlineStatus | None = None
    department_id: DepartmentId | None = None


@dataclass(frozen=True, slots=True)
class LastMessage:
    """A conversation's newest message, in short."""

    id: MessageId
    type: MessageType
    preview: str
    direction: Direction
    status: MessageStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list shows of a conversation besides its own fields."""

    last_message: LastMessage | None = None
    note_count: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages of one conversation from anywhere in it, ascending; `older` leads to those before them."""

    items: Sequence[Message]
    older: str | None
    has_newer: bool


class MessageSearch(Protocol):
    """Search in the texts of messages."""

    async def messages(
        self,
        tenant_id: TenantId,
        sight: Sight,
        query: str,
        conversation_id: ConversationId | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Message]:
        """Find messages that contain all words (`"a phrase"`, `-not this`, `or`), the newest first; endings, accents
        and case are ignored. Only in visible conversations."""
        ...


class Queries(Protocol):
    """Cursors that are not ours raise Invalid (`/cursor`); ids that do not exist here raise NotFound."""

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """Return the company."""
        ...

    async def conversations(
        self, tenant_id: TenantId, sight: Sight, filter: ConversationFilter, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """List conversations in the filter's order. Looks at a bounded number of them: a page may hold fewer than
        `limit`, or none, and yet have a cursor, which goes on where it stopped."""
        ...

    async def conversation_counts(self, tenant_id: TenantId, sight: Sight, reader: Reader) -> Counts:
        """Count the live conversations that the reader may see, by view; of at most a bounded number."""
        ...

    async def glances(
        self, tenant_id: TenantId, conversation_ids: Sequence[ConversationId]
    ) -> Mapping[ConversationId, Glance]:
        """Return the newest message and the number of notes of each, without a check of who may see them."""
        ...

    async def conversation(self, tenant_id: TenantId, sight: Sight, conversation_id: ConversationId) -> Conversation:
        """Return one that the reader may see."""
        ...

    async def messages(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Message]:
        """Return the newest page first, ascending inside; the cursor leads to older messages."""
        ...

    async def messages_around(
        self, tenant_id: TenantId, conversation_id: ConversationId, message_id: MessageId, limit: int
    ) -> Stretch:
        """Return the messages around one, which is in the middle where there are enough on both sides. Raises NotFound:
        the conversation has no such message."""
        ...

    async def messages_after(
        self, tenant_id: TenantId, conversation_id: ConversationId, seq: int, limit: int
    ) -> Stretch:
        """Return the messages that follow this place, ascending; the cursor leads to older ones."""
        ...

    async def message(self, tenant_id: TenantId, message_id: MessageId) -> Message:
        """Return it without a check of who may see its conversation: check that first."""
        ...

    async def contact_of(self, tenant_id: TenantId, conversation_id: ConversationId) -> Contact:
        """Return the contact of a conversation."""
        ...

    async def users(self, tenant_id: TenantId, filter: UserFilter, limit: int, cursor: str | None) -> Page[User]:
        """List users by name."""
        ...

    async def user(self, tenant_id: TenantId, user_id: UserId) -> User:
        """Return one user."""
        ...

    async def departments(self, tenant_id: TenantId, limit: int, cursor: str | None) -> Page[Department]:
        """List departments in the menu's order."""
        ...

    async def department(self, tenant_id: TenantId, department_id: DepartmentId) -> Department:
        """Return one department."""
        ...

    async def queue(
        self, tenant_id: TenantId, sight: Sight, department_id: DepartmentId, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """List a queue, longest waiting first; empty for readers who may not see the department's conversations."""
        ...

    async def sessions(self, tenant_id: TenantId, limit: int, cursor: str | None) -> Page[Session]:
        """List them, the oldest first."""
        ...

    async def notes(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Note]:
        """List them, the oldest first."""
        ...

    async def newest_notes(self, tenant_id: TenantId, conversation_id: ConversationId, limit: int) -> list[Note]:
        """Return so many of the newest, the oldest of them first."""
        ...

    async def assignments(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Assignment]:
        """List a conversation's assignments, the oldest first; the one without an end is current."""
        ...

    async def timeline(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[LoggedEvent]:
        """List what happened to a conversation (its `conversation.…` events), newest first, as far as the log is
        kept."""
        ...

    async def labels(self, tenant_id: TenantId) -> list[LabelCount]:
        """Count the labels of recently changed conversations, the most frequent first."""
        ...

    async def quick_replies(self, tenant_id: TenantId, prefix: str, limit: int, cursor: str | None) -> Page[QuickReply]:
        """List those whose shortcut begins with `prefix`, by shortcut."""
        ...

    async def quick_reply(self, tenant_id: TenantId, reply_id: QuickReplyId) -> QuickReply:
        """Return one quick reply."""
        ...

    async def media(self, tenant_id: TenantId, sight: Sight, media_id: MediaId) -> Media:
        """Return a file, to readers who may see a conversation in which it was sent."""
        ...

    async def notifications(
        self, tenant_id: TenantId, user_id: UserId, unread: bool, limit: int, cursor: str | None
    ) -> Page[Notification]:
        """List notifications, the newest first; `unread`: only unread ones."""
        ...

    async def session(self, tenant_id: TenantId, session_id: SessionId) -> Session:
        """Return one session; its settings hold secrets."""
        ...
