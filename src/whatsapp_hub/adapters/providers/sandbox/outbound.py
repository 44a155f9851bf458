"""Render our messages as a sandbox phone shows them. Pure."""

from typing import assert_never

from whatsapp_hub.adapters.contracts.views.content import url_of
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.capabilities import MB, Limit
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.messaging.content import Content, MessageType, RemoteMedia

_CAPTION = 1024
SENDS = {
    MessageType.TEXT: Limit(4096),
    MessageType.IMAGE: Limit(_CAPTION, 5 * MB),
    MessageType.DOCUMENT: Limit(_CAPTION, 16 * MB),
    MessageType.AUDIO: Limit(_CAPTION, 16 * MB),
    MessageType.VIDEO: Limit(_CAPTION, 16 * MB),
}


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
    match content:
        case kinds.Text():
            return content.text
        case kinds.Image() | kinds.Document() | kinds.Audio() | kinds.Video():
            return "\n".join(part for part in (content.text, _link(content)) if part)
        case kinds.Sticker() | kinds.Location() | kinds.Contacts() | kinds.Reaction() | kinds.Template():
            raise _unsupported(content)
        case kinds.Buttons() | kinds.ListMenu() | kinds.Choice() | kinds.Poll() | kinds.System() | kinds.Unsupported():
            raise _unsupported(content)
        case _:
            assert_never(content)


def _unsupported(content: Content) -> Unsupported:
    return Unsupported("unsupported_content", f"the sandbox cannot show {content.type}")


def _link(content: kinds.File) -> str:
    media = content.media
    if media is None or (isinstance(media, RemoteMedia) and not media.url.startswith(("https://", "http://"))):
        raise Rejected("incomplete_content", f"{content.type} needs an http link or a file of ours")
    return url_of(media)
