"""Collect the changes of one transaction in memory, and write them with a handful of statements.

Use cases that handle many conversations at once (a batch of received events, a sweep over time-outs) decide
on entities and register them here; `write` then stores everything in bulk, in the order that foreign keys need. Events
are taken at registration, so that they stand in the order in which they happened.
"""

from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.queues.fetches import Fetch
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.notification import Notification, NotificationKind
from whatsapp_hub.domain.events import Details, EventType
from whatsapp_hub.domain.ids import MessageId, NotificationId, UserId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.content import Content, Text
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus

NOTHING: Details = MappingProxyType({})
TARGET_NOTIFICATIONS = {
    EventType.CONVERSATION_TARGET_WARNED: NotificationKind.TARGET_WARNED,
    EventType.CONVERSATION_TARGET_BREACHED: NotificationKind.TARGET_BREACHED,
}
WAIT_NOTIFICATIONS = frozenset({NotificationKind.UNROUTED, NotificationKind.TIMED_OUT})


class Changes:
    """Changes of one transaction. Entities are kept in memory, their events go to the unit of work, `write` stores all
    of them."""

    def __init__(self, uow: UnitOfWork, new_id: NewId, now: datetime) -> None:
        self.uow = uow
        self.new_id = new_id
        self.now = now
        self._new_conversations: dict[UUID, Conversation] = {}
        self._conversations: dict[UUID, Conversation] = {}
        self._new_messages: list[Message] = []
        self._messages: dict[UUID, Message] = {}
        self._annotated: dict[UUID, Message] = {}
        self._queued: dict[MessageId, str] = {}
        self._requeued: dict[str, list[Message]] = {}
        self._users: dict[UUID, User] = {}
        self._notifications: list[Notification] = []
        self._fetches: list[Fetch] = []

    def contact(self, contact: Contact) -> None:
        """Report a contact that is new or changed; its repository has stored it."""
        contact.updated(self.now)
        self.uow.publish(contact.take_events())

    def conversation(self, conversation: Conversation, *, new: bool = False) -> None:
        """Register a changed (or new) conversation and notify users of its targets. Its recorded events are taken now,
        which fixes their place in the order."""
        for event in conversation.take_events():
            self.uow.publish([event])
            if kind := TARGET_NOTIFICATIONS.get(event.type):
                self._notify_of_target(conversation, kind, event.detail)
        if new:
            self._new_conversations[conversation.id] = conversation
        elif conversation.id not in self._new_conversations:
            self._conversations[conversation.id] = conversation

    def new_message(self, message: Message) -> None:
        """Store a message that is not in the database yet."""
        self.uow.publish(message.take_events())
        self._new_messages.append(message)

    def fetch(self, fetch: Fetch) -> None:
        """Have the file of a new message fetched."""
        self._fetches.append(fetch)

    def message(self, message: Message) -> None:
        """Store a message's changes; nothing more for one that is new in this transaction."""
        self.uow.publish(message.take_events())
        if not any(message is new for new in self._new_messages):
            self._messages[message.id] = message

    def annotated(self, message: Message) -> None:
        """Store what a message says now, and what happened to it; nothing more for one that is new."""
        if not any(message is new for new in self._new_messages):
            self._annotated[message.id] = message

    def user(self, user: User) -> None:
        """Store a user's changes."""
        self.uow.publish(user.take_events())
        self._users[user.id] = user

    def outgoing(
        self,
        conversation: Conversation,
        content: Content,
        provider: str,
        *,
        message_id: MessageId | None = None,
        sender_id: UserId | None = None,
        is_bot: bool = False,
        reply_to: str | None = None,
    ) -> Message:
        """Add a new PENDING message to the end of its chat's lane."""
        message = Message(
            id=message_id or MessageId(self.new_id()),
            tenant_id=conversation.tenant_id,
            session_id=conversation.session_id,
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
            direction=Direction.OUTBOUND,
            content=content,
            created_at=self.now,
            timestamp=self.now,
            status=MessageStatus.PENDING,
            chat=conversation.chat,
            sender_id=sender_id,
            is_bot=is_bot,
            reply_to=reply_to,
        )
        message.record(message.event(EventType.MESSAGE_QUEUED, self.now))
        self.new_message(message)
        self._queued[message.id] = provider
        return message

    def _notify_of_target(self, conversation: Conversation, kind: NotificationKind, of: Details) -> None:
        if conversation.assigned_user_id:
            self.notify(conversation, kind, conversation.assigned_user_id, of)
        self.notify(conversation, kind, None, of)

    def notify(
        self,
        conversation: Conversation,
        kind: NotificationKind,
        user_id: UserId | None = None,
        detail: Details = NOTHING,
    ) -> None:
        """Notify one user, or (None) the tenant's supervisors."""
        if user_id is None and kind in WAIT_NOTIFICATIONS:
            conversation.notified_supervisors(self.now)
        id = NotificationId(self.new_id())
        told = Notification(id, conversation.tenant_id, kind, conversation.id, self.now, user_id)
        self._notifications.append(told)
        audience = {"user_id": str(user_id)} if user_id else {"role": "ADMIN"}
        told_of: Details = {"id": id, "kind": kind.value, **audience, **detail}
        self.uow.publish([conversation.event(EventType.NOTIFICATION_CREATED, self.now, **told_of)])

    def requeue(self, message: Message, provider: str) -> None:
        """Put a stored message at the end of its lane again."""
        self.message(message)
        self._requeued.setdefault(provider, []).append(message)

    def say(self, conversation: Conversation, text: str, provider: str) -> bool:
        """Send a bot text, unless the bot is silenced or over its hourly limit in this chat; True if it will be
        sent."""
        return conversation.may_say(self.now) and self._said(conversation, text, provider)

    def inform(self, conversation: Conversation, text: str, provider: str) -> bool:
        """Send a text that a person's action causes (a transfer), even if the bot is silenced. The caller must not
        inform groups."""
        is_ours = conversation.thread_holder is None
        return is_ours and conversation.dialogue.has_texts_left(self.now) and self._said(conversation, text, provider)

    def _said(self, conversation: Conversation, text: str, provider: str) -> bool:
        self.outgoing(conversation, Text(text), provider, is_bot=True)
        conversation.bot_said(self.now)
        return True

    async def write(self) -> None:
        """Store everything; the caller commits."""
        uow = self.uow
        await uow.conversations.add(list(self._new_conversations.values()))
        await uow.conversations.save(list(self._conversations.values()))
        await self._write_messages()
        await uow.fetches.add(self._fetches)
        await uow.notifications.add(self._notifications)
        await uow.users.save(list(self._users.values()))

    async def _write_messages(self) -> None:
        if self._queued:
            await self.uow.lanes.add(self._new_messages, self._queued)
        else:
            await self.uow.messages.add(self._new_messages)
        await self.uow.messages.save(list(self._messages.values()))
        await self.uow.messages.annotate(list(self._annotated.values()))
        for provider, messages in self._requeued.items():
            await self.uow.lanes.enqueue(messages, provider)
