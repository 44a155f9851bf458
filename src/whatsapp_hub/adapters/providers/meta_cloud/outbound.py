"""Encode an Outgoing as the body of Meta's /messages. Pure.

Raises Unsupported for what Meta has no type for, Rejected for content that lacks what its type needs.
"""

import re
from collections.abc import Sequence

from whatsapp_hub.adapters.providers.http_call import Form
from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.adapters.providers.meta_cloud.content import encode
from whatsapp_hub.application.ports.provider.plugin import Outgoing, OutgoingFile
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Reaction

_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")


def form(file: OutgoingFile) -> Form:
    """Return the form of Meta's /media for a file."""
    return Form({"messaging_product": "whatsapp", "type": file.mime_type}, "file", file)


def message_body(message: Outgoing, uploaded: str | None = None) -> JsonObject:
    """Encode the whole body; `uploaded` is Meta's id of the file that was uploaded for it. Our own id travels as
    `biz_opaque_callback_data` and comes back in every receipt."""
    body = {
        "messaging_product": "whatsapp",
        **_recipient(message.recipient, message.chat),
        **encode(message.content, uploaded),
        "biz_opaque_callback_data": str(message.message_id),
    }
    if message.reply_to and not isinstance(message.content, Reaction):
        body["context"] = {"message_id": message.reply_to}
    return body


def thread_of(recipient: tuple[Identity, ...], chat: str) -> JsonObject:
    """Name the customer of a thread, who is never a group. Raises Rejected."""
    named = _recipient(tuple(one for one in recipient if one.kind is not IdentityKind.CHAT), chat)
    return {name: value for name, value in named.items() if name != "recipient_type"}


def block_body(identities: Sequence[Identity]) -> JsonObject:
    """Encode whom Meta is to block or unblock. Raises Unsupported without a phone number."""
    phone = next((i.address or i.value for i in identities if i.kind is IdentityKind.PHONE), None)
    if phone is None:
        raise Unsupported("no_identity", "Meta blocks phone numbers, and none is known")
    return {"messaging_product": "whatsapp", "block_users": [{"user": f"+{phone}"}]}


def require_blocked(answer: JsonObject) -> None:
    """Raise Rejected for a person whom Meta's answer names as failed."""
    for failed in items(obj(answer.get("block_users")).get("failed_users")):
        error = obj(next(iter(items(obj(failed).get("errors"))), None))
        raise Rejected(text(error.get("code")) or "not_blocked", text(error.get("message")) or "Meta did not do it")


def _recipient(recipient: tuple[Identity, ...], chat: str) -> JsonObject:
    """Return the first identity that Meta supports: a phone, a BSUID or a group; else the chat's address."""
    for identity in recipient:
        address = identity.address or identity.value
        match identity.kind:
            case IdentityKind.PHONE:
                return _to_person(address)
            case IdentityKind.BSUID:
                return {"recipient_type": "individual", "recipient": address}
            case IdentityKind.CHAT if "@" not in address:
                return {"recipient_type": "group", "to": address}
    return _to_chat(chat)


def _to_person(digits: str) -> JsonObject:
    return {"recipient_type": "individual", "to": digits}


def _to_chat(chat: str) -> JsonObject:
    if chat.removeprefix("+").isdigit():
        return _to_person(chat.removeprefix("+"))
    if _BSUID.fullmatch(chat):
        return {"recipient_type": "individual", "recipient": chat}
    raise Rejected("no_address", "neither a phone number nor a BSUID of the chat is known")
