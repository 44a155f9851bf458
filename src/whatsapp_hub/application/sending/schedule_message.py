"""ScheduleMessage, ListScheduled, CancelScheduled: messages to be sent later (`send_scheduled` sends them)."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight, sight_in
from whatsapp_hub.application.sending.checks import (
    digest_of,
    earlier_of,
    require_sendable,
    session_of,
    signed,
    stored_file,
)
from whatsapp_hub.application.sending.use_template import as_shown
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, MessageId
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus


@dataclass(frozen=True, slots=True)
class ScheduleMessage:
    """Store a message that is sent at a time to come. The window, the session and who has the conversation are judged
    then; what can be said of the message itself is checked now."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId

    async def __call__(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        content: Content,
        send_at: datetime,
        idempotency_key: str | None = None,
        reply_to: str | None = None,
        media: Media | None = None,
        described: Content | None = None,
    ) -> Message:
        """Return it, PENDING. Raises NotFound, NotSupported, Invalid, KeyReused."""
        caller.require(Action.WORK_CONVERSATIONS)
        message_id, now = MessageId(self.new_id()), self.clock()
        async with self.storage.tenant(caller.tenant_id) as uow:
            request = digest_of("later", conversation_id, content, reply_to, send_at)
            if earlier := await earlier_of(uow, caller, idempotency_key, request, message_id):
                return earlier
            conversation = await uow.conversations.get(conversation_id)
            message = await self._admitted(
                uow, caller, conversation, content, send_at, reply_to, media, described, message_id=message_id, now=now
            )
            await uow.scheduled.add(message)
            conversation.scheduled(now)
            uow.publish(conversation.take_events())
            await uow.commit()
        return message

    async def require(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        content: Content,
        send_at: datetime,
        idempotency_key: str | None,
        reply_to: str | None,
        media: Media,
    ) -> None:
        """Raise what storing it with a file would raise, before the file is stored. Stores nothing: the transaction is
        not committed."""
        message_id, now = MessageId(self.new_id()), self.clock()
        async with self.storage.tenant(caller.tenant_id) as uow:
            request = digest_of("later", conversation_id, content, reply_to, send_at)
            if not await earlier_of(uow, caller, idempotency_key, request, message_id):
                conversation = await uow.conversations.get(conversation_id)
                await self._admitted(
                    uow, caller, conversation, content, send_at, reply_to, media, None, message_id=message_id, now=now
                )

    async def _admitted(
        self,
        uow: UnitOfWork,
        caller: Caller,
        conversation: Conversation,
        content: Content,
        send_at: datetime,
        reply_to: str | None,
        media: Media | None,
        described: Content | None,
        *,
        message_id: MessageId,
        now: datetime,
    ) -> Message:
        """Return the message; add the row of a new file."""
        await require_sight(uow, caller, conversation)
        session = await session_of(uow, conversation.session_id)
        content = await signed(uow, caller.user_id, content)
        file = media or await stored_file(uow, content)
        require_sendable(session, self.providers, content, reply_to, media=file, later=True)
        shown = described or await as_shown(uow, session, content)
        if media and await uow.media.add(media):
            await uow.quotas.add_media(media.size)
        message = _message(conversation, shown, message_id, caller, reply_to, now)
        message.schedule(send_at, now)
        return message


async def wait_until(
    send_at: datetime,
    changes: Changes,
    caller: Caller,
    conversation: Conversation,
    content: Content,
    message_id: MessageId,
) -> Message:
    """Store a message that waits, and let those who see its conversation know. Raises Invalid (`send_at`)."""
    message = _message(conversation, content, message_id, caller, None, changes.now)
    message.schedule(send_at, changes.now)
    await changes.uow.scheduled.add(message)
    conversation.scheduled(changes.now)
    changes.conversation(conversation)
    return message


def _message(
    conversation: Conversation, content: Content, id: MessageId, caller: Caller, reply_to: str | None, now: datetime
) -> Message:
    return Message(
        id=id,
        tenant_id=conversation.tenant_id,
        session_id=conversation.session_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        direction=Direction.OUTBOUND,
        content=content,
        created_at=now,
        timestamp=now,
        status=MessageStatus.PENDING,
        chat=conversation.chat,
        sender_id=caller.user_id,
        is_bot=caller.user_id is None,
        reply_to=reply_to,
    )


@dataclass(frozen=True, slots=True)
class ListScheduled:
    """List what waits to be sent, the next first."""

    storage: Storage

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId | None, limit: int, after: Place | None
    ) -> Part[Message]:
        """Return those of a conversation; without one all of conversations that the caller sees, of a person who does
        not see every conversation only their own. Raises NotFound."""
        caller.require(Action.READ_CONVERSATIONS)
        own = None if conversation_id or caller.may(Action.READ_ALL_CONVERSATIONS) else caller.user_id
        async with self.storage.tenant(caller.tenant_id) as uow:
            if conversation_id:
                await require_sight(uow, caller, await uow.conversations.peek(conversation_id))
            sight = await sight_in(uow, caller)
            return await uow.scheduled.page(limit, after, conversation_id, own, sight)


@dataclass(frozen=True, slots=True)
class CancelScheduled:
    """Drop a message before it is sent."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, message_id: MessageId) -> None:
        """Cancel it. Raises NotFound: it does not wait any more, or the caller does not see its conversation."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            message = await uow.scheduled.find(message_id)
            if message is None:
                raise NotFound("scheduled message", message_id)
            conversation = await uow.conversations.get(message.conversation_id)
            await require_sight(uow, caller, conversation)
            if not await uow.scheduled.cancel(message_id):
                raise NotFound("scheduled message", message_id)
            conversation.scheduled(self.clock())
            uow.publish(conversation.take_events())
            await uow.commit()
