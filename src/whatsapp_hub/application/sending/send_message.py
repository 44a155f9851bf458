"""SendMessage and StartConversation: store the message as PENDING before the request is answered with 202."""

import hashlib
from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.receiving.known_messages import KnownMessages
from whatsapp_hub.application.routing.service_terms import terms_of
from whatsapp_hub.application.sending.use_template import as_shown, require_window
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.errors import Conflict, HeldElsewhere, Invalid, NotFound
from whatsapp_hub.domain.ids import ConversationId, MessageId, SessionId
from whatsapp_hub.domain.messaging.annotating import aimed
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Content, stored_media
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message, Quoted
from whatsapp_hub.domain.sessions.session import Routing, Session


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
            request = _digest("send", conversation_id, content, reply_to, *([changes] if changes else []))
            if earlier := await _earlier(uow, caller, idempotency_key, request, message_id):
                return earlier
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            session = await _session(uow, conversation.session_id)
            if changes:
                content = await _aimed(uow, caller, conversation, content, changes)
            file = media or await _stored_file(uow, content)
            _require_sendable(session, self.providers, content, reply_to, media=file)
            if not conversation.is_live:
                raise Conflict("not_open", f"the conversation is {conversation.status}")
            _require_turn(caller, conversation, session)
            await require_window(uow, self.providers, session, conversation, content, self.clock())
            content = await as_shown(uow, session, content)
            if media and await uow.media.add(media):
                await uow.quotas.add_media(media.size)
            made = Changes(uow, self.new_id, self.clock())
            upto = None if changes else await _read_upto(uow, caller, conversation)
            message = _write(made, caller, conversation, session, described or content, message_id, reply_to)
            message.quoted = await _quoted(uow, conversation, reply_to)
            await made.write()
            await uow.commit()
        self.show.read(session, conversation.id, upto)
        return message


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


async def _stored_file(uow: UnitOfWork, content: Content) -> Media | None:
    """Return the file of the hub's that the content names. Raises NotFound."""
    media_id = stored_media(content)
    return await uow.media.get(media_id) if media_id else None


async def _quoted(uow: UnitOfWork, conversation: Conversation, reply_to: str | None) -> Quoted | None:
    """Return the message of this customer's that is answered, in short."""
    if reply_to is None:
        return None
    known = await uow.messages.known([(conversation.session_id, reply_to)])
    return KnownMessages.of(known).quoted(conversation.session_id, conversation.contact_id, reply_to)


@dataclass(frozen=True, slots=True)
class StartConversation:
    """Write to a contact first. A live round with that contact is continued, not duplicated."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    show: ShowCustomer
    read_number: ReadNumber

    async def __call__(
        self,
        caller: Caller,
        session_id: SessionId,
        to: str,
        content: Content,
        idempotency_key: str | None = None,
    ) -> Conversation:
        """Send and return the conversation. Raises as SendMessage does, Invalid for `to`, and HeldElsewhere: the
        customer is in a conversation that the caller does not see."""
        return (await self.message(caller, session_id, to, content, idempotency_key))[0]

    async def message(
        self,
        caller: Caller,
        session_id: SessionId,
        to: str,
        content: Content,
        idempotency_key: str | None = None,
        *,
        is_gateway: bool = False,
    ) -> tuple[Conversation, Message]:
        """Send and return the conversation and the message. `is_gateway`: for contracts A to D, whose bare digits are
        international and whose new conversations stay unassigned."""
        caller.require(Action.START_CONVERSATIONS)
        message_id = MessageId(self.new_id())
        async with self.storage.tenant(caller.tenant_id) as uow:
            request = _digest("start", session_id, content, to)
            if earlier := await _earlier(uow, caller, idempotency_key, request, message_id):
                return await uow.conversations.get(earlier.conversation_id), earlier
            session = await _session(uow, session_id)
            country = None if is_gateway else uow.tenant.country
            identity = await self.read_number.recipient(uow, session, to, country)
            _require_sendable(session, self.providers, content, None, identity)
            changes = Changes(uow, self.new_id, self.clock())
            conversation = await self._round(uow, changes, session, identity, caller, take=not is_gateway)
            await require_window(uow, self.providers, session, conversation, content, changes.now)
            content = await as_shown(uow, session, content, "template")
            upto = await _read_upto(uow, caller, conversation)
            message = _write(changes, caller, conversation, session, content, message_id, None)
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
    ) -> Conversation:
        is_group = identity.kind is IdentityKind.CHAT
        [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((identity,), None, is_group)], changes.now)
        latest = (await uow.conversations.latest([(session.id, contact.id)])).get((session.id, contact.id))
        if latest and latest.is_live:
            await _require_shared(uow, caller, latest)
            _require_turn(caller, latest, session)
            return latest
        is_bots = session.bot is not None and caller.user_id is None and not is_group
        conversation = Conversation(
            id=ConversationId(self.new_id()),
            tenant_id=caller.tenant_id,
            session_id=session.id,
            contact_id=contact.id,
            chat=self.providers.plugin(session.provider).chat_of(identity),
            created_at=changes.now,
            updated_at=changes.now,
            customer_phone=contact.phone_number,
            customer_name=contact.shown_name,
            profile_name=contact.name,
            dialogue=Dialogue(silenced=not is_bots),
        )
        if session.bot and not is_group:
            conversation.start_bot()
        if latest:
            conversation.continues(latest)
        has_targets = session.routing is Routing.DEPARTMENTS and not is_group
        if has_targets:
            conversation.set_deadlines(uow.tenant.terms, changes.now)
        conversation.opened(changes.now)
        if take:
            await self._take(uow, conversation, caller, changes, has_targets=has_targets)
        changes.conversation(conversation, new=True)
        return conversation

    async def _take(
        self, uow: UnitOfWork, conversation: Conversation, caller: Caller, changes: Changes, *, has_targets: bool
    ) -> None:
        """Assign it to the caller, unless they are no user of this tenant (a MASTER acting for it)."""
        if caller.user_id is None:
            return
        try:
            user = await uow.users.get(caller.user_id)
        except NotFound:
            return
        reason = because(RoutingCode.STARTED, f"started by {user.name}", user=user.name)
        if has_targets:
            conversation.set_deadlines(await terms_of(uow, user.department_id), changes.now)
        conversation.assign(user.id, user.department_id, changes.now, reason)


async def _read_upto(uow: UnitOfWork, caller: Caller, conversation: Conversation) -> int | None:
    """Return how far a person's answer implies the customer's messages to be read; a program's answer implies none."""
    return await uow.messages.read_upto(conversation.id) if caller.user_id else None


