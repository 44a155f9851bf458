"""Encode an Outgoing as a call to WAHA. Pure.

Raises Unsupported for what WAHA has no call for, Rejected for content that lacks what its call needs.
"""

import base64
import mimetypes
from dataclasses import dataclass

from whatsapp_hub.adapters.providers.lenient import JsonObject, text
from whatsapp_hub.adapters.providers.waha.names import chat_of, jid, long_id
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging.content import Content, MessageType
from whatsapp_hub.domain.messaging.media import Media


@dataclass(frozen=True, slots=True)
class Sending:
    """One call to WAHA."""

    path: str
    body: JsonObject
    method: str = "POST"


_FILES = {
    MessageType.IMAGE: ("/api/sendImage", "image/jpeg"),
    MessageType.DOCUMENT: ("/api/sendFile", "application/octet-stream"),
    MessageType.AUDIO: ("/api/sendVoice", "audio/ogg; codecs=opus"),
    MessageType.VIDEO: ("/api/sendVideo", "video/mp4"),
}
NAMED = frozenset({MessageType.TEXT, MessageType.LOCATION})
"""Kinds that WAHA accepts an id of ours with."""
SENDS = frozenset({MessageType.TEXT, MessageType.LOCATION, MessageType.REACTION, *_FILES})


def sending(message: Outgoing, session: str) -> Sending:
    """Encode a message as a call to WAHA. Raises Unsupported, Rejected."""
    chat, content = address_of(message), message.content
    if content.type is MessageType.REACTION:
        return _reaction(content, chat, session)
    body: JsonObject = {"session": session, "chatId": chat}
    if message.reply_to:
        body["reply_to"] = long_id(message.reply_to, chat)
    if message.own_id and content.type in NAMED:
        body["id"] = message.own_id
    if content.type in _FILES:
        return _file(message, body)
    match content.type:
        case MessageType.TEXT:
            return Sending("/api/sendText", body | {"text": content.text})
        case MessageType.LOCATION:
            return Sending("/api/sendLocation", body | _location(content))
    raise Unsupported("unsupported_content", f"WAHA cannot send {content.type}")


def address_of(message: Outgoing) -> str:
    """Return the first identity that WAHA supports, else the chat's own address."""
    for identity in message.recipient:
        if chat := chat_of(identity):
            return chat
    return address(message.chat)


def address(chat: str) -> str:
    """Make a JID from a chat's address or bare digits. Raises Rejected."""
    digits = chat.removeprefix("+")
    found = f"{digits}@c.us" if digits.isascii() and digits.isdigit() else jid(chat)
    if not found:
        raise Rejected("no_address", "neither a phone number nor a JID of the chat is known")
    return found


def _reaction(content: Content, chat: str, session: str) -> Sending:
    """Encode a reaction to a message of the customer's, unless `data.fromMe` says otherwise."""
    target = text(content.data.get("messageId"))
    if not target:
        raise Rejected("incomplete_content", "REACTION needs messageId")
    id = long_id(target, chat, content.data.get("fromMe") is True)
    return Sending("/api/reaction", {"session": session, "messageId": id, "reaction": content.text}, "PUT")


def _file(message: Outgoing, body: JsonObject) -> Sending:
    content = message.content
    path, usual = _FILES[content.type]
    file = _bytes(message.media) if message.media else _link(content, usual)
    if name := text(content.data.get("fileName")):
        file["filename"] = name
    body = body | {"file": file}
    if content.type is MessageType.AUDIO:
        return Sending(path, body | {"convert": True})
    if content.text:
        body["caption"] = content.text
    return Sending(path, body | {"convert": False} if content.type is MessageType.VIDEO else body)


def _bytes(media: Media) -> JsonObject:
    return {"data": base64.b64encode(media.content).decode(), "mimetype": media.mime_type}


def _link(content: Content, usual: str) -> JsonObject:
    link = content.media_url or ""
    if not link.startswith(("https://", "http://")):
        raise Rejected("incomplete_content", f"{content.type} needs an http link")
    guessed, _ = mimetypes.guess_type(link.partition("?")[0])
    return {"url": link, "mimetype": text(content.data.get("mimeType")) or guessed or usual}


def _location(content: Content) -> JsonObject:
    latitude, longitude = content.data.get("latitude"), content.data.get("longitude")
    if latitude is None or longitude is None:
        raise Rejected("incomplete_content", "LOCATION needs latitude and longitude")
    return {"latitude": latitude, "longitude": longitude, "title": text(content.data.get("name")) or content.text}
