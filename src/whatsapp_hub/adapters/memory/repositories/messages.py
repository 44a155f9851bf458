"""Messages, files, notes and notifications."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.tables.entities import CONVERSATIONS, EARLY, MARKED, MESSAGES, SESSIONS, USERS
from whatsapp_hub.adapters.memory.tables.lanes import QUEUED
from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.application.ports.storage.conversations import UnmarkedMessage
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    MessageId,
    NoteId,
    NotificationId,
    SessionId,
    UserId,
)
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus, Outcome
from whatsapp_hub.domain.sessions.session import Routing

NOTES: Table[NoteId, Note] = Table("notes")
NOTIFICATIONS: Table[tuple[NotificationId, UserId], Notification] = Table("notifications")
_ROUNDS, _OF_EACH = 2, 100
"""How far back a message may still be echoed: a resolved conversation's last one may be, when the next has begun."""
_ACCEPTED = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ})


class MemoryMessages:
    """Implements `Messages`."""

    def __init__(self, rows: Rows, events: list[Event]) -> None:
        self._rows = rows
        self._events = events

    def _of(self, conversation_id: ConversationId) -> list[Message]:
        return [m for m in self._rows.each(MESSAGES) if m.conversation_id == conversation_id]

    def _inbound(self, conversation_id: ConversationId) -> list[UnmarkedMessage]:
        """List the customer's messages; ids rise with their order."""
        return [
            UnmarkedMessage(m.id.int, m.chat, m.whatsapp_message_id, m.author)
            for m in self._of(conversation_id)
            if m.direction is Direction.INBOUND and m.whatsapp_message_id
        ]

    async def newest_inbound(self, conversation_id: ConversationId) -> str | None:
        own = {m.whatsapp_message_id for m in self._of(conversation_id) if m.target is None}
        return next((m.id for m in reversed(self._inbound(conversation_id)) if m.id in own), None)

    async def read_upto(self, conversation_id: ConversationId) -> int | None:
        unmarked = self._unmarked(conversation_id)
        return unmarked[-1].place if unmarked else None

    async def unmarked(self, conversation_id: ConversationId, upto: int, limit: int) -> list[UnmarkedMessage]:
        return [m for m in self._unmarked(conversation_id) if m.place <= upto][:limit]

    def _unmarked(self, conversation_id: ConversationId) -> list[UnmarkedMessage]:
        marked = self._rows.peek(MARKED, conversation_id) or 0
        return [m for m in self._inbound(conversation_id) if m.place > marked]

    async def marked(self, conversation_id: ConversationId, upto: int) -> None:
        before = await self._rows.get(MARKED, conversation_id) or 0
        await self._rows.put(MARKED, conversation_id, max(before, upto))

    async def known(self, keys: Iterable[ProviderKey]) -> list[Message]:
        wanted = set(keys)
        found = [m.id for m in self._rows.each(MESSAGES) if _provider_key(m) in wanted]
        found += [id for id, key in self._rows.items(EARLY) if key in wanted]
        return list((await self.by_id(found)).values())

    async def unmatched(
        self, pairs: Iterable[tuple[SessionId, ContactId]], since: datetime
    ) -> dict[tuple[SessionId, ContactId], list[Message]]:
        found: dict[tuple[SessionId, ContactId], list[Message]] = {}
        for pair in dict.fromkeys(pairs):
            rounds = [c for c in self._rows.each(CONVERSATIONS) if (c.session_id, c.contact_id) == pair]
            rounds.sort(key=lambda c: c.created_at, reverse=True)
            recent = [m for c in rounds[:_ROUNDS] for m in self._of(c.id)[-_OF_EACH:] if m.created_at > since]
            locked = await self.by_id(m.id for m in recent if _may_be_echoed(m))
            if locked:
                found[pair] = list(locked.values())
        return found

    async def by_id(self, message_ids: Iterable[MessageId]) -> dict[MessageId, Message]:
        found = {}
        for id in sorted(set(message_ids)):
            if message := await self._rows.get(MESSAGES, id):
                found[id] = message
        return found

    async def get(self, message_id: MessageId) -> Message:
        if (found := await self._rows.get(MESSAGES, message_id)) is None:
            raise NotFound("message", message_id)
        return found

    async def add(self, messages: Sequence[Message]) -> None:
        self._events += recorded(messages)
        for message in messages:
            await self._require_new(message)
            await self._rows.put(MESSAGES, message.id, message)

    async def save(self, messages: Sequence[Message]) -> None:
        self._events += recorded(messages)
        for message in sorted(messages, key=lambda m: m.id):
            await self._require_new(message)
            await self._save(message)

    async def annotate(self, messages: Sequence[Message]) -> None:
        for message in sorted(messages, key=lambda m: m.id):
            await self._save(message)

    async def _save(self, message: Message) -> None:
        """Save it in the lane where it is: that is not the caller's to change."""
        if stored := await self._rows.get(MESSAGES, message.id):
            kept = copied(message)
            kept.chat = stored.chat
            await self._rows.put(MESSAGES, message.id, kept)

    async def wait(self, changes: Sequence[Message]) -> None:
        for change in changes:
            if change.target:
                await self._rows.put(EARLY, change.id, (change.session_id, change.target))

    async def arrived(self, changes: Sequence[Message]) -> None:
        for change in changes:
            await self._rows.drop(EARLY, change.id)

    async def _require_new(self, message: Message) -> None:
        if (key := _provider_key(message)) is None:
            return
        await self._rows.lock_name("provider's message", *key, message.contact_id)
        same = (m for m in self._rows.each(MESSAGES) if _provider_key(m) == key and m.id != message.id)
        if any(m.contact_id == message.contact_id for m in same):
            raise self._rows.refused(Conflict("duplicate", f"a message {key[1]!r} is stored already"))

    async def forget(self, before: datetime, limit: int) -> int:
        old = [m.id for m in self._rows.each(MESSAGES) if m.created_at < before and self._is_forgettable(m)]
        for id in old[:limit]:
            await self._rows.drop(MESSAGES, id)
            await self._rows.drop(EARLY, id)
        return len(old[:limit])

    def _is_forgettable(self, message: Message) -> bool:
        session = self._rows.peek(SESSIONS, message.session_id)
        conversation = self._rows.peek(CONVERSATIONS, message.conversation_id)
        is_gateways = session is not None and session.routing is Routing.NONE
        is_peoples = conversation is not None and conversation.bot_part is BotPart.HANDED_OVER
        return is_gateways and not is_peoples and self._rows.peek(QUEUED, message.id) is None


