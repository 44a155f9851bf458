"""SendScheduled: send messages whose time has come."""

import logging
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sending.checks import (
    quoted_by,
    require_sendable,
    require_thread,
    require_turn,
    stored_file,
    write_down,
)
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.application.sending.use_template import require_window
from whatsapp_hub.application.sending.writers import NOT_YOURS, SENDER_GONE, require_writer
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.errors import Conflict, HubError, Invalid, NotFound, NotSupported, WindowClosed
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import MessageId, TenantId, UserId
from whatsapp_hub.domain.messaging.contact import Contact, Identity, IdentityKind, names_chat
from whatsapp_hub.domain.messaging.failure import SESSION_DELETED, Failure, title_of
from whatsapp_hub.domain.messaging.message import Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Session

log = logging.getLogger(__name__)

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SendScheduled:
    """Sweep: put one company's messages that are due into their lanes. Taking one and storing its message is one
    transaction: it is neither lost nor sent twice, whenever a process ends. A person's is sent as long as they might
    send it themselves; a program's is the company's, also when its key is revoked."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    open_round: OpenRound

    async def __call__(self, tenant_id: TenantId) -> None:
        """Send what is due. Safe to run in many processes at once. One that cannot be stored is tried again by the next
        run, and stops no other, however many there are."""
        after: Place | None = None
        while True:
            async with self.storage.tenant(tenant_id) as uow:
                due = await uow.scheduled.due(AT_ONCE, after)
            sent = [await self._sent(tenant_id, place.id) for place in due]
            if len(due) < AT_ONCE or any(sent):
                return
            after = due[-1]

    async def _sent(self, tenant_id: TenantId, message_id: MessageId) -> bool:
        try:
            await self._send(tenant_id, message_id)
        except HubError as error:
            log.warning("scheduled.not_sent", extra={"message_id": str(message_id), "error": type(error).__name__})
        except Exception:
            log.exception("scheduled.not_sent", extra={"message_id": str(message_id)})
        else:
            return True
        return False

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
            await require_writer(uow, self.storage.directory, message, latest)
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
    """Store the message in the customer's latest round, FAILED with the reason, and notify who wrote it; of what its
    writer may not send any more, who has the conversation, else the supervisors."""
    now = changes.now
    message.conversation_id, message.created_at, message.timestamp, message.send_at = conversation.id, now, now, None
    message.record(message.event(EventType.MESSAGE_QUEUED, now))
    message.advance(MessageStatus.FAILED, now, failure)
    changes.new_message(message)
    for user_id in _concerned(message, conversation, failure):
        changes.notify(conversation, NotificationKind.SCHEDULED_FAILED, user_id, {"error": failure.code})


def _concerned(message: Message, conversation: Conversation, failure: Failure) -> list[UserId | None]:
    """Return who is notified; None: the supervisors."""
    if message.sender_id is None:
        return []  # a program hears `message.failed`
    if failure.code not in (SENDER_GONE, NOT_YOURS):
        return [message.sender_id]
    holder = conversation.assigned_user_id if conversation.is_live else None
    return [None if holder == message.sender_id else holder]
