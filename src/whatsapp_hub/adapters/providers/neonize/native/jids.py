"""WhatsApp Web's addresses of chats and people. Pure.

A JID is `user@server`; a device of a person adds `:12` (and an agent `.1`) to the user. `s.whatsapp.net` is a person by
phone, `lid` by hidden id, `g.us` a group, `newsletter` a channel, `broadcast` a list, `status@broadcast` the statuses.
A person's `hosted` devices stand on servers of their own and are the same person.
"""

import re

from whatsapp_hub.adapters.providers.lenient import JsonObject, obj, text
from whatsapp_hub.application.ports.provider.events import ChatKind
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

PERSON = "s.whatsapp.net"
LID = "lid"
STATUSES = "status@broadcast"

_JID = re.compile(r"([0-9A-Za-z-]{1,120})(?:\.[0-9]+)?(?:[:_][0-9]+)?@([a-z.]{1,30})")
_SAME = {"c.us": PERSON, "hosted": PERSON, "hosted.lid": LID}
_KINDS = {"g.us": ChatKind.GROUP, "newsletter": ChatKind.NEWSLETTER, "broadcast": ChatKind.BROADCAST}


def formatted(jid: JsonObject) -> str:
    """Format a JID message as text, without its device. Empty if it has no user."""
    user, server = text(jid.get("user")), text(jid.get("server"))
    return plain(f"{user}@{server}") if user and server else ""


def plain(address: str) -> str:
    """Return the address without device and agent, persons on one server. Empty if it is no JID."""
    match = _JID.fullmatch(address)
    if not match:
        return ""
    return f"{match[1]}@{_SAME.get(match[2], match[2])}"


def parts(address: str) -> JsonObject:
    """Make a JID message with every field that neonize's Go side requires. `address` may name a device (`1:12@…`)."""
    user, _, server = address.rpartition("@")
    user, _, device = user.partition(":")
    known = {"rawAgent": 0, "device": int(device) if device.isdigit() else 0, "integrator": 0, "isEmpty": False}
    return {"user": user, **known, "server": server}


def kind_of(chat: str) -> ChatKind:
    if chat == STATUSES:
        return ChatKind.STATUS
    return _KINDS.get(chat.rpartition("@")[2], ChatKind.PERSON)


def shown_in(source: JsonObject) -> str:
    """Return the chat in which WhatsApp shows a message with this source: what a customer sends to a broadcast list of
    theirs stands in their own chat."""
    chat = formatted(obj(source.get("chat")))
    if kind_of(chat) is ChatKind.BROADCAST and source.get("isFromMe") is not True:
        return formatted(obj(source.get("sender"))) or chat
    return chat


def identity_of(chat: str) -> Identity | None:
    """Return the identity behind a JID. None for what is no JID."""
    user, _, server = plain(chat).rpartition("@")
    if not user:
        return None
    if server == PERSON and user.isdigit():
        return Identity.phone(user)
    return Identity.lid(user) if server == LID else Identity.chat(f"{user}@{server}")


def chat_of(identity: Identity) -> str:
    """Return the JID of the chat with this identity; empty for a BSUID, which WhatsApp Web does not know."""
    address = identity.address or identity.value
    match identity.kind:
        case IdentityKind.PHONE:
            return f"{address}@{PERSON}"
        case IdentityKind.LID:
            return f"{address}@{LID}"
        case IdentityKind.CHAT:
            return address
    return ""
