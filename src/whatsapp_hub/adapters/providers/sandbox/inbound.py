"""Updates from sandbox phones: customers' messages and receipts. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    Malformed,
    MessageSeen,
    ProviderEvent,
    RawUpdate,
    ReceiptSeen,
)
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind, parse_address
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.text import storable

MAX_TEXT = 65_536
"""WhatsApp's own limit for a customer's text."""


class Written(msgspec.Struct, tag="message"):
    """A customer's message."""

    id: str
    phone: str
    text: str
    at: datetime
    name: str | None = None


class Receipt(msgspec.Struct, tag="receipt"):
    """A phone's receipt for a message of ours: delivered or read."""

    id: str
    phone: str
    status: MessageStatus
    at: datetime
    sent_as: UUID


_decoder = msgspec.json.Decoder(Written | Receipt)


def customer_wrote(phone: str, message_id: str, text: str, at: datetime, name: str | None = None) -> RawUpdate:
    """Make the update of a customer's message to a session. Raises Invalid (`/from`, `/text`)."""
    identity = parse_address(phone, "from")
    if identity.kind is not IdentityKind.PHONE:
        raise Invalid.field("from", "must be a phone number")
    if not text or len(text) > MAX_TEXT:
        raise Invalid.field("text", f"must have 1 to {MAX_TEXT} characters")
    written = Written(message_id, identity.address, storable(text), at, storable(name) if name else None)
    body = msgspec.json.encode(written)
    return RawUpdate((), f"m:{message_id}", identity.address, body)


def receipt(phone: str, message_id: str, status: MessageStatus, at: datetime, sent_as: MessageId) -> RawUpdate:
    """Build the update by which a phone reports a status. Its key drops the same report sent twice."""
    body = msgspec.json.encode(Receipt(message_id, phone, status, at, sent_as))
    return RawUpdate((), f"s:{message_id}:{status}", phone, body)


def translate(body: bytes) -> list[ProviderEvent]:
    """Translate an update. Raises Malformed for what no sandbox phone sends."""
    try:
        update = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("not an update of the sandbox") from None
    if isinstance(update, Receipt):
        return [ReceiptSeen(update.id, update.status, update.at, sent_as=MessageId(update.sent_as))]
    seen = MessageSeen(
        provider_message_id=update.id,
        chat=update.phone,
        kind=ChatKind.PERSON,
        chat_names=(Identity.phone(update.phone),),
        content=Text(update.text),
        at=update.at,
        name=update.name,
    )
    return [seen]
