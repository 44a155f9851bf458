"""Render our messages as a sandbox phone shows them. Pure."""

from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.messaging.content import Content, MessageType

_MEDIA = frozenset({MessageType.IMAGE, MessageType.DOCUMENT, MessageType.AUDIO, MessageType.VIDEO})
SENDS = _MEDIA | {MessageType.TEXT}


def phone_of(message: Outgoing) -> str:
    """Return the chat's phone. Raises Rejected for anything else: the sandbox has only persons with phones."""
    for identity in message.recipient:
        if identity.kind is IdentityKind.PHONE:
            return identity.address or identity.value
    digits = message.chat.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise Rejected("no_address", "the sandbox knows phone numbers only")
    return digits


def shown_text(content: Content) -> str:
    """Return the text; of media, caption and link. Raises Unsupported, Rejected."""
    if content.type is MessageType.TEXT:
        return content.text
    if content.type not in _MEDIA:
        raise Unsupported("unsupported_content", f"the sandbox cannot show {content.type}")
    link = content.media_url or ""
    if not link.startswith(("https://", "http://", "/api/media/")):
        raise Rejected("incomplete_content", f"{content.type} needs an http link or a file of ours")
    return "\n".join(part for part in (content.text, link) if part)
