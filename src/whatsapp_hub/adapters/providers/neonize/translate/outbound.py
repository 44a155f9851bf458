"""Encode an Outgoing as WhatsApp's message, with the file that must be uploaded for it. Pure.

Raises Unsupported for what WhatsApp Web has no message for, Rejected for content that lacks what its kind needs.
"""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.adapters.providers.neonize.native.jids import chat_of, kind_of, plain
from whatsapp_hub.application.ports.provider.events import ChatKind
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging.content import Content, MessageType

AuthorOf = Callable[[str], str | None]
"""Return the JID of the author of the message with this id, if remembered."""

OPUS = "audio/ogg; codecs=opus"


@dataclass(frozen=True, slots=True)
class File:
    """A file at `url` to upload as media type `kind` (WhatsApp's number); `field` names its part of the message.
    `mimetype` is empty if only the file itself has it."""

    url: str
    kind: int
    field: str
    mimetype: str
    usual: str


@dataclass(frozen=True, slots=True)
class Sending:
    """`to` is a JID; `message` is complete except for the fields that the upload of `file` returns."""

    to: str
    message: JsonObject
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The answer of WhatsApp's servers to an upload, and the file's properties."""

    answer: JsonObject = field(repr=False)
    mimetype: str
    seconds: int = 0


STORED = "/api/media/"
"""Prefix of the address of a file that the hub stores: its bytes come with the message."""

_FILES = {
    MessageType.IMAGE: ("imageMessage", 0, "image/jpeg"),
    MessageType.VIDEO: ("videoMessage", 1, "video/mp4"),
    MessageType.AUDIO: ("audioMessage", 2, OPUS),
    MessageType.DOCUMENT: ("documentMessage", 3, "application/octet-stream"),
    MessageType.STICKER: ("stickerMessage", 0, "image/webp"),
}
_CAPTIONED = frozenset({MessageType.IMAGE, MessageType.VIDEO, MessageType.DOCUMENT})
SENDS = frozenset(
    {MessageType.TEXT, MessageType.LOCATION, MessageType.CONTACTS, MessageType.REACTION, *_FILES},
)


def sending(message: Outgoing, author_of: AuthorOf, now_ms: int) -> Sending:
    """Encode a message, with the file to upload. Raises Unsupported, Rejected."""
    to, content = address_of(message), message.content
    if content.type is MessageType.REACTION:
        return Sending(to, _reaction(content, to, author_of, now_ms))
    context = _quote(message.reply_to, to, author_of) if message.reply_to else None
    if content.type in _FILES:
        file, part = _file(content)
        return Sending(to, {file.field: part | (context or {})}, file)
    match content.type:
        case MessageType.TEXT if context:
            return Sending(to, {"extendedTextMessage": {"text": content.text, **context}})
        case MessageType.TEXT:
            return Sending(to, {"conversation": content.text})
        case MessageType.LOCATION:
            return Sending(to, {"locationMessage": _location(content) | (context or {})})
        case MessageType.CONTACTS:
            return Sending(to, _contacts(content, context or {}))
    raise Unsupported("unsupported_content", f"WhatsApp Web cannot send {content.type}")


def with_upload(sending: Sending, uploaded: Uploaded) -> JsonObject:
    """Return the whole message, its file uploaded."""
    assert sending.file is not None
    field = sending.file.field
    part = obj(sending.message[field]) | uploaded.answer | {"mimetype": uploaded.mimetype}
    if field == "audioMessage":
        part.setdefault("PTT", uploaded.mimetype.startswith("audio/ogg"))
        if uploaded.seconds:
            part.setdefault("seconds", uploaded.seconds)
    return {field: part}


def address_of(message: Outgoing) -> str:
    """Return the first identity that WhatsApp Web supports, else the chat's own address."""
    for identity in message.recipient:
        if chat := chat_of(identity):
            return chat
    return address(message.chat)


def address(chat: str) -> str:
    """Make a JID from a chat's address or bare digits. Raises Rejected."""
    digits = chat.removeprefix("+")
    found = f"{digits}@s.whatsapp.net" if digits.isascii() and digits.isdigit() else plain(chat)
    if not found:
        raise Rejected("no_address", "neither a phone number nor a JID of the chat is known")
    return found


