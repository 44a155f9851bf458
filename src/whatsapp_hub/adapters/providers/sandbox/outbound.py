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
    MessageType.STICKER: Limit(_CAPTION),
    MessageType.LOCATION: Limit(4096),
    MessageType.CONTACTS: Limit(4096),
    MessageType.REACTION: Limit(4096),
    MessageType.INTERACTIVE: Limit(4096),
    MessageType.POLL: Limit(4096),
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


def shown_text(content: Content) -> str:  # noqa: C901 - one case a kind
    """Return the text; of media, caption and link. Raises Unsupported, Rejected."""
    match content:
        case kinds.Text():
            return content.text
        case kinds.Image() | kinds.Document() | kinds.Audio() | kinds.Video():
            return "\n".join(part for part in (content.text, _link(content)) if part)
        case kinds.Sticker():
            return _link(content)
        case kinds.Location():
            return ", ".join(str(part) for part in (content.latitude, content.longitude, content.name) if part)
        case kinds.Contacts():
            return content.text or f"{len(content.cards) + len(content.vcards)} contact(s)"
        case kinds.Reaction():
            return content.text or "(reaction removed)"
        case kinds.Revoke():
            return "(deleted)"
        case kinds.Buttons():
            return "\n".join([content.text, *(button.title for button in content.buttons)])
        case kinds.ListMenu():
            return f"{content.text}\n{content.button}"
        case kinds.Poll():
            return content.text
        case kinds.Template() | kinds.Choice() | kinds.Vote() | kinds.Order() | kinds.Event() | kinds.EventAnswer():
            raise _unsupported(content)
        case kinds.Call() | kinds.System() | kinds.Unsupported():
            raise _unsupported(content)
        case _:
            assert_never(content)


def _unsupported(content: Content) -> Unsupported:
    return Unsupported("unsupported_content", f"the sandbox cannot show {content.type}")


def _link(content: kinds.File) -> str:
    media = content.media
    if media is None or (isinstance(media, RemoteMedia) and not media.url.startswith(("https://", "http://"))):
        raise Rejected("incomplete_content", f"{content.type} needs an http link or a file of ours")
    return url_of(media) or ""
