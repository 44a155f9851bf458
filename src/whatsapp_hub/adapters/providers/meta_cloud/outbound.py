"""Encode an Outgoing as the body of Meta's /messages. Pure.

Raises Unsupported for what Meta has no type for, Rejected for content that lacks what its type needs.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.messaging.content import Content, MessageType
from whatsapp_hub.domain.messaging.media import Media

_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")
_MEDIA = {
    MessageType.IMAGE: "image",
    MessageType.DOCUMENT: "document",
    MessageType.AUDIO: "audio",
    MessageType.VIDEO: "video",
    MessageType.STICKER: "sticker",
}
_CAPTIONED = frozenset({MessageType.IMAGE, MessageType.DOCUMENT, MessageType.VIDEO})


def form(media: Media) -> tuple[str, bytes]:
    """Encode a file for Meta's /media: the boundary, and the multipart body."""
    boundary = f"hub-{media.id.hex}"
    name = "".join("_" if c in '"\\\r\n' else c for c in media.file_name)
    fields = f'--{boundary}\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n'
    fields += f'--{boundary}\r\nContent-Disposition: form-data; name="type"\r\n\r\n{media.mime_type}\r\n'
    fields += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    fields += f"Content-Type: {media.mime_type}\r\n\r\n"
    return boundary, fields.encode() + media.content + f"\r\n--{boundary}--\r\n".encode()


def message_body(message: Outgoing, uploaded: str | None = None) -> JsonObject:
    """Encode the whole body; `uploaded` is Meta's id of the file that was uploaded for it. Our own id travels as
    `biz_opaque_callback_data` and comes back in every receipt."""
    body = {
        "messaging_product": "whatsapp",
        **_recipient(message),
        **_content(_with_media(message.content, uploaded)),
        "biz_opaque_callback_data": str(message.message_id),
    }
    if message.reply_to and message.content.type is not MessageType.REACTION:
        body["context"] = {"message_id": message.reply_to}
    return body


def _with_media(content: Content, uploaded: str | None) -> Content:
    return replace(content, data={**content.data, "mediaId": uploaded}) if uploaded else content


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


def _content(content: Content) -> JsonObject:
    if content.type in _MEDIA:
        return _media(content)
    match content.type:
        case MessageType.TEXT:
            return {"type": "text", "text": {"body": content.text}}
        case MessageType.TEMPLATE:
            return {"type": "template", "template": _template(content.data)}
        case MessageType.REACTION:
            return {"type": "reaction", "reaction": {"message_id": _need(content, "messageId"), "emoji": content.text}}
        case MessageType.LOCATION:
            return {"type": "location", "location": _location(content)}
        case MessageType.CONTACTS:
            return {"type": "contacts", "contacts": _need(content, "contacts")}
        case MessageType.INTERACTIVE:
            return {"type": "interactive", "interactive": _interactive(content)}
    raise Unsupported("unsupported_content", f"Meta cannot send {content.type}")


def _need(content: Content, name: str) -> object:
    value = content.data.get(name)
    if value in (None, "", [], {}):
        raise Rejected("incomplete_content", f"{content.type} needs {name}")
    return value


def _media(content: Content) -> JsonObject:
    """Encode media by Meta's id if there is one, else by a link that Meta fetches."""
    part: JsonObject = {}
    if media_id := text(content.data.get("mediaId")):
        part["id"] = media_id
    elif (content.media_url or "").startswith(("https://", "http://")):
        part["link"] = content.media_url
    else:
        raise Rejected("incomplete_content", f"{content.type} needs an http link or mediaId")
    if content.text and content.type in _CAPTIONED:
        part["caption"] = content.text
    if content.type is MessageType.DOCUMENT and (name := text(content.data.get("fileName"))):
        part["filename"] = name
    if content.type is MessageType.AUDIO and content.data.get("voice") is True:
        part["voice"] = True
    kind = _MEDIA[content.type]
    return {"type": kind, kind: part}


def _template(given: Mapping[str, object]) -> JsonObject:
    """Encode a template `{name, language, components?}`; the language is a code or `{code}`."""
    name, language = text(given.get("name")), given.get("language")
    code = text(language) or text(obj(language).get("code"))
    if not name or not code:
        raise Rejected("incomplete_content", "TEMPLATE needs name and language")
    template: JsonObject = {"name": name, "language": {"code": code}}
    if components := items(given.get("components")):
        template["components"] = components
    return template


def _location(content: Content) -> JsonObject:
    place: JsonObject = {"latitude": _need(content, "latitude"), "longitude": _need(content, "longitude")}
    return place | {key: content.data[key] for key in ("name", "address") if content.data.get(key)}


def _interactive(content: Content) -> JsonObject:
    """Encode buttons or a list: `data` is Meta's own object as `interactive`, or `buttons` ({id, title}), or `button`
    and `sections`."""
    if whole := obj(content.data.get("interactive")):
        return whole
    if buttons := items(content.data.get("buttons")):
        replies = [{"type": "reply", "reply": {"id": obj(b).get("id"), "title": obj(b).get("title")}} for b in buttons]
        return {"type": "button", "body": {"text": content.text}, "action": {"buttons": replies}}
    if sections := items(content.data.get("sections")):
        action = {"button": text(content.data.get("button")), "sections": sections}
        return {"type": "list", "body": {"text": content.text}, "action": action}
    raise Rejected("incomplete_content", "INTERACTIVE needs interactive, buttons or sections")
