"""One transaction of one tenant, and the repositories in it.

`async with storage.tenant(tenant_id) as uow: … await uow.commit()`. Leaving without commit rolls back. Events
leave through `uow.publish` only: they are stored in the same transaction, in order. No
provider or network call is made inside. Locks are taken in this order, each kind by id: contacts,
conversations, receipt keys, messages, sessions, lines, pairings, lanes, departments, users.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.ports.accounts import ApiKeys, PasswordResets, QuickReplies, Rules
from whatsapp_hub.application.ports.contacts import Contacts
from whatsapp_hub.application.ports.directory import Directory
from whatsapp_hub.application.ports.environment import EnvironmentNumber
from whatsapp_hub.application.ports.inbox import EarlyReceipts, Inbox, ProviderKey
from whatsapp_hub.application.ports.lanes import Lanes
from whatsapp_hub.application.ports.lines import Lines
from whatsapp_hub.application.ports.tenants import Tenants
from whatsapp_hub.application.ports.webhooks import Webhooks
from whatsapp_hub.domain.assignment import Assignment, Candidate
from whatsapp_hub.domain.conversation import Conversation
from whatsapp_hub.domain.department import Department
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    DepartmentId,
    MediaId,
    MessageId,
    NotificationId,
    SessionId,
    TenantId,
    UserId,
)
from whatsapp_hub.domain.media import Media
from whatsapp_hub.domain.message import Message
from whatsapp_hub.domain.note import Note
from whatsapp_hub.domain.notification import Notification
from whatsapp_hub.domain.pairing import Pairing
from whatsapp_hub.domain.session import Session
from whatsapp_hub.domain.tenant import Tenant
from whatsapp_hub.domain.user import User


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


class Departments(Protocol):
    async def all(self) -> list[Department]:
        """In the menu's order: the older first."""
        ...

    async def lock(self, department_ids: Iterable[DepartmentId]) -> None:
        """Nobody else assigns in these departments until the transaction ends."""
        ...

    async def lock_all(self) -> None:
        """The same of all that the tenant has."""
        ...

    async def get(self, department_id: DepartmentId) -> Department:
        """Raises NotFound."""
        ...

    async def add(self, department: Department) -> None:
        """Raises Conflict: a slug twice, a second root."""
        ...

    async def save(self, department: Department) -> None: ...

    async def remove(self, department_id: DepartmentId) -> None:
        """Raises Conflict while users or live conversations belong to it."""
        ...


class Users(Protocol):
    async def get(self, user_id: UserId) -> User:
        """Locks. Raises NotFound."""
        ...

    async def peek(self, user_id: UserId) -> User:
        """Unlocked. Raises NotFound."""
        ...

    async def candidate(self, user_id: UserId) -> Candidate:
        """The user with their load, unlocked. Raises NotFound."""
        ...

    async def silent_since(self, before: datetime) -> list[User]:
        """Who is not OFFLINE and was last heard of earlier than that, locked; skips locked ones."""
        ...

    async def leaving(self) -> list[UserId]:
        """Who left and still holds what is to be given to others."""
        ...

    async def candidates(self, department_id: DepartmentId | None) -> list[Candidate]:
        """The active users of a department (None: of the tenant) with their loads."""
        ...

    async def add(self, user: User) -> None:
        """Raises Conflict: the e-mail is taken, in any tenant."""
        ...

    async def save(self, users: Sequence[User]) -> None: ...

    async def count(self, department_id: DepartmentId) -> int: ...

    async def lock_masters(self) -> None:
        """Nobody else, in any tenant, takes a MASTER's rights away until the transaction ends."""
        ...


class Sessions(Protocol):
    """`Session.settings` come decoded by the provider's plugin; secrets are sealed at rest."""

    async def get(self, session_id: SessionId) -> Session:
        """Locks. Raises NotFound."""
        ...

    async def by_key(self, key: str) -> Session | None:
        """Unlocked."""
        ...

    async def peek(self, session_ids: Iterable[SessionId]) -> dict[SessionId, Session]:
        """Those that exist, unlocked."""
        ...

    async def add(self, session: Session) -> None:
        """With its webhook routes and its pace. Raises Conflict: the key is taken."""
        ...

    async def save(self, session: Session) -> None: ...

    async def remove(self, session_id: SessionId) -> None: ...


class Pairings(Protocol):
    """Of sessions that no connector holds; called with the session locked."""

    async def of(self, session_id: SessionId) -> Pairing | None:
        """Locked. None: no phone is waited for."""
        ...

    async def save(self, session_id: SessionId, pairing: Pairing) -> None: ...

    async def end(self, session_id: SessionId) -> None:
        """Idempotent."""
        ...


class Assignments(Protocol):
    async def of(self, conversation_id: ConversationId) -> list[Assignment]: ...


class Notes(Protocol):
    async def add(self, note: Note) -> None: ...


class MediaFiles(Protocol):
    async def get(self, media_id: MediaId) -> Media:
        """Raises NotFound."""
        ...

    async def add(self, media: Media) -> None:
        """The same file once more changes nothing."""
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


class IdempotencyKeys(Protocol):
    async def claim(self, caller: str, key: str, request_hash: bytes, message_id: MessageId) -> MessageId | None:
        """None: the key is new and now stands for `message_id`. Else the message it stood for.
        Raises KeyReused if that was another request. Waits for a concurrent claim of the same key."""
        ...


class UnitOfWork(Protocol):
    """The repositories of one tenant in one transaction."""

    tenant: Tenant
    contacts: Contacts
    conversations: Conversations
    messages: Messages
    departments: Departments
    users: Users
    sessions: Sessions
    environment: EnvironmentNumber
    lines: Lines
    pairings: Pairings
    assignments: Assignments
    api_keys: ApiKeys
    notes: Notes
    media: MediaFiles
    password_resets: PasswordResets
    quick_replies: QuickReplies
    rules: Rules
    tenants: Tenants
    notifications: Notifications
    inbox: Inbox
    receipts: EarlyReceipts
    lanes: Lanes
    idempotency: IdempotencyKeys
    webhooks: Webhooks

    def publish(self, events: Iterable[Event]) -> None:
        """Write these events with the commit, in this order."""
        ...

    async def commit(self) -> None:
        """Make it all durable, then wake the readers of what was written."""
        ...


class Storage(Protocol):
    directory: Directory

    def tenant(self, tenant_id: TenantId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction for one tenant. Raises NotFound, Unavailable."""
        ...
