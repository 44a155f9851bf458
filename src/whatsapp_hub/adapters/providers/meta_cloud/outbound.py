"""Encode an Outgoing as the body of Meta's /messages. Pure.

Raises Unsupported for what Meta has no type for, Rejected for content that lacks what its type needs.
"""

import re

from whatsapp_hub.adapters.providers.http_call import Form
from whatsapp_hub.adapters.providers.lenient import JsonObject
from whatsapp_hub.adapters.providers.meta_cloud.content import encode
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.messaging.content import Reaction
from whatsapp_hub.domain.messaging.media import Media

_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")


def form(media: Media) -> Form:
    """Return the form of Meta's /media for a file."""
    fields = {"messaging_product": "whatsapp", "type": media.mime_type}
    return Form(fields, "file", media.file_name, media.content, media.mime_type)


def message_body(message: Outgoing, uploaded: str | None = None) -> JsonObject:
    """Encode the whole body; `uploaded` is Meta's id of the file that was uploaded for it. Our own id travels as
    `biz_opaque_callback_data` and comes back in every receipt."""
    body = {
        "messaging_product": "whatsapp",
        **_recipient(message),
        **encode(message.content, uploaded),
        "biz_opaque_callback_data": str(message.message_id),
    }
    if message.reply_to and not isinstance(message.content, Reaction):
        body["context"] = {"message_id": message.reply_to}
    return body


def _recipient(message: Outgoing) -> JsonObject:
    """Return the first identity that Meta supports: a phone, a BSUID or a group; else the chat's address."""
    for identity in message.recipient:
        address = identity.address or identity.value
        match identity.kind:
            case IdentityKind.PHONE:
                return _to_person(address)
            case IdentityKind.BSUID:
                return {"recipient_type": "individual", "recipient": address}
            case IdentityKind.CHAT if "@" not in address:
                return {"recipient_type": "group", "to": address}
    return _to_chat(message.chat)


def _to_person(digits: str) -> JsonObject:
    return {"recipient_type": "individual", "to": digits}


def _to_chat(chat: str) -> JsonObject:
    if chat.removeprefix("+").isdigit():
        return _to_person(chat.removeprefix("+"))
    if _BSUID.fullmatch(chat):
        return {"recipient_type": "individual", "recipient": chat}
    raise Rejected("no_address", "neither a phone number nor a BSUID of the chat is known")
