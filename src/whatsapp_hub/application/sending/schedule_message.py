"""ScheduleMessage, ListScheduled, CancelScheduled: messages to be sent later. SendScheduled: send what is due."""

import logging
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.sending.checks import (
    digest_of,
    earlier_of,
    quoted_by,
    require_sendable,
    require_thread,
    require_turn,
    session_of,
    signed,
    stored_file,
    write_down,
)
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.application.sending.use_template import as_shown, require_window
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.errors import Conflict, HubError, Invalid, NotFound, NotSupported, WindowClosed
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import ConversationId, MessageId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact, Identity, IdentityKind, names_chat
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.failure import SESSION_DELETED, Failure, title_of
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Session

log = logging.getLogger(__name__)

AT_ONCE = 100


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
        """Return those of a conversation; without one all, or the caller's own where they do not see every
        conversation. Raises NotFound."""
        caller.require(Action.READ_CONVERSATIONS)
        own = None if conversation_id or caller.may(Action.READ_ALL_CONVERSATIONS) else caller.user_id
        async with self.storage.tenant(caller.tenant_id) as uow:
            if conversation_id:
                await require_sight(uow, caller, await uow.conversations.peek(conversation_id))
            return await uow.scheduled.page(limit, after, conversation_id, own)


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


@dataclass(frozen=True, slots=True)
class SendScheduled:
    """Sweep: put one company's messages that are due into their lanes. Taking one and storing its message is one
    transaction: it is neither lost nor sent twice, whenever a process ends."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    open_round: OpenRound

    async def __call__(self, tenant_id: TenantId) -> None:
        """Send what is due. Safe to run in many processes at once. One that cannot be stored is tried again by the next
        run, and stops no other."""
        async with self.storage.tenant(tenant_id) as uow:
            due = await uow.scheduled.due(AT_ONCE)
        for message_id in due:
            try:
                await self._send(tenant_id, message_id)
            except HubError as error:
                log.warning("scheduled.not_sent", extra={"message_id": str(message_id), "error": type(error).__name__})

    async def _send(self, tenant_id: TenantId, message_id: MessageId) -> None:
        async with self.storage.tenant(tenant_id) as uow:
            found = await uow.scheduled.find(message_id)
            if found is None:
                return
            changes = Changes(uow, self.new_id, self.clock())
            contact = await uow.contacts.get(found.contact_id)
            key = (found.session_id, contact.id)
            latest = (await uow.conversations.latest([key])).get(key)
            message = await uow.scheduled.take(message_id)  # after its conversation, as those do who cancel it
            if message is None or message.contact_id != contact.id:
                return  # cancelled, or another run has it; merged meanwhile: the next run has it
            session = (await uow.sessions.peek([message.session_id])).get(message.session_id)
            failure = await self._refusal(uow, message, session, latest, changes.now)
            if session and failure is None:
                await self._queue(changes, message, session, contact, latest)
            elif latest:
                _fail(changes, message, latest, failure or SESSION_DELETED)
            else:
                log.warning("scheduled.dropped", extra={"message_id": str(message_id)})  # its conversation was deleted
            await changes.write()
            await uow.commit()

    async def _refusal(
        self, uow: UnitOfWork, message: Message, session: Session | None, latest: Conversation | None, now: datetime
    ) -> Failure | None:
        """Return why it cannot be sent now."""
        if session is None:
            return SESSION_DELETED
        try:
            file = await stored_file(uow, message.content)
            require_sendable(session, self.providers, message.content, message.reply_to, media=file)
            if latest:
                require_thread(latest, session, self.providers)
                if latest.is_live:
                    require_turn(message.sender_id, latest, session, self.providers)
                await require_window(uow, self.providers, session, latest, message.content, now)
        except Conflict as error:
            return Failure(error.code, title_of(error.code), str(error))
        except WindowClosed as error:
            return Failure("window_closed", "The 24-hour window was closed when it was due", str(error))
        except (NotSupported, Invalid, NotFound) as error:
            return Failure("not_sendable", "It could not be sent when it was due", str(error))
        return None

    async def _queue(
        self, changes: Changes, message: Message, session: Session, contact: Contact, latest: Conversation | None
    ) -> None:
        user_id, uow = message.sender_id, changes.uow
        if latest and latest.is_live:
            conversation = latest
        else:
            identity = _identity(contact, message.chat)
            conversation = await self.open_round(
                uow, changes, session, contact, identity, latest, user_id, take=user_id is not None
            )
        sent = write_down(changes, user_id, conversation, session, message.content, message.id, message.reply_to)
        sent.quoted = await quoted_by(uow, conversation, message.reply_to)


def _identity(contact: Contact, chat: str) -> Identity:
    """Return the identity of the chat for which it was written; of a person who left that, the present number."""
    named = [i for i in contact.identities if names_chat(i, chat)]
    phones = [i for i in contact.identities if i.kind is IdentityKind.PHONE]
    return [*named, *phones, *contact.identities][0]


def _fail(changes: Changes, message: Message, conversation: Conversation, failure: Failure) -> None:
    """Store the message in the customer's latest round, FAILED with the reason, and notify who wrote it."""
    now = changes.now
    message.conversation_id, message.created_at, message.timestamp, message.send_at = conversation.id, now, now, None
    message.record(message.event(EventType.MESSAGE_QUEUED, now))
    message.advance(MessageStatus.FAILED, now, failure)
    changes.new_message(message)
    if message.sender_id:  # a program hears `message.failed`
        changes.notify(conversation, NotificationKind.SCHEDULED_FAILED, message.sender_id, {"error": failure.code})
