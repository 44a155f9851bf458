"""WAHA's message ids and chat ids. Pure.

A message id is `{fromMe}_{chat}_{id}`, in groups with `_{participant}` after it; some fields carry the bare
`{id}` alone. A chat is a JID: `@c.us` a person, `@lid` a hidden one, `@g.us` a group, `@newsletter`,
`status@broadcast` and other `@broadcast`; the engines' own `@s.whatsapp.net` means `@c.us`.
"""

import re
from dataclasses import dataclass

from whatsapp_hub.application.ports.provider.events import ChatKind
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

_LONG_ID = re.compile(r"(true|false)_([^_\s]{1,150}@[a-z.]{1,30})_([^_\s]{1,200})(?:_(\S{1,200}))?")
_JID = re.compile(r"([0-9A-Za-z._-]{1,120})(?::[0-9]+)?@([a-z.]{1,30})")
_PERSON = frozenset({"c.us", "s.whatsapp.net"})


@dataclass(frozen=True, slots=True)
class Name:
    """A parsed message id; `chat` is empty and `from_me` None for a bare id."""

    bare: str
    chat: str = ""
    from_me: bool | None = None
    participant: str = ""


def parse_id(id: str) -> Name:
    """Split an id (`true_5511…@c.us_3EB0…`) into its parts; an unknown form stands whole."""
    match = _LONG_ID.fullmatch(id)
    if not match:
        return Name(id[:200])
    return Name(match[3], jid(match[2]), match[1] == "true", jid(match[4] or ""))


def long_id(bare: str, chat: str, from_me: bool = False) -> str:
    """Return the long form that WAHA's own calls take. An id that is long already stays."""
    return bare if _LONG_ID.fullmatch(bare) else f"{str(from_me).lower()}_{chat}_{bare}"


def jid(address: str) -> str:
    """Return the address without a device, people as `@c.us`. Empty if it is no JID."""
    match = _JID.fullmatch(address)
    if not match:
        return ""
    server = "c.us" if match[2] in _PERSON else match[2]
    return f"{match[1]}@{server}"


def kind_of(chat: str) -> ChatKind:
    """Tell a chat's kind by the server in its id."""
    if chat == "status@broadcast":
        return ChatKind.STATUS
    server = chat.rpartition("@")[2]
    return _KINDS.get(server, ChatKind.PERSON)


_KINDS = {"g.us": ChatKind.GROUP, "newsletter": ChatKind.NEWSLETTER, "broadcast": ChatKind.BROADCAST}


def identity_of(chat: str) -> Identity | None:
    """Return the identity behind a JID. None for what is no JID, or identifies no one."""
    user, _, server = jid(chat).rpartition("@")
    if not user:
        return None
    if server == "c.us" and user.isdigit():
        return Identity.phone(user)
    return Identity.lid(user) if server == "lid" else Identity.chat(f"{user}@{server}")


def chat_of(identity: Identity) -> str:
    """Return the JID of the chat with this identity; empty for a BSUID, which WAHA does not know."""
    address = identity.address or identity.value
    match identity.kind:
        case IdentityKind.PHONE:
            return f"{address}@c.us"
        case IdentityKind.LID:
            return f"{address}@lid"
        case IdentityKind.CHAT:
            return address
    return ""