def _write(
    changes: Changes,
    caller: Caller,
    conversation: Conversation,
    session: Session,
    content: Content,
    message_id: MessageId,
    reply_to: str | None,
) -> Message:
    message = changes.outgoing(
        conversation,
        content,
        session.provider,
        message_id=message_id,
        sender_id=caller.user_id,
        is_bot=caller.user_id is None,
        reply_to=reply_to,
    )
    if message.target:
        return message  # no answer: the customer goes on waiting
    if caller.user_id is None:
        conversation.program_wrote(changes.now)
    else:
        conversation.person_wrote(changes.now)
        if conversation.assigned_user_id is None:
            conversation.silence()
    changes.conversation(conversation)
    return message


def _require_turn(caller: Caller, conversation: Conversation, session: Session) -> None:
    """Refuse a program's message where people have the conversation: the bot's turn is over. Raises Conflict."""
    if session.bot and caller.user_id is None and conversation.is_with_people:
        raise Conflict("peoples", "people have this conversation: the bot has no word in it any more")


async def _require_shared(uow: UnitOfWork, caller: Caller, live: Conversation) -> None:
    """Refuse to write into the round of a customer with whom others speak, and say who. Raises HeldElsewhere."""
    try:
        await require_sight(uow, caller, live)
    except NotFound:
        department = next((d for d in await uow.departments.all() if d.id == live.department_id), None)
        user = await uow.users.peek(live.assigned_user_id) if live.assigned_user_id else None
        raise HeldElsewhere(department.name if department else None, user.name if user else None) from None


async def _session(uow: UnitOfWork, session_id: SessionId) -> Session:
    sessions = await uow.sessions.peek([session_id])
    if session_id not in sessions:
        raise Invalid.field("session_id", "there is no such session")
    return sessions[session_id]


def _require_sendable(
    session: Session,
    providers: Providers,
    content: Content,
    reply_to: str | None,
    recipient: Identity | None = None,
    media: Media | None = None,
) -> None:
    """Raise unless the session is on and its provider can carry the content."""
    capabilities = providers.plugin(session.provider).capabilities
    capabilities.require_content(content)
    if reply_to:
        capabilities.require(Feature.REPLY)
    if recipient and recipient.kind is IdentityKind.CHAT:
        capabilities.require(Feature.GROUPS)
    capabilities.require_fits(content, media)
    if not session.is_active:
        why = session.failure or session.status_reason
        raise Conflict("session_off", "the session is not started" + (f": {why}" if why else ""))


async def _earlier(
    uow: UnitOfWork, caller: Caller, key: str | None, request: bytes, message_id: MessageId
) -> Message | None:
    """Return the message that was already sent with this idempotency key."""
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Invalid.field("Idempotency-Key", "must have 1 to 255 printable characters")
    earlier = await uow.idempotency.claim(caller.key, key, request, message_id)
    return await uow.messages.get(earlier) if earlier else None


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\x1f".join(repr(part) for part in parts).encode()).digest()
