"""What holds for every send, at once or later: what may be sent where, and which request was made before."""

import hashlib

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.receiving.known_messages import KnownMessages
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import MessageId, SessionId, UserId
from whatsapp_hub.domain.integrations.threads import require_ours
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Content, Text, stored_media
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message, Quoted
from whatsapp_hub.domain.sessions.moving import names_by
from whatsapp_hub.domain.sessions.session import Session


async def stored_file(uow: UnitOfWork, content: Content) -> Media | None:
    """Return the file of the hub's that the content names. Raises NotFound."""
    media_id = stored_media(content)
    return await uow.media.get(media_id) if media_id else None


async def quoted_by(uow: UnitOfWork, conversation: Conversation, reply_to: str | None) -> Quoted | None:
    """Return the message of this customer's that is answered, in short."""
    if reply_to is None:
        return None
    known = await uow.messages.known([(conversation.session_id, reply_to)])
    return KnownMessages.of(known).quoted(conversation.session_id, conversation.contact_id, reply_to)


async def signed(uow: UnitOfWork, user_id: UserId | None, content: Content) -> Content:
    """Return a person's text with their name before it, where the company wants that, and anything else as it is."""
    if user_id is None or not isinstance(content, Text) or not uow.tenant.agent_name_before_texts:
        return content
    return content.signed((await uow.users.peek(user_id)).name)


def write_down(
    changes: Changes,
    user_id: UserId | None,
    conversation: Conversation,
    session: Session,
    content: Content,
    message_id: MessageId,
    reply_to: str | None,
) -> Message:
    """Add the message to the round, and let the round know who wrote."""
    message = changes.outgoing(
        conversation,
        content,
        session.provider,
        message_id=message_id,
        sender_id=user_id,
        is_bot=user_id is None,
        reply_to=reply_to,
    )
    if message.target:
        return message  # no answer: the customer goes on waiting
    if user_id is None:
        conversation.program_wrote(changes.now)
    else:
        conversation.person_wrote(changes.now)
        if conversation.assigned_user_id is None:
            conversation.silence()
    changes.conversation(conversation)
    return message


def require_thread(conversation: Conversation, session: Session, providers: Providers) -> None:
    """Raise Conflict where another program of the number has the thread. A session that moved to a provider without
    threads shares its number with none: what an earlier round says of one is out of date."""
    if Feature.THREADS in providers.plugin(session.provider).capabilities.features:
        require_ours(conversation)


def require_turn(user_id: UserId | None, conversation: Conversation, session: Session, providers: Providers) -> None:
    """Refuse a message where another program of the number has the thread, and a program's where people have the
    conversation: the bot's turn is over. Raises Conflict."""
    require_thread(conversation, session, providers)
    if session.bot and user_id is None and conversation.is_with_people:
        raise Conflict("peoples", "people have this conversation: the bot has no word in it any more")


async def session_of(uow: UnitOfWork, session_id: SessionId) -> Session:
    """Return the session. Raises Invalid."""
    sessions = await uow.sessions.peek([session_id])
    if session_id not in sessions:
        raise Invalid.field("session_id", "there is no such session")
    return sessions[session_id]


def require_sendable(
    session: Session,
    providers: Providers,
    content: Content,
    reply_to: str | None,
    recipient: Identity | None = None,
    media: Media | None = None,
    *,
    later: bool = False,
) -> None:
    """Raise unless the session is on (`later`: it may be off now) and its provider can carry the content."""
    capabilities = providers.plugin(session.provider).capabilities
    capabilities.require_content(content)
    if reply_to:
        capabilities.require(Feature.REPLY)
    if recipient and recipient.kind is IdentityKind.CHAT:
        capabilities.require(Feature.GROUPS)
    if recipient and recipient.kind is IdentityKind.BSUID:
        capabilities.require(Feature.BSUID)
    capabilities.require_fits(content, media)
    if not later and not session.is_active:
        why = session.failure or session.status_reason
        raise Conflict("session_off", "the session is not started" + (f": {why}" if why else ""))


def may_know(providers: Providers, kind: str, provider_message_id: str | None) -> bool:
    """Return whether an id of a message can be this kind's; one of a provider that the session had is not."""
    if not provider_message_id:
        return True
    capabilities = {name: plugin.capabilities for name, plugin in providers.plugins.items()}
    return names_by(capabilities, kind, provider_message_id)


async def earlier_of(
    uow: UnitOfWork, caller: Caller, key: str | None, request: bytes, message_id: MessageId
) -> Message | None:
    """Return the message that was already sent with this idempotency key."""
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Invalid.field("Idempotency-Key", "must have 1 to 255 printable characters")
    earlier = await uow.idempotency.claim(caller.key, key, request, message_id)
    if earlier is None:
        return None
    return await uow.scheduled.find(earlier) or await uow.messages.get(earlier)


def digest_of(*parts: object) -> bytes:
    """Return what tells one request from another."""
    return hashlib.sha256("\x1f".join(repr(part) for part in parts).encode()).digest()
