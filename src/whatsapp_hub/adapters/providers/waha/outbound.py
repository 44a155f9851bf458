"""Encode an Outgoing as a call to WAHA. Pure.

Raises Unsupported for what WAHA has no call for, Rejected for content that lacks what its call needs.
"""

from whatsapp_hub.adapters.providers.lenient import JsonObject
from whatsapp_hub.adapters.providers.waha.content import Sending, encode
from whatsapp_hub.adapters.providers.waha.names import chat_of, jid, long_id
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected
from whatsapp_hub.domain.messaging.content import Location, Text

NAMED = (Text, Location)
"""Kinds that WAHA accepts an id of ours with."""


def sending(message: Outgoing, session: str, data: bytes | None = None) -> Sending:
    """Encode a message as a call to WAHA; `data`: the bytes of its file. Raises Unsupported, Rejected."""
    chat = address_of(message)
    head: JsonObject = {"session": session, "chatId": chat}
    if message.reply_to:
        head["reply_to"] = long_id(message.reply_to, chat)
    if message.own_id and isinstance(message.content, NAMED):
        head["id"] = message.own_id
    return encode(message.content, head, data)


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
