"""Translate message events and messages of a history. Pure."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.adapters.providers.lenient import JsonObject, instant, obj, text
from whatsapp_hub.adapters.providers.neonize.native.jids import LID, formatted, identity_of, kind_of, plain, shown_in
from whatsapp_hub.adapters.providers.neonize.translate.content import content_of
from whatsapp_hub.adapters.providers.neonize.translate.unwrap import context_of, is_notice, unwrapped
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, Origin, OtherSeen, ProviderEvent
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content, EventAnswer, Revoke, Unsupported, Vote

_REVOKE, _EDIT = 0, 14
_UNAVAILABLE = Unsupported("a message that only the phone shows", raw={"kinds": ["unavailable"]})


def whatsapps_id(id: str) -> str:
    """Return WhatsApp's own id of a message whose id was extended here because another one had it already."""
    return id.partition("~")[0]


def live_message(event: JsonObject) -> ProviderEvent:
    info = obj(event.get("info"))
    at, id = instant(info.get("timestamp")), text(info.get("ID"))
    said = _said(unwrapped(obj(event.get("message"))), id, at)
    return said if isinstance(said, OtherSeen) else _live(info, said, at)


def unavailable_message(event: JsonObject) -> ProviderEvent:
    """Translate a message that WhatsApp delivers only to the phone (view once, a business's hosted chat). One that
    could not be decrypted is delivered again: the library asks its sender."""
    info = obj(event.get("info"))
    at, id = instant(info.get("timestamp")), text(info.get("ID"))
    if event.get("isUnavailable") is not True:
        return OtherSeen("undecryptable_message", at)
    return _live(info, _Said(f"{id}~unavailable" if id else "", _UNAVAILABLE, None), at)


def _live(info: JsonObject, said: "_Said", at: datetime) -> ProviderEvent:
    source = obj(info.get("messageSource"))
    from_me = source.get("isFromMe") is True
    chat, names = shown_in(source), chat_names(source)
    if not said.id or not names:
        return OtherSeen("message_without_chat", at)
    kind = kind_of(chat)
    author = formatted(obj(source.get("sender"))) if kind is not ChatKind.PERSON and not from_me else ""
    other = formatted(obj(source.get("senderAlt"))) if author.endswith(f"@{LID}") else ""
    return MessageSeen(
        provider_message_id=said.id,
        chat=chat,
        kind=kind,
        chat_names=names,
        content=said.content,
        at=at,
        from_me=from_me,
        name=None if from_me else text(info.get("pushname")) or None,
        author=author or None,
        author_phone=other.partition("@")[0] if other and not other.endswith(f"@{LID}") else None,
        reply_to=said.reply_to,
    )


def history_message(message: JsonObject, chat_names: list[str]) -> ProviderEvent:
    """Translate a message of a history; `chat_names`: the conversation's JID, and the same person's others if known."""
    key = obj(message.get("key"))
    at, id = instant(message.get("messageTimestamp")), text(key.get("ID"))
    chat = plain(chat_names[0]) if chat_names else plain(text(key.get("remoteJID")))
    names = _names(chat, *chat_names[1:])
    inner = unwrapped(obj(message.get("message")))
    if not id or not names or not inner:
        return OtherSeen("history_without_message", at)
    said = _said(inner, id, at)
    if isinstance(said, OtherSeen):
        return said
    from_me, kind = key.get("fromMe") is True, kind_of(chat)
    author = plain(text(message.get("participant")) or text(key.get("participant")))
    return MessageSeen(
        provider_message_id=said.id,
        chat=chat,
        kind=kind,
        chat_names=names,
        content=said.content,
        at=at,
        from_me=from_me,
        origin=Origin.HISTORY,
        name=None if from_me else text(message.get("pushName")) or None,
        author=author or None if kind is not ChatKind.PERSON and not from_me else None,
        reply_to=said.reply_to,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """A message's id, content and quoted message."""

    id: str
    content: Content
    reply_to: str | None


def _said(message: JsonObject, id: str, at: datetime) -> _Said | OtherSeen:
    """Convert a message. An edit is one of its own, with an id of its own, and names the one replaced."""
    protocol = obj(message.get("protocolMessage"))
    if protocol:
        return _of_protocol(protocol, id, at)
    if is_notice(message):
        return OtherSeen("message_notice", at)
    content = content_of(message)
    if isinstance(content, Vote | EventAnswer) and not content.target:
        return OtherSeen("message_notice", at)
    return _Said(id, content, text(context_of(message).get("stanzaID")) or None)


def _of_protocol(protocol: JsonObject, id: str, at: datetime) -> _Said | OtherSeen:
    target = text(obj(protocol.get("key")).get("ID"))
    kind = protocol.get("type", _REVOKE)
    if kind == _EDIT and target:
        new = content_of(unwrapped(obj(protocol.get("editedMessage")))).editing(target)
        own = id if id != target else f"{id}~{text(protocol.get('timestampMS')) or int(at.timestamp())}"
        return _Said(own, new, None)
    if kind == _REVOKE and target:
        return _Said(id if id != target else f"{id}~revoked", Revoke(message_id=target), None)
    return OtherSeen(f"protocol_{text(kind)}", at)


def chat_names(source: JsonObject) -> tuple[Identity, ...]:
    """Return the identities of the chat's other side. Empty where there is no chat."""
    return _names(shown_in(source), _other_half(source, source.get("isFromMe") is True))


def _other_half(source: JsonObject, from_me: bool) -> str:
    """Return a person's other JID: the phone if the chat is a LID, and the reverse. Empty where WhatsApp did not send
    it. The sender of our own messages is our number."""
    alt = formatted(obj(source.get("recipientAlt" if from_me else "senderAlt")))
    if alt or from_me:
        return alt
    sender = formatted(obj(source.get("sender")))
    return sender if sender.endswith(f"@{LID}") else ""


def _names(chat: str, *others: str) -> tuple[Identity, ...]:
    """Return the chat's own identity first, then the same person's others."""
    first = identity_of(chat)
    if first is None or kind_of(chat) is not ChatKind.PERSON:
        return (first,) if first else ()
    found = [first]
    for other in map(identity_of, others):
        if other and kind_of(other.address) is ChatKind.PERSON and other.kind not in {i.kind for i in found}:
            found.append(other)
    return tuple(found)