def _provider_key(message: Message) -> ProviderKey | None:
    return (message.session_id, message.whatsapp_message_id) if message.whatsapp_message_id else None


def _may_be_echoed(message: Message) -> bool:
    m = message
    if m.direction is not Direction.OUTBOUND:
        return False
    is_nameless = m.whatsapp_message_id is None
    is_unmatched = is_nameless and (m.status is MessageStatus.SENT or m.outcome is Outcome.UNKNOWN)
    return is_unmatched or (m.content.type is MessageType.REACTION and m.status in _ACCEPTED)


class MemoryNotes:
    """Implements `Notes`."""

    def __init__(self, rows: Rows, events: list[Event]) -> None:
        self._rows = rows
        self._events = events

    async def get(self, note_id: NoteId) -> Note:
        found = await self._rows.get(NOTES, note_id)
        if found is None:
            raise NotFound("note", note_id)
        return found

    async def add(self, note: Note) -> None:
        self._events += note.take_events()
        await self._rows.put(NOTES, note.id, note)

    async def by(self, user_id: UserId, texts: Collection[str], since: datetime) -> list[Note]:
        theirs = (n for n in self._rows.each(NOTES) if n.user_id == user_id and n.created_at > since)
        return sorted((n for n in theirs if n.content in texts), key=lambda n: n.created_at, reverse=True)

    async def save(self, note: Note) -> None:
        await self.add(note)

    async def delete(self, note: Note) -> None:
        self._events += note.take_events()
        await self._rows.drop(NOTES, note.id)


class MemoryNotifications:
    """Implements `Notifications`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, notifications: Sequence[Notification]) -> None:
        for notification in notifications:
            for user in [u for u in self._rows.each(USERS) if _concerns(notification, u)]:
                own = replace(notification, user_id=user.id)
                await self._rows.put(NOTIFICATIONS, (own.id, user.id), own)

    async def mark_read(self, user_id: UserId, notification_id: NotificationId | None, at: datetime) -> int:
        own = [n for n in self._rows.each(NOTIFICATIONS) if n.user_id == user_id]
        if notification_id:
            own = [n for n in own if n.id == notification_id]
            if not own:
                raise NotFound("notification", notification_id)
        unread = [n for n in own if n.read_at is None]
        for n in unread:
            await self._rows.put(NOTIFICATIONS, (n.id, user_id), replace(n, read_at=at))
        return len(unread)

    async def trim(self, before: datetime) -> None:
        old = [n for n in self._rows.each(NOTIFICATIONS) if n.created_at < before]
        for n in old:
            if n.user_id:
                await self._rows.drop(NOTIFICATIONS, (n.id, n.user_id))


def _concerns(notification: Notification, user: User) -> bool:
    is_named = notification.user_id == user.id
    is_supervisor = notification.user_id is None and user.role in (Role.ADMIN, Role.MASTER)
    return user.is_active and (is_named or is_supervisor)