def _quote(id: str, to: str, author_of: AuthorOf) -> JsonObject:
    """Encode a quote. The phone shows the quoted text itself if it still has it, but requires its author; in a chat
    with one person an author who is not remembered can only be that person."""
    author = author_of(id) or (to if kind_of(to) is ChatKind.PERSON else "")
    quote: JsonObject = {"stanzaID": id, "quotedMessage": {"conversation": ""}}
    return {"contextInfo": quote | ({"participant": author} if author else {})}


def _reaction(content: Content, to: str, author_of: AuthorOf, now_ms: int) -> JsonObject:
    """Encode a reaction to the contact's message, unless `data.fromMe` says otherwise; an empty emoji removes it."""
    target = text(content.data.get("messageId"))
    if not target:
        raise Rejected("incomplete_content", "REACTION needs messageId")
    from_me = content.data.get("fromMe") is True
    key: JsonObject = {"remoteJID": to, "fromMe": from_me, "ID": target}
    if not from_me and kind_of(to) is not ChatKind.PERSON and (author := author_of(target)):
        key["participant"] = author
    return {"reactionMessage": {"key": key, "text": content.text, "senderTimestampMS": now_ms}}


def _file(content: Content) -> tuple[File, JsonObject]:
    field, kind, usual = _FILES[content.type]
    link = content.media_url or ""
    if not link.startswith(("https://", "http://", STORED)):
        raise Rejected("incomplete_content", f"{content.type} needs an http link")
    try:
        path = unquote(urlsplit(link).path)
    except ValueError as error:
        raise Rejected("media_url", "the file's URL cannot be used") from error
    guessed, _ = mimetypes.guess_type(path)
    file = File(link, kind, field, text(content.data.get("mimeType")) or guessed or "", usual)
    part: JsonObject = {}
    if content.text and content.type in _CAPTIONED:
        part["caption"] = content.text
    if content.type is MessageType.DOCUMENT:
        part["fileName"] = text(content.data.get("fileName")) or path.rpartition("/")[2] or "file"
        part["title"] = part["fileName"]
    if content.type is MessageType.AUDIO and isinstance(voice := content.data.get("voice"), bool):
        part["PTT"] = voice
    if content.type is MessageType.AUDIO and isinstance(seconds := content.data.get("seconds"), int):
        part["seconds"] = max(0, min(seconds, 1 << 31))
    return file, part


def _location(content: Content) -> JsonObject:
    place: JsonObject = {}
    for ours, theirs in (("latitude", "degreesLatitude"), ("longitude", "degreesLongitude")):
        value = content.data.get(ours)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Rejected("incomplete_content", "LOCATION needs latitude and longitude")
        place[theirs] = float(value)
    if name := text(content.data.get("name")) or content.text:
        place["name"] = name
    if address := text(content.data.get("address")):
        place["address"] = address
    return place


def _contacts(content: Content, context: JsonObject) -> JsonObject:
    """Encode `data.vCards` as they are, or `data.contacts` in Meta's form as vCards."""
    cards = [{"displayName": _name_in(card), "vcard": card} for card in map(text, items(content.data.get("vCards")))]
    cards += [_card(obj(contact)) for contact in items(content.data.get("contacts"))]
    if not cards:
        raise Rejected("incomplete_content", "CONTACTS needs vCards or contacts")
    if len(cards) == 1:
        return {"contactMessage": {**cards[0], **context}}
    whole: JsonObject = {"displayName": f"{len(cards)} contacts", "contacts": list(cards)}
    return {"contactsArrayMessage": whole | context}


def _name_in(card: str) -> str:
    lines = (line for line in card.splitlines() if line.upper().startswith("FN"))
    return next((line.partition(":")[2] for line in lines), "")


def _card(contact: JsonObject) -> dict[str, str]:
    name = text(obj(contact.get("name")).get("formatted_name")) or text(obj(contact.get("name")).get("first_name"))
    if not name:
        raise Rejected("incomplete_content", "each of CONTACTS needs name.formatted_name")
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(name)}", f"N:;{_escaped(name)};;;"]
    for phone in map(obj, items(contact.get("phones"))):
        number = text(phone.get("phone"))
        digits = text(phone.get("wa_id")) or "".join(filter(str.isdigit, number))
        lines.append(f"TEL;type=CELL;waid={digits}:{_escaped(number or digits)}")
    return {"displayName": name, "vcard": "\n".join([*lines, "END:VCARD"])}


def _escaped(value: str) -> str:
    value = value.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return value.replace("\r", "").replace("\n", "\\n")
