"""SendMessage and StartConversation: store the message as PENDING before the request is answered with 202."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.read_number import ReadNumber
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
from whatsapp_hub.application.sending.schedule_message import wait_until
from whatsapp_hub.application.sending.use_template import as_shown, require_window
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, HeldElsewhere, NotFound
from whatsapp_hub.domain.ids import ConversationId, MessageId, SessionId
from whatsapp_hub.domain.messaging.annotating import aimed
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Send a message in a conversation. With an idempotency key, the same request returns the same message."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    show: ShowCustomer

    async def __call__(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        content: Content,
        idempotency_key: str | None = None,
        reply_to: str | None = None,
        media: Media | None = None,
        changes: MessageId | None = None,
        described: Content | None = None,
    ) -> Message:
        """Store the message and queue it for sending. `changes`: the message of this conversation that it reacts to,
        edits (a text is its new one) or deletes; `described`: the content with what was found in its file, which is no
        part of the request. Raises NotFound, Conflict (the round is over, the session is off, a bot would write to a
        customer whom people have), NotSupported, WindowClosed, Invalid, KeyReused."""
        caller.require(Action.WORK_CONVERSATIONS)
        message_id = MessageId(self.new_id())
        async with self.storage.tenant(caller.tenant_id) as uow:
            request = digest_of("send", conversation_id, content, reply_to, *([changes] if changes else []))
            if earlier := await earlier_of(uow, caller, idempotency_key, request, message_id):
                return earlier
            conversation = await uow.conversations.get(conversation_id)
            session, content = await self._admitted(uow, caller, conversation, content, reply_to, media, changes)
            made = Changes(uow, self.new_id, self.clock())
            upto = None if changes else await _read_upto(uow, caller, conversation)
            message = write_down(
                made, caller.user_id, conversation, session, described or content, message_id, reply_to
            )
            message.quoted = await quoted_by(uow, conversation, reply_to)
            await made.write()
            await uow.commit()
        self.show.read(session, conversation.id, upto)
        return message

    async def require(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        content: Content,
        idempotency_key: str | None,
        reply_to: str | None,
        media: Media,
    ) -> None:
        """Raise what sending a file would raise, before the file is stored. Stores nothing: the transaction is not
        committed."""
        async with self.storage.tenant(caller.tenant_id) as uow:
            request = digest_of("send", conversation_id, content, reply_to)
            if not await earlier_of(uow, caller, idempotency_key, request, MessageId(self.new_id())):
                conversation = await uow.conversations.get(conversation_id)
                await self._admitted(uow, caller, conversation, content, reply_to, media)

    async def _admitted(
        self,
        uow: UnitOfWork,
        caller: Caller,
        conversation: Conversation,
        content: Content,
        reply_to: str | None,
        media: Media | None,
        changes: MessageId | None = None,
    ) -> tuple[Session, Content]:
        """Return the session, and the content with its target; add the row of a new file."""
        await require_sight(uow, caller, conversation)
        session = await session_of(uow, conversation.session_id)
        if changes:
            content = await _aimed(uow, caller, conversation, content, changes)
        content = await signed(uow, caller.user_id, content)
        file = media or await stored_file(uow, content)
        require_sendable(session, self.providers, content, reply_to, media=file)
        if not conversation.is_live:
            raise Conflict("not_open", f"the conversation is {conversation.status}")
        require_turn(caller.user_id, conversation, session, self.providers)
        await require_window(uow, self.providers, session, conversation, content, self.clock())
        content = await as_shown(uow, session, content)
        if media and await uow.media.add(media):
            await uow.quotas.add_media(media.size)
        return session, content


async def _aimed(
    uow: UnitOfWork, caller: Caller, conversation: Conversation, content: Content, changed: MessageId
) -> Content:
    """Return the content as a change of this customer's message, of an earlier conversation too if the caller sees it.
    Raises NotFound, Conflict, Invalid."""
    message = await uow.messages.get(changed)
    if (message.session_id, message.contact_id) != (conversation.session_id, conversation.contact_id):
        raise NotFound("message", changed)
    if message.conversation_id != conversation.id:
        await require_sight(uow, caller, await uow.conversations.peek(message.conversation_id))
    return aimed(content, message)


@dataclass(frozen=True, slots=True)
class StartConversation:
    """Write to a contact first. A live round with that contact is continued, not duplicated."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    show: ShowCustomer
    read_number: ReadNumber
    open_round: OpenRound

    async def __call__(
        self,
        caller: Caller,
        session_id: SessionId,
        to: str,
        content: Content,
        idempotency_key: str | None = None,
        send_at: datetime | None = None,
    ) -> Conversation:
        """Send and return the conversation. Raises as SendMessage does, Invalid for `to`, and HeldElsewhere: the
        customer is in a conversation that the caller does not see. With `send_at` the message waits until then."""
        return (await self.message(caller, session_id, to, content, idempotency_key, send_at))[0]

    async def message(
        self,
        caller: Caller,
        session_id: SessionId,
        to: str,
        content: Content,
        idempotency_key: str | None = None,
        send_at: datetime | None = None,
        *,
        is_gateway: bool = False,
    ) -> tuple[Conversation, Message]:
        """Send and return the conversation and the message. `is_gateway`: for contracts A to D, whose bare digits are
        international and whose new conversations stay unassigned."""
        caller.require(Action.START_CONVERSATIONS)
        message_id = MessageId(self.new_id())
        async with self.storage.tenant(caller.tenant_id) as uow:
            request = digest_of("start", session_id, content, to, *([send_at] if send_at else []))
            if earlier := await earlier_of(uow, caller, idempotency_key, request, message_id):
                return await uow.conversations.get(earlier.conversation_id), earlier
            session = await session_of(uow, session_id)
            country = None if is_gateway else uow.tenant.country
            content = content if is_gateway else await signed(uow, caller.user_id, content)
            identity = await self.read_number.recipient(uow, session, to, country)
            require_sendable(session, self.providers, content, None, identity, later=send_at is not None)
            changes = Changes(uow, self.new_id, self.clock())
            take = not is_gateway
            if send_at:
                conversation = await self._round(uow, changes, session, identity, caller, take=take, later=True)
                shown = await as_shown(uow, session, content, "template")
                message = await wait_until(send_at, changes, caller, conversation, shown, message_id)
                await changes.write()
                await uow.commit()
                return conversation, message
            conversation = await self._round(uow, changes, session, identity, caller, take=take)
            await require_window(uow, self.providers, session, conversation, content, changes.now)
            content = await as_shown(uow, session, content, "template")
            upto = await _read_upto(uow, caller, conversation)
            message = write_down(changes, caller.user_id, conversation, session, content, message_id, None)
            await changes.write()
            await uow.commit()
        self.show.read(session, conversation.id, upto)
        return conversation, message

    async def _round(
        self,
        uow: UnitOfWork,
        changes: Changes,
        session: Session,
        identity: Identity,
        caller: Caller,
        *,
        take: bool,
        later: bool = False,
    ) -> Conversation:
        """Return the live round, else a new one; `later`: else the latest, if the caller sees it."""
        is_group = identity.kind is IdentityKind.CHAT
        [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((identity,), None, is_group)], changes.now)
        latest = (await uow.conversations.latest([(session.id, contact.id)])).get((session.id, contact.id))
        if latest and latest.is_live:
            await _require_shared(uow, caller, latest)
            require_turn(caller.user_id, latest, session, self.providers)
            return latest
        if later and latest and await _sees(uow, caller, latest):
            return latest
        if latest:
            require_thread(latest, session, self.providers)
        return await self.open_round(uow, changes, session, contact, identity, latest, caller.user_id, take=take)


async def _sees(uow: UnitOfWork, caller: Caller, conversation: Conversation) -> bool:
    try:
        await require_sight(uow, caller, conversation)
    except NotFound:
        return False
    return True


async def _read_upto(uow: UnitOfWork, caller: Caller, conversation: Conversation) -> int | None:
    """Return how far a person's answer implies the customer's messages to be read; a program's answer implies none."""
    return await uow.messages.read_upto(conversation.id) if caller.user_id else None


async def _require_shared(uow: UnitOfWork, caller: Caller, live: Conversation) -> None:
    """Refuse to write into the round of a customer with whom others speak, and say who. Raises HeldElsewhere."""
    if await _sees(uow, caller, live):
        return
    department = next((d for d in await uow.departments.all() if d.id == live.department_id), None)
    user = await uow.users.peek(live.assigned_user_id) if live.assigned_user_id else None
    raise HeldElsewhere(department.name if department else None, user.name if user else None)
