"""Encode an Outgoing as WhatsApp's message, with the file that must be uploaded for it. Pure.

Raises Unsupported for what WhatsApp Web has no message for, Rejected for content that lacks what its kind needs.
"""

from dataclasses import dataclass, field

from whatsapp_hub.adapters.providers.lenient import JsonObject, obj
from whatsapp_hub.adapters.providers.neonize.native.jids import chat_of, kind_of, plain
from whatsapp_hub.adapters.providers.neonize.translate.content import AuthorOf, File, Target, encode
from whatsapp_hub.application.ports.provider.events import ChatKind
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected


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


def sending(message: Outgoing, author_of: AuthorOf, now_ms: int) -> Sending:
    """Encode a message, with the file to upload. Raises Unsupported, Rejected."""
    to = address_of(message)
    quote = _quote(message.reply_to, to, author_of) if message.reply_to else {}
    part, file = encode(message.content, Target(to, author_of, now_ms, quote))
    return Sending(to, part, file)


def with_upload(sending: Sending, uploaded: Uploaded) -> JsonObject:
    """Return the whole message, its file uploaded."""
    if sending.file is None:
        raise ValueError("a message without a file is not uploaded")
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
